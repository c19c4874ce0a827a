#include "gptoss/checkpoint/convert_gguf.hpp"

#include <algorithm>

#include "catch.hpp"
#include "gptoss/checkpoint/gguf_weights.hpp"
#include "gptoss/checkpoint/write_gguf_config.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

TEST_CASE("convert: a GGUF file comes out as the gguf package wrote it, tensor by tensor",
          "[convert]") {
    const TempFolder folder;
    const Weights tiny = load_gguf(GPTOSS_GOLDEN_DIR "/tiny2.gguf");
    GgufKeyList keys;
    add_gguf_config(keys, tiny.config);
    const Conversion result =
        convert_to_gguf(tiny, keys, ExpertForm::mxfp4, folder / "m.gguf", nullptr);
    CHECK(result.n_rounded_to_bf16 == 0);
    const Gguf before = open_gguf(GPTOSS_GOLDEN_DIR "/tiny2.gguf");
    const Gguf after = open_gguf(folder / "m.gguf");
    CHECK(after.tensors.size() == before.tensors.size());
    for (const auto& [name, tensor] : before.tensors) {
        const TensorView& other = after.tensors.at(name);
        INFO(name);
        CHECK(tensor.dtype == other.dtype);
        CHECK(tensor.shape == other.shape);
        CHECK(std::equal(tensor.bytes, tensor.bytes + tensor.n_bytes, other.bytes));
    }
}

#include "gptoss/checkpoint/convert.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/convert_gguf.hpp"
#include "gptoss/checkpoint/gguf_weights.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/write_gguf_config.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

const std::string kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

Conversion to_folder(const Weights& w, Layout layout, const std::filesystem::path& dir) {
    std::filesystem::create_directories(dir);
    const bool is_openai = layout == Layout::openai;
    std::ofstream(dir / "config.json")
        << (is_openai ? openai_config_text(w.config) : hugging_face_config_text(w.config));
    return convert_to_safetensors(w, layout, dir / "model.safetensors", nullptr);
}

Conversion to_gguf(const Weights& w, ExpertForm form, const std::filesystem::path& path) {
    GgufKeyList keys;
    add_gguf_config(keys, w.config);
    return convert_to_gguf(w, keys, form, path, nullptr);
}

bool lost_nothing(const Conversion& result) {
    for (const RoundingError& error : result.of_layers) {
        if (error.sum_of_squared_errors != 0) return false;
    }
    return result.n_rounded_to_bf16 == 0;
}

}  // namespace

TEST_CASE("convert: from any layout to any other and back are the same bytes", "[convert]") {
    const TempFolder folder;
    const Weights nano = load_weights(kNano);
    CHECK(lost_nothing(to_folder(nano, Layout::hugging_face, folder / "hf")));
    const std::string hf = bytes_of(folder / "hf" / "model.safetensors");

    const std::filesystem::path gguf = folder / "nano.gguf";
    CHECK(lost_nothing(to_gguf(nano, ExpertForm::mxfp4, gguf)));
    const Weights from_gguf = load_weights(gguf);
    CHECK(from_gguf.config == nano.config);
    CHECK(lost_nothing(to_folder(from_gguf, Layout::hugging_face, folder / "again")));
    CHECK(bytes_of(folder / "again" / "model.safetensors") == hf);

    to_folder(from_gguf, Layout::openai, folder / "openai");
    const Weights from_openai = load_weights(folder / "openai");
    to_folder(from_openai, Layout::hugging_face, folder / "third");
    CHECK(bytes_of(folder / "third" / "model.safetensors") == hf);
    to_gguf(from_openai, ExpertForm::mxfp4, folder / "second.gguf");
    CHECK(Weights(load_weights(folder / "second.gguf")).layers.size() == nano.layers.size());
}

TEST_CASE("convert: nano's shipped file comes out tensor by tensor", "[convert]") {
    const TempFolder folder;
    to_folder(load_weights(kNano), Layout::hugging_face, folder / "hf");
    const Safetensors shipped = open_safetensors(kNano + "/model.safetensors");
    const Safetensors written = open_safetensors(folder / "hf" / "model.safetensors");
    CHECK(shipped.tensors.size() == written.tensors.size());
    for (const auto& [name, tensor] : shipped.tensors) {
        const TensorView& other = written.tensors.at(name);
        CHECK(tensor.dtype == other.dtype);
        CHECK(std::equal(tensor.bytes, tensor.bytes + tensor.n_bytes, other.bytes));
    }
}

TEST_CASE("convert: experts unpacked to BF16 and packed again are the same weights", "[convert]") {
    const TempFolder folder;
    const Weights nano = load_weights(kNano);
    CHECK(lost_nothing(to_folder(nano, Layout::hugging_face_bf16, folder / "bf16")));
    CHECK(lost_nothing(to_gguf(nano, ExpertForm::bf16, folder / "bf16.gguf")));
    for (const std::filesystem::path& path : {folder / "bf16", folder / "bf16.gguf"}) {
        const Weights unpacked = load_weights(path);
        CHECK(!unpacked.layers[0].mlp.down.is_mxfp4());
        const std::filesystem::path packed_path = folder / (path.filename().string() + "_packed");
        CHECK(lost_nothing(to_folder(unpacked, Layout::hugging_face, packed_path)));
        const Weights packed = load_weights(packed_path);
        for (std::size_t layer = 0; layer < nano.layers.size(); ++layer) {
            const ExpertStack& a = nano.layers[layer].mlp.gate_up;
            const ExpertStack& b = packed.layers[layer].mlp.gate_up;
            CHECK(expert_row(a, 3, 5) == expert_row(b, 3, 5));
            CHECK(expert_row(a, 15, 126) ==
                  expert_row(unpacked.layers[layer].mlp.gate_up, 15, 126));
        }
    }
}

TEST_CASE("convert: weights of Q8_0 are rounded to BF16, and counted", "[convert]") {
    const TempFolder folder;
    const Weights tiny = load_weights(GPTOSS_GOLDEN_DIR "/tiny2.gguf");
    const Conversion result = to_folder(tiny, Layout::hugging_face, folder / "hf");
    CHECK(result.n_rounded_to_bf16 == 2 * 4 + 2);  // q, k, v, out; embedding and unembedding
    CHECK(result.dense_error.relative() > 0);
    CHECK(result.dense_error.relative() < 1.0 / 256);
}

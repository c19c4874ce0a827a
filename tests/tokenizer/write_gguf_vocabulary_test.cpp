#include "gptoss/tokenizer/write_gguf_vocabulary.hpp"

#include <string>

#include "catch.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using namespace gptoss::format;

namespace {

const std::string kNano = GPTOSS_SOURCE_DIR "/examples/nano/model";

}  // namespace

TEST_CASE("gguf vocabulary: nano's, written and read back", "[gguf]") {
    const Tokenizer nano = load_tokenizer(kNano);
    const TempFolder folder;
    GgufKeyList keys;
    add_gguf_vocabulary(keys, nano.vocabulary, 1040);  // six rows more than there are tokens
    GgufWriter(folder / "m.gguf", keys, {}).finish();
    const Tokenizer read_back = load_tokenizer(folder / "m.gguf");
    CHECK(read_back.vocabulary.tokens == nano.vocabulary.tokens);
    CHECK(vocab_size(read_back.vocabulary) == vocab_size(nano.vocabulary));
    CHECK(special_id(read_back.vocabulary, "<|start|>") ==
          special_id(nano.vocabulary, "<|start|>"));
    CHECK(read_back.encode("What is 17 + 25?\n") == nano.encode("What is 17 + 25?\n"));
}

#include "gptoss/tokenizer/gguf_vocabulary.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/format/gguf_files.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "gptoss/tokenizer/write_gguf_vocabulary.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::tokenizer;

namespace {

// A file that holds keys alone.
Gguf file_with(const TempFolder& folder, const GgufKeyList& keys) {
    GgufWriter(folder / "m.gguf", keys, {}).finish();
    return open_gguf(folder / "m.gguf");
}

GgufKeyList keys_with(const std::string& model, const std::string& pre,
                      const std::vector<std::string>& tokens,
                      const std::vector<std::int32_t>& types) {
    GgufKeyList keys;
    keys.add_text("tokenizer.ggml.model", model);
    keys.add_text("tokenizer.ggml.pre", pre);
    keys.add_texts("tokenizer.ggml.tokens", tokens);
    keys.add_integers("tokenizer.ggml.token_type", types);
    return keys;
}

}  // namespace

TEST_CASE("gguf vocabulary: other kinds of tokenizers are refused", "[gguf][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "m.gguf").string();
    CHECK_THROWS_WITH(gguf_vocabulary(file_with(folder, keys_with("llama", "gpt-4o", {}, {}))),
                      path + ": tokenizer.ggml.model is \"llama\", expected \"gpt2\"");
    CHECK_THROWS_WITH(gguf_vocabulary(file_with(folder, keys_with("gpt2", "qwen2", {}, {}))),
                      path + ": tokenizer.ggml.pre is \"qwen2\", expected \"gpt-4o\"");
    CHECK_THROWS_WITH(
        gguf_vocabulary(file_with(folder, keys_with("gpt2", "gpt-4o", {"a", "b"}, {1}))),
        path + ": tokenizer.ggml.token_type has 1 entries, expected 2 (tokens)");
    CHECK_THROWS_WITH(
        gguf_vocabulary(file_with(folder, keys_with("gpt2", "gpt-4o", {"a", "b"}, {3, 1}))),
        path +
            ": tokenizer.ggml.token_type of id 1 is 1, expected 3, 4 or 5 behind the first "
            "special token");
    CHECK_THROWS_WITH(gguf_vocabulary(file_with(folder, {})),
                      path + ": has no tokenizer.ggml.model");
}

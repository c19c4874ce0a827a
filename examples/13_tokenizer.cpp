// Example 13: from text to token ids and back.  Read with docs/13-tokenizer.md.
// Try: write "Hello" in capitals. How many tokens is it, and why?
#include <cstdio>
#include <string>
#include <vector>

#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "gptoss/tokenizer/streaming_decoder.hpp"

void print_pieces(const gptoss::tokenizer::Tokenizer& tokenizer, const std::string& text) {
    for (const std::string_view piece : gptoss::tokenizer::split_pieces(text)) {
        std::printf("[%s]", std::string(piece).c_str());
        std::vector<std::int32_t> ids;
        gptoss::tokenizer::bpe_encode(tokenizer.vocabulary.ranks, piece, ids);
        for (const std::int32_t id : ids) {
            std::printf(" %d", id);
        }
        std::printf("\n");
    }
    std::printf("\n");
}

int main() {
    const gptoss::tokenizer::Tokenizer tokenizer =
        gptoss::tokenizer::load_tokenizer(GPTOSS_DATA_DIR "/o200k_base.tiktoken");

    print_pieces(tokenizer, "Hello, camelCase! It's 12345.");

    // A name in plain text is text; only who asks for it gets the special token.
    const std::string name = "<|start|>";
    std::printf("%s as text: %zu tokens, as a special token: %d\n\n", name.c_str(),
                tokenizer.encode(name).size(), tokenizer.encode_with_special(name)[0]);

    // A character may need several tokens: the stream waits until it is whole.
    gptoss::tokenizer::StreamingDecoder decoder{tokenizer.vocabulary};
    for (const std::int32_t id : tokenizer.encode("Go 🏀!")) {
        const std::string text = decoder.push(id);
        std::printf("%5d -> \"%s\", %zu bytes held\n", id, text.c_str(), decoder.held.size());
    }
}
// Expected output:
// [Hello] 13225
// [,] 11
// [ camel] 83330
// [Case] 6187
// [!] 0
// [ It's] 7744
// [ ] 220
// [123] 7633
// [45] 2548
// [.] 13
//
// <|start|> as text: 5 tokens, as a special token: 200006
//
// 11976 -> "Go", 0 bytes held
//  9552 -> " ", 2 bytes held
//   237 -> "", 3 bytes held
//   222 -> "🏀", 0 bytes held
//     0 -> "!", 0 bytes held

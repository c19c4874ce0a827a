// Streaming decoder: text as the ids arrive, never half a character.
//
//     id        bytes       push returns   held
//     9552      20 F0 9F    " "            F0 9F
//     237       8F          ""             F0 9F 8F
//     222       80          "🏀"
//
// Whatever the ids, the texts returned by push and finish, joined, are what Tokenizer::decode makes
// of all of them, and each is valid UTF-8. At most three bytes wait for the next token.
//
// Where    printing while the model generates.
// Errors   Error for an id that is not in the vocabulary.
// Pitfalls A character that never completes is only known at the end: call finish.
#pragma once
#include <cstdint>
#include <string>

#include "gptoss/tokenizer/utf8.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss::tokenizer {

struct StreamingDecoder {
    const Vocabulary& vocabulary;
    std::string held = {};  // the first bytes of a character that is not complete yet

    std::string push(std::int32_t id) {
        held += token_bytes(vocabulary, id);
        return take_decided_utf8(held);
    }

    // The end of the stream: bytes still held become one U+FFFD.
    std::string finish() {
        const std::string text = replace_invalid_utf8(held);
        held.clear();
        return text;
    }
};

}  // namespace gptoss::tokenizer

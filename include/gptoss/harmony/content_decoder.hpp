// The text of a message while its tokens arrive: whole characters only, damage made visible.
//
//     token          9552            "X"             "Y"        end
//     bytes          20 F0 9F        58              59
//     delta          " "             U+FFFD          "XY"       none
//     held           F0 9F           58              nothing
//
// Bytes that cannot be the beginning of a character are replaced by U+FFFD, one error per token; what
// is behind the error waits for the next token, so it is late but never lost. An id that is not in
// the vocabulary cannot be decoded, and neither can what follows it in the message.
//
// Where    harmony/parse.hpp, one per message. streaming_decoder.hpp does the same for plain text,
//          without waiting.
// Source   openai-harmony 0.0.8, src/encoding.rs: StreamableParser, process_next, its branches of
//          the content state. Rules d.3 of docs/harmony.md.
// Errors   none: every id leads to text.
// Pitfalls The deltas joined are the text only if nothing is held at the end: finish adds what is
//          left to the text, not to the delta.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/tokenizer/tokenizer.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::harmony {

struct ContentDecoder {
    const tokenizer::Tokenizer& tokenizer;
    std::string text = {};
    std::vector<std::int32_t> ids = {};     // of text, encoded again piece by piece
    std::optional<std::string> delta = {};  // what the last token added to text
    std::string held = {};                  // bytes that wait for the next token
    bool has_unknown_id = false;

    void push(std::int32_t id) {
        delta.reset();
        has_unknown_id = has_unknown_id || !tokenizer::is_token(tokenizer.vocabulary, id);
        if (has_unknown_id) return;
        held += tokenizer::token_bytes(tokenizer.vocabulary, id);

        const std::size_t n_valid = tokenizer::valid_utf8_size(held);
        append(std::string_view(held).substr(0, n_valid));
        held.erase(0, n_valid);
        if (held.empty()) return;
        const tokenizer::Utf8Char bad = tokenizer::read_utf8(held, 0);
        if (bad.state == tokenizer::Utf8State::incomplete) return;
        append(tokenizer::kReplacementUtf8);
        held.erase(0, std::size_t(bad.length));
    }

    // The end of the message; text and ids are then complete.
    void finish() {
        if (has_unknown_id) append(tokenizer::kReplacementUtf8);
        append(tokenizer::replace_invalid_utf8(held));
        delta.reset();
        held.clear();
        has_unknown_id = false;
    }

private:
    void append(std::string_view piece) {
        if (piece.empty()) return;
        text += piece;
        delta = delta.value_or("") + std::string(piece);
        const std::vector<std::int32_t> piece_ids = tokenizer.encode(piece);
        ids.insert(ids.end(), piece_ids.begin(), piece_ids.end());
    }
};

}  // namespace gptoss::harmony

// Token mask: before a token is chosen, the logits of all that cannot continue an allowed text become
// minus infinity.
//
//     allowed    a token of text whose bytes all lead on in the pattern; a stop id when the text
//                may end here; no other control token
//     mask       writes -infinity over the logits of all others
//     advance    after a token was chosen: reads its bytes
//
// Where    generate asks it before each sample (GenerateOptions::mask).
// Source   Willard and Louf 2023, Efficient Guided Generation for Large Language Models, section 3.
// Errors   Error if no token can continue, which a vocabulary with all 256 bytes excludes.
// Pitfalls A mask only says no: the model does not know what it may not say, and may be led where it has
//          nothing to say. Probabilities are those of what is left.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/core/view.hpp"
#include "gptoss/run/byte_pattern.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

namespace gptoss {

class TokenMask {
public:
    // The vocabulary must outlive it.
    TokenMask(const tokenizer::Vocabulary& vocabulary, BytePattern pattern,
              std::vector<std::int32_t> stop_ids)
        : vocabulary_(vocabulary),
          pattern_(std::move(pattern)),
          stop_ids_(std::move(stop_ids)),
          states_(pattern_.start()) {}
    TokenMask(const tokenizer::Vocabulary&&, BytePattern, std::vector<std::int32_t>) = delete;

    bool is_allowed(std::int32_t id) const {
        if (std::count(stop_ids_.begin(), stop_ids_.end(), id) != 0) return is_complete();
        if (id < 0 || std::size_t(id) >= vocabulary_.tokens.size()) return false;
        return !read(states_, vocabulary_.tokens[std::size_t(id)]).empty();
    }

    void mask(VectorView logits) const {
        int n_allowed = 0;
        for (int id = 0; id < logits.size; ++id) {
            if (is_allowed(id)) {
                ++n_allowed;
            } else {
                logits.data[id] = -std::numeric_limits<float>::infinity();
            }
        }
        if (n_allowed == 0)
            throw Error("mask: no token can continue the text, expected one or more");
    }

    void advance(std::int32_t id) {
        if (std::size_t(id) < vocabulary_.tokens.size()) {
            states_ = read(states_, vocabulary_.tokens[std::size_t(id)]);
        }
    }

    bool is_complete() const { return pattern_.is_complete(states_); }
    bool is_exhausted() const { return pattern_.is_exhausted(states_); }

private:
    StateSet read(StateSet states, std::string_view bytes) const {
        for (const char c : bytes) {
            states = pattern_.next(states, std::uint8_t(c));
            if (states.empty()) break;
        }
        return states;
    }

    const tokenizer::Vocabulary& vocabulary_;
    BytePattern pattern_;
    std::vector<std::int32_t> stop_ids_;
    StateSet states_;
};

}  // namespace gptoss

// Whether a pattern allows a text, and whether it could still become one.
#pragma once
#include <string_view>

#include "gptoss/run/byte_pattern.hpp"

namespace gptoss::test {

enum class Reading { refused, open, complete };

inline Reading read_text(const BytePattern& pattern, std::string_view text) {
    StateSet states = pattern.start();
    for (const char c : text) {
        states = pattern.next(states, std::uint8_t(c));
    }
    if (states.empty()) return Reading::refused;
    return pattern.is_complete(states) ? Reading::complete : Reading::open;
}

inline bool allows(const BytePattern& pattern, std::string_view text) {
    return read_text(pattern, text) == Reading::complete;
}

}  // namespace gptoss::test

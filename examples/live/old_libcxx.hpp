// What the library uses and the libc++ of emscripten 3.1.6 (Debian 12) lacks: std::bit_cast, and
// to_chars and from_chars of floating-point numbers. Included by that build only, in front of all
// else (em++ -include); a newer libc++ has its own, and then this is empty.
//
// Source   C++20, [bit.cast] and [charconv.to.chars]: the shortest text that reads back the same.
// Pitfalls strtod takes a locale's decimal point; the programs here never set a locale.
#pragma once
#include <version>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 14000
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

namespace std {

template <class To, class From>
constexpr To bit_cast(const From& from) noexcept {
    static_assert(sizeof(To) == sizeof(From));
    return __builtin_bit_cast(To, from);
}

inline to_chars_result to_chars(char* first, char* last, double value, chars_format) {
    char text[32];
    int n_chars = 0;
    for (int n_digits = 0; n_digits <= 17; ++n_digits) {
        n_chars = snprintf(text, sizeof text, "%.*e", n_digits, value);
        if (strtod(text, nullptr) == value) break;
    }
    if (n_chars > last - first) return {last, errc::value_too_large};
    memcpy(first, text, size_t(n_chars));
    return {first + n_chars, errc()};
}

inline to_chars_result to_chars(char* first, char* last, float value) {
    char text[32];
    int n_chars = 0;
    for (int n_digits = 1; n_digits <= 9; ++n_digits) {
        n_chars = snprintf(text, sizeof text, "%.*g", n_digits, double(value));
        if (strtof(text, nullptr) == value) break;
    }
    if (n_chars > last - first) return {last, errc::value_too_large};
    memcpy(first, text, size_t(n_chars));
    return {first + n_chars, errc()};
}

inline from_chars_result from_chars(const char* first, const char* last, double& value) {
    const string text(first, last);
    char* end = nullptr;
    value = strtod(text.c_str(), &end);
    if (end == text.c_str()) return {first, errc::invalid_argument};
    return {first + (end - text.c_str()), errc()};
}

}  // namespace std
#endif

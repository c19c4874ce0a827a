// JSON values as compact text, exactly as the schema renderer's own library writes them.
//
//     {"k": [1, 2.50, 1e3, null]}   ->   {"k":[1,2.5,1000.0,null]}
//
//     number         written
//     integer        its digits
//     float          the shortest digits that read back as the same double, with a decimal point
//                    while it has at most 16 digits before the point or 5 zeros behind it; beyond
//                    that with an exponent: 1e16, 1.5e-7
//
// Where    defaults in json_schema_text.hpp; there one character more is one token more.
// Source   serde_json, src/ser.rs (CompactFormatter), and ryu, src/pretty/mod.rs (format64).
// Errors   none; bytes that are not UTF-8 become U+FFFD.
// Pitfalls A float stays a float: 1.0 is not 1. Most writers put other exponents: 1e+16, 1.5e-07.
#pragma once
#include <charconv>
#include <cmath>
#include <string>

#include "gptoss/format/json.hpp"

namespace gptoss::harmony {

// "-0.0125" -> digits "125", point -1: 0.125 times 10 to the power of point.
struct DecimalDigits {
    bool is_negative;
    std::string digits;
    int point;
};

inline DecimalDigits shortest_digits(double number) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific);
    std::string written(text, end.ptr);  // -1.25e-02
    DecimalDigits decimal{written[0] == '-', {}, 0};
    const std::size_t exponent_at = written.find('e');
    for (const char c : written.substr(0, exponent_at)) {
        if (c >= '0' && c <= '9') decimal.digits += c;
    }
    decimal.point = std::stoi(written.substr(exponent_at + 1)) + 1;
    return decimal;
}

inline std::string float_text(double number) {
    if (number == 0) return std::signbit(number) ? "-0.0" : "0.0";
    const DecimalDigits decimal = shortest_digits(number);
    const std::string& digits = decimal.digits;
    const int n_digits = int(digits.size());
    const int point = decimal.point;
    const std::string sign = decimal.is_negative ? "-" : "";

    if (n_digits <= point && point <= 16) {
        return sign + digits + std::string(std::size_t(point - n_digits), '0') + ".0";
    }
    if (0 < point && point <= 16) {
        return sign + digits.substr(0, std::size_t(point)) + "." +
               digits.substr(std::size_t(point));
    }
    if (-5 < point && point <= 0) {
        return sign + "0." + std::string(std::size_t(-point), '0') + digits;
    }
    const std::string fraction = n_digits > 1 ? "." + digits.substr(1) : "";
    return sign + digits[0] + fraction + "e" + std::to_string(point - 1);
}

inline std::string json_text(const format::OrderedJson& value) {
    const auto string_text = [](const std::string& text) {
        return format::OrderedJson(text).dump(-1, ' ', false,
                                              format::OrderedJson::error_handler_t::replace);
    };
    if (value.is_string()) return string_text(value.get_ref<const std::string&>());
    if (value.is_number_float()) return float_text(value.get<double>());
    if (!value.is_structured()) return value.dump();

    std::string members;
    for (const auto& [key, member] : value.items()) {
        if (!members.empty()) members += ",";
        if (value.is_object()) members += string_text(key) + ":";
        members += json_text(member);
    }
    return value.is_object() ? "{" + members + "}" : "[" + members + "]";
}

}  // namespace gptoss::harmony

// JSON as our files need it: any mistake is a one-line Error, and a key twice is a mistake.
//
// Most parsers silently keep one of two equal keys; a checkpoint header or a config with two is
// damaged or hostile, and safetensors forbids it. So is a value inside 128 others: a function that
// calls itself for each level could not follow a thousand times deeper.
//
// Source   RFC 8259, sections 4 (names within an object SHOULD be unique), 8.1 (UTF-8) and 9 (an
//          implementation may set limits on the maximum depth of nesting).
// Errors   Error, naming the file (or what the caller calls it), and the key or byte offset.
#pragma once
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/file_kind.hpp"

namespace gptoss::format {

// A string from outside, fit for an error message: in quotes, with control characters escaped.
inline std::string quoted(const std::string& text) {
    const auto replace_bad_utf8 = nlohmann::json::error_handler_t::replace;
    return nlohmann::json(text).dump(-1, ' ', false, replace_bad_utf8);
}

// JSON whose objects keep the order in which their keys were written.
using OrderedJson = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 128;

// Follows a parse and refuses the second of two equal keys in one object, and endless nesting.
template <class Json>
class StrictParse {
public:
    explicit StrictParse(std::string where) : where_(std::move(where)) {}

    bool operator()(int depth, typename Json::parse_event_t event, Json& parsed) {
        using Event = typename Json::parse_event_t;
        if (depth > kMaxJsonDepth) {
            throw Error(where_ + ": nested deeper than " + std::to_string(kMaxJsonDepth));
        }
        if (event == Event::object_start) keys_of_open_objects_.emplace_back();
        if (event == Event::object_end) keys_of_open_objects_.pop_back();
        if (event == Event::key) {
            const std::string& key = parsed.template get_ref<const std::string&>();
            const bool is_new = keys_of_open_objects_.back().insert(key).second;
            if (!is_new) throw Error(where_ + ": key " + quoted(key) + " occurs twice");
        }
        return true;  // keep what was parsed
    }

private:
    std::string where_;
    std::vector<std::set<std::string>> keys_of_open_objects_;
};

template <class Json>
Json parse_strict_json(const std::string& where, std::string_view text) {
    StrictParse<Json> strict_parse(where);
    try {
        return Json::parse(text.begin(), text.end(), std::ref(strict_parse));
    } catch (const nlohmann::json::parse_error& error) {
        throw Error(where + ": not valid JSON (at byte " + std::to_string(error.byte) + ")");
    } catch (const nlohmann::json::exception&) {
        throw Error(where + ": not valid JSON (a number out of range)");
    }
}

// where names the text in errors: a path, or a path and a part of the file.
inline nlohmann::json parse_json(const std::string& where, std::string_view text) {
    return parse_strict_json<nlohmann::json>(where, text);
}

inline OrderedJson parse_ordered_json(const std::string& where, std::string_view text) {
    return parse_strict_json<OrderedJson>(where, text);
}

inline std::string read_text_file(const std::filesystem::path& path) {
    std::error_code problem;
    const auto status = std::filesystem::status(path, problem);
    if (is_character_file(status) || is_block_file(status)) {  // may have no end
        throw Error(path.string() + ": is a device, expected a file");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file || is_directory(status)) throw Error(path.string() + ": cannot be opened");
    return {std::istreambuf_iterator<char>(file), {}};
}

// A file that is to hold JSON; what else it may be is named.
inline std::string read_json_text(const std::filesystem::path& path) {
    const std::string text = read_text_file(path);
    require_no_foreign_kind(path.string(), text);
    return text;
}

inline nlohmann::json read_json_file(const std::filesystem::path& path) {
    return parse_json(path.string(), read_json_text(path));
}

inline OrderedJson read_ordered_json_file(const std::filesystem::path& path) {
    return parse_ordered_json(path.string(), read_json_text(path));
}

}  // namespace gptoss::format

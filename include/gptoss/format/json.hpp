// JSON as our files need it: any mistake is a one-line Error, and a key twice is a mistake.
//
// Most parsers silently keep one of two equal keys; a checkpoint header or a config with two is
// damaged or hostile, and safetensors forbids it.
//
// Source   RFC 8259, sections 4 (names within an object SHOULD be unique) and 8.1 (UTF-8).
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
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss {

// A string from outside, fit for an error message: in quotes, with control characters escaped.
inline std::string quoted(const std::string& text) {
    const auto replace_bad_utf8 = nlohmann::json::error_handler_t::replace;
    return nlohmann::json(text).dump(-1, ' ', false, replace_bad_utf8);
}

// Follows a parse and refuses the second of two equal keys in one object.
class UniqueKeys {
public:
    explicit UniqueKeys(std::string where) : where_(std::move(where)) {}

    bool operator()(int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
        using Event = nlohmann::json::parse_event_t;
        if (event == Event::object_start) keys_of_open_objects_.emplace_back();
        if (event == Event::object_end) keys_of_open_objects_.pop_back();
        if (event == Event::key) {
            const std::string& key = parsed.get_ref<const std::string&>();
            const bool is_new = keys_of_open_objects_.back().insert(key).second;
            if (!is_new) throw Error(where_ + ": key " + quoted(key) + " occurs twice");
        }
        return true;  // keep what was parsed
    }

private:
    std::string where_;
    std::vector<std::set<std::string>> keys_of_open_objects_;
};

// where names the text in errors: a path, or a path and a part of the file.
inline nlohmann::json parse_json(const std::string& where, std::string_view text) {
    UniqueKeys unique_keys(where);
    try {
        return nlohmann::json::parse(text.begin(), text.end(), std::ref(unique_keys));
    } catch (const nlohmann::json::parse_error& error) {
        throw Error(where + ": not valid JSON (at byte " + std::to_string(error.byte) + ")");
    } catch (const nlohmann::json::exception&) {
        throw Error(where + ": not valid JSON (a number out of range)");
    }
}

inline nlohmann::json read_json_file(const std::filesystem::path& path) {
    const std::string name = path.string();
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path)) throw Error(name + ": cannot be opened");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return parse_json(name, text);
}

}  // namespace gptoss

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
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/file_kind.hpp"
#include "gptoss/format/text_file.hpp"

namespace gptoss::format {

// A string from outside, fit for an error message: in quotes, with control characters escaped.
inline std::string quoted(const std::string& text) {
    const auto replace_bad_utf8 = nlohmann::json::error_handler_t::replace;
    return nlohmann::json(text).dump(-1, ' ', false, replace_bad_utf8);
}

// JSON whose objects keep the order in which their keys were written.
using OrderedJson = nlohmann::ordered_json;

// A member whose name the object does not have yet: object[name] would look through all others.
inline void append_member(OrderedJson& object, std::string name, OrderedJson value) {
    object.get_ref<OrderedJson::object_t&>().emplace_back(std::move(name), std::move(value));
}

inline constexpr int kMaxJsonDepth = 128;

// What nlohmann's parser finds, one call per piece, becomes a value here. What an object or a list
// holds is moved into it once, at its end. (nlohmann's parser with a callback searches the whole list
// at the end of each object in it: half a minute for a megabyte of "{},".)
template <class Json>
class StrictJsonHandler {
public:
    StrictJsonHandler(const std::string& where, const char* left_out)
        : where_(where), left_out_(left_out) {}

    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(std::int64_t value) { return add(value); }
    bool number_unsigned(std::uint64_t value) { return add(value); }
    bool number_float(double value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(nlohmann::json::binary_t&) { return false; }  // not in a text

    bool start_object(std::size_t) { return open(); }
    bool key(std::string& name) {
        if (!open_.back().names.insert(name).second) {
            throw Error(where_ + ": key " + format::quoted(name) + " occurs twice");
        }
        if (open_.size() == 2 && left_out_ != nullptr && name == left_out_) is_left_out_ = true;
        if (!is_left_out_) open_.back().members.emplace_back(std::move(name), nullptr);
        return true;
    }
    bool end_object() {
        typename Json::object_t object;
        if constexpr (requires { object.reserve(1); }) {
            object.reserve(open_.back().members.size());
            for (auto& [name, value] : open_.back().members) {
                object.emplace_back(std::move(name), std::move(value));  // emplace would search
            }
        } else {
            for (auto& [name, value] : open_.back().members) {
                object.emplace(std::move(name), std::move(value));
            }
        }
        open_.pop_back();
        return add(std::move(object));
    }

    bool start_array(std::size_t) { return open(); }
    bool end_array() {
        typename Json::array_t array = std::move(open_.back().elements);
        open_.pop_back();
        return add(std::move(array));
    }

    bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& error) {
        const bool is_syntax = dynamic_cast<const nlohmann::json::parse_error*>(&error) != nullptr;
        throw Error(where_ + ": not valid JSON (" +
                    (is_syntax ? "at byte " + std::to_string(byte) : "a number out of range") +
                    ")");
    }

    Json take() { return std::move(root_); }

private:
    // An object or a list whose end has not come.
    struct Open {
        std::vector<std::pair<std::string, Json>> members;
        std::set<std::string> names;
        typename Json::array_t elements;
    };

    bool open() {
        require_depth();
        open_.emplace_back();
        return true;
    }
    template <class Value>
    bool add(Value&& value) {
        require_depth();
        if (is_left_out_) {
            if (open_.size() == 2) is_left_out_ = false;  // here it ends
        } else if (open_.empty()) {
            root_ = std::forward<Value>(value);
        } else if (!open_.back().members.empty()) {  // a list has none
            open_.back().members.back().second = std::forward<Value>(value);
        } else {
            open_.back().elements.emplace_back(std::forward<Value>(value));
        }
        return true;
    }
    void require_depth() const {
        if (open_.size() <= std::size_t(kMaxJsonDepth)) return;
        throw Error(where_ + ": nested deeper than " + std::to_string(kMaxJsonDepth));
    }

    const std::string& where_;
    const char* left_out_;
    bool is_left_out_ = false;  // what comes
    std::vector<Open> open_;
    Json root_;
};

template <class Json>
Json parse_strict_json(const std::string& where, std::string_view text, const char* left_out) {
    StrictJsonHandler<Json> handler(where, left_out);
    Json::sax_parse(text.begin(), text.end(), &handler);
    const std::size_t end = text.find('\0');  // for nlohmann's lexer, whatever is behind it
    if (end != std::string_view::npos) {
        throw Error(where + ": not valid JSON (at byte " + std::to_string(end + 1) + ")");
    }
    return handler.take();
}

// where names the text in errors: a path, or a path and a part of the file. left_out is a key: objects
// of the outermost object are kept without it, but what it holds is checked as everything is.
inline nlohmann::json parse_json(const std::string& where, std::string_view text,
                                 const char* left_out = nullptr) {
    return parse_strict_json<nlohmann::json>(where, text, left_out);
}

inline OrderedJson parse_ordered_json(const std::string& where, std::string_view text) {
    return parse_strict_json<OrderedJson>(where, text, nullptr);
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

// JsonObject: an object of a config file whose members are read one by one, each with its error.
//
//     in.integer("head_dim")          must be there
//     in.integer("head_dim", 64)      absent means 64, and notes says so
//
// A member that is null is not absent: Hugging Face refuses it where a number is meant, and so does
// this. A whole number may stand for a float, in whatever way it is written.
//
// Errors   Error, naming the file, the key, what it is and what was expected.
#pragma once
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::format {

// What a reader of a config may want to know beside its numbers.
struct ConfigNotes {
    std::map<std::string, std::string> defaults;  // absent key -> the value that was taken
    std::vector<std::string> remarks;             // one line each
};

struct JsonObject {
    std::string where;  // "DIR/config.json", or "DIR/config.json: rope_scaling"
    const nlohmann::json& json;
    ConfigNotes* notes = nullptr;

    bool has(const char* key) const { return json.contains(key); }
    bool has_value(const char* key) const { return has(key) && !json[key].is_null(); }

    const nlohmann::json& at(const char* key) const {
        if (!json.contains(key)) throw Error(where + ": has no " + key);
        return json[key];
    }
    [[noreturn]] void refuse(const std::string& key, const std::string& expected) const {
        throw Error(where + ": " + key + " is " + json[key].dump() + ", expected " + expected);
    }
    void remark(const std::string& text) const {
        if (notes != nullptr) notes->remarks.push_back(text);
    }
    void note_default(const std::string& key, const nlohmann::json& value) const {
        if (notes != nullptr) notes->defaults[key] = value.dump();
    }

    int integer(const char* key) const { return integer_of(key, at(key)); }
    int integer(const char* key, int otherwise) const {
        if (has(key)) return integer(key);
        note_default(key, otherwise);
        return otherwise;
    }
    // value is that of key, or of a list behind it.
    int integer_of(const char* key, const nlohmann::json& value) const {
        const int largest = std::numeric_limits<int>::max();
        const double number = value.is_number_integer() ? value.get<double>() : -1.0;
        const bool fits = number >= 0 && number <= largest;
        if (!fits) refuse(key, "an integer from 0 to " + std::to_string(largest));
        return value.get<int>();
    }

    double number(const char* key) const {
        const nlohmann::json& value = at(key);
        if (!value.is_number()) refuse(key, "a number");
        const double number = value.get<double>();
        if (!std::isfinite(float(number))) refuse(key, "a number that fits a float");
        return number;
    }
    double number(const char* key, double otherwise) const {
        if (has(key)) return number(key);
        note_default(key, otherwise);
        return otherwise;
    }

    bool flag(const char* key, bool otherwise) const {
        if (!has(key)) return otherwise;
        if (!json[key].is_boolean()) refuse(key, "true or false");
        return json[key].get<bool>();
    }
    JsonObject object(const char* key) const {
        if (!at(key).is_object()) refuse(key, "an object");
        return {where + ": " + key, json[key], notes};
    }
};

}  // namespace gptoss::format

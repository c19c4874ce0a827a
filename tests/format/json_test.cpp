#include "gptoss/format/json.hpp"

#include "catch.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

TEST_CASE("json: what is read", "[json]") {
    const nlohmann::json json = parse_json("x.json", R"({"a": [1, {"b": 2}], "c": {"b": 3}})");
    CHECK(json["a"][1]["b"] == 2);
    CHECK(json["c"]["b"] == 3);  // the same key in another object is another key
}

TEST_CASE("json: text from outside is quoted for an error message", "[json]") {
    CHECK(quoted("a\"b\n") == R"("a\"b\n")");
    CHECK(quoted("\xff") == "\"\xef\xbf\xbd\"");
}

TEST_CASE("json: a key twice in one object is refused at any depth", "[json][errors]") {
    CHECK_THROWS_WITH(parse_json("x.json", R"({"a": 1, "a": 1})"),
                      R"(x.json: key "a" occurs twice)");
    CHECK_THROWS_WITH(parse_json("x.json", R"([{"a": {"b": 1, "c": {}, "b": 1}}])"),
                      R"(x.json: key "b" occurs twice)");
    CHECK_THROWS_WITH(parse_json("x.json", R"({"a": 1, "\u0061": 1})"),
                      R"(x.json: key "a" occurs twice)");
}

TEST_CASE("json: a mistake is one line with its place", "[json][errors]") {
    CHECK_THROWS_WITH(parse_json("x.json", "{\"a\":\n?}"), "x.json: not valid JSON (at byte 7)");
    CHECK_THROWS_WITH(parse_json("x.json", "[1e999]"),
                      "x.json: not valid JSON (a number out of range)");
    CHECK_THROWS_WITH(read_json_file("/missing/x.json"), "/missing/x.json: cannot be opened");
}

TEST_CASE("json: a device without an end is not read", "[json][errors]") {
    CHECK_THROWS_WITH(read_json_file("/dev/zero"), "/dev/zero: is a device, expected a file");
}

TEST_CASE("json: a hundred thousand open brackets end in an Error", "[json][errors]") {
    CHECK_THROWS_AS(parse_json("x.json", std::string(100'000, '[')), Error);
}

TEST_CASE("json: objects in the order of their text, where that matters", "[json]") {
    const OrderedJson json = parse_ordered_json("x.json", R"({"z": 1, "a": {"y": 2, "b": 3}})");
    CHECK(json.dump() == R"({"z":1,"a":{"y":2,"b":3}})");
    CHECK_THROWS_WITH(parse_ordered_json("x.json", R"({"a": 1, "a": 1})"),
                      R"(x.json: key "a" occurs twice)");
    CHECK_THROWS_WITH(read_ordered_json_file("/missing/x.json"),
                      "/missing/x.json: cannot be opened");
}

TEST_CASE("json: nesting has a limit that recursion can follow", "[json][errors]") {
    const auto nested = [](int depth) {
        return std::string(std::size_t(depth), '[') + std::string(std::size_t(depth), ']');
    };
    CHECK_NOTHROW(parse_json("x.json", nested(kMaxJsonDepth)));
    CHECK_THROWS_WITH(parse_json("x.json", nested(100'000)), "x.json: nested deeper than 128");
}

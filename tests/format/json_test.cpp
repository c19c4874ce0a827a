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

TEST_CASE("json: a key twice is seen behind any list of objects, and only there",
          "[json][errors]") {
    CHECK_THROWS_WITH(parse_json("x.json", R"({"vocab": 1, "merges": [{}], "vocab": 2})"),
                      R"(x.json: key "vocab" occurs twice)");
    CHECK_THROWS_WITH(parse_ordered_json("x.json", R"({"a": {"b": 1, "c": [[{}]], "b": 2}})"),
                      R"(x.json: key "b" occurs twice)");
    CHECK_THROWS_WITH(parse_json("x.json", R"({"": 1, "": 2})"), R"(x.json: key "" occurs twice)");
    const nlohmann::json json = parse_json("x.json", R"({"merges": [{"vocab": 1}], "vocab": 2})");
    CHECK(json["merges"][0]["vocab"] == 1);
    CHECK(json["vocab"] == 2);
}

TEST_CASE("json: a member left out of the objects in the outermost is checked all the same",
          "[json]") {
    const std::string text =
        R"({"merges": 1, "model": {"a": 1, "merges": [{"a": {}}, 5, {}], "b": {"merges": 2}}})";
    const nlohmann::json json = parse_json("x.json", text, "merges");
    CHECK(json.dump() == R"({"merges":1,"model":{"a":1,"b":{"merges":2}}})");
    CHECK_THROWS_WITH(parse_json("x.json", R"({"m": {"v": 1, "merges": [{}], "v": 2}})", "merges"),
                      R"(x.json: key "v" occurs twice)");
    CHECK_THROWS_WITH(parse_json("x.json", R"({"m": {"merges": 1, "merges": 2}})", "merges"),
                      R"(x.json: key "merges" occurs twice)");
    CHECK_THROWS_WITH(parse_json("x.json", R"({"m": {"merges": {"b": 1, "b": 2}}})", "merges"),
                      R"(x.json: key "b" occurs twice)");
}

TEST_CASE("json: every kind of value, in objects, in lists and alone", "[json]") {
    const std::string text =
        R"({"a":[null,true,-3,18446744073709551615,2.5,"é\n",[],{}],"b":{"c":{}},"d":""})";
    CHECK(parse_json("x.json", text) == nlohmann::json::parse(text));
    CHECK(parse_json("x.json", text).dump() == text);
    CHECK(parse_ordered_json("x.json", text).dump() == text);
    for (const char* alone : {"null", "false", "-1", "0.5", "\"x\"", "[]", "{}"}) {
        CHECK(parse_json("x.json", alone).dump() == alone);
    }
}

TEST_CASE("json: a mistake is one line with its place", "[json][errors]") {
    CHECK_THROWS_WITH(parse_json("x.json", "{\"a\":\n?}"), "x.json: not valid JSON (at byte 7)");
    CHECK_THROWS_WITH(parse_json("x.json", "[1e999]"),
                      "x.json: not valid JSON (a number out of range)");
    CHECK_THROWS_WITH(read_json_file("/missing/x.json"), "/missing/x.json: cannot be opened");
    const std::string with_more = std::string("{}\0{", 4);  // is no end of the text
    CHECK_THROWS_WITH(parse_json("x.json", with_more), "x.json: not valid JSON (at byte 3)");
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

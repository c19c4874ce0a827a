#include "gptoss/run/json_pattern.hpp"

#include "catch.hpp"
#include "pattern_text.hpp"

using namespace gptoss;
using namespace gptoss::test;

namespace {

BytePattern pattern_of(const char* schema) {
    return JsonPattern(SchemaJson::parse(schema)).pattern;
}

}  // namespace

TEST_CASE("json_pattern: an object's properties come in order, optional ones may be missing",
          "[json_pattern]") {
    const BytePattern pattern = pattern_of(R"({"type": "object", "required": ["b"], "properties": {
        "a": {"type": "integer"}, "b": {"type": "boolean"}, "c": {"type": "null"}}})");
    CHECK(allows(pattern, R"({"a":1,"b":true,"c":null})"));
    CHECK(allows(pattern, R"({"a": 1, "b": false})"));
    CHECK(allows(pattern, R"({"b":true})"));
    CHECK(allows(pattern, R"({"b":true,"c":null})"));
    for (const char* text :
         {R"({})", R"({"a":1})", R"({"b":true,"a":1})", R"({"b":true,})", R"({,"b":true})",
          R"({"b":1})", R"({"b":true,"d":1})", R"({"b":true}})", R"( {"b":true})",
          R"({"b":true,"c":null,"c":null})"}) {
        CAPTURE(text);
        CHECK_FALSE(allows(pattern, text));
    }
}

TEST_CASE("json_pattern: an object without properties, and one whose are all optional",
          "[json_pattern]") {
    CHECK(allows(pattern_of(R"({"type": "object"})"), "{}"));
    const BytePattern optional =
        pattern_of(R"({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}})");
    for (const char* text : {"{}", R"({"a":1})", R"({"b":2})", R"({"a":1,"b":2})"}) {
        CAPTURE(text);
        CHECK(allows(optional, text));
    }
    CHECK_FALSE(allows(optional, R"({"b":2,"a":1})"));
}

TEST_CASE("json_pattern: arrays have as many items as they should", "[json_pattern]") {
    const BytePattern any = pattern_of(R"({"type": "array", "items": {"type": "integer"}})");
    const BytePattern some = pattern_of(
        R"({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3})");
    CHECK(allows(any, "[]"));
    CHECK(allows(any, "[1, 2,3,4]"));
    CHECK_FALSE(allows(any, "[1,]"));
    CHECK_FALSE(allows(some, "[1]"));
    CHECK(allows(some, "[1,2]"));
    CHECK(allows(some, "[1,2,3]"));
    CHECK_FALSE(allows(some, "[1,2,3,4]"));
    CHECK(
        allows(pattern_of(R"({"type": "array", "items": {"type": "null"}, "maxItems": 0})"), "[]"));
}

TEST_CASE("json_pattern: enum, const and anyOf, of any values", "[json_pattern]") {
    const BytePattern pattern = pattern_of(
        R"({"anyOf": [{"enum": ["sun", 3, [1]]}, {"const": {"a": "é"}}, {"type": "null"}]})");
    for (const char* text : {R"("sun")", "3", "[1]", R"({"a":"é"})", "null"}) {
        CAPTURE(text);
        CHECK(allows(pattern, text));
    }
    CHECK_FALSE(allows(pattern, R"("rain")"));
}

TEST_CASE("json_pattern: names with a quote are escaped", "[json_pattern]") {
    const BytePattern pattern =
        pattern_of(R"({"type": "object", "properties": {"a\"b": {"const": 1}}})");
    CHECK(allows(pattern, R"({"a\"b":1})"));
}

TEST_CASE("json_pattern: what it cannot hold is refused by name and place",
          "[json_pattern][errors]") {
    const auto refused = [](const char* schema, const char* expected) {
        CHECK_THROWS_WITH(pattern_of(schema), expected);
    };
    refused(R"({"type": "integer", "minimum": 3})",
            "schema: has the keyword minimum, which is not supported");
    refused(R"({"type": "object", "properties": {"a": {"$ref": "#"}}})",
            "schema.a: has the keyword $ref, which is not supported");
    refused(R"({"type": "array", "items": {"type": "strnig"}})",
            "schema.items: has no type, enum, const or anyOf, expected one of them");
    refused(R"({"type": "object", "required": ["x"]})",
            "schema: requires \"x\", which is not in properties");
    refused(R"({"type": "array"})", "schema: has no items, expected a schema");
    refused(R"({"type": "string", "maxLength": 5000})",
            "schema: maxLength is 5000, expected 0 to 1000");
    refused(R"({"anyOf": [{"enum": []}]})", "schema.anyOf[0]: enum is no list of values");
    refused("[]", "schema: is no object, expected a schema");
}

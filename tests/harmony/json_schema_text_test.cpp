#include "gptoss/harmony/json_schema_text.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

namespace {

std::string text_of_schema(const std::string& json) {
    return schema_text(parse_ordered_json("schema", json), "");
}

// The property p of an object, alone.
std::string property(const std::string& json) {
    const std::string text =
        text_of_schema(R"({"type": "object", "properties": {"p": )" + json + "}}");
    return text.substr(2, text.size() - 3);  // without "{\n" and "}"
}

}  // namespace

TEST_CASE("json_schema_text: an object with a required and an optional property", "[schema]") {
    const char* schema = R"({"type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "A place"},
        "units": {"type": "string", "enum": ["C", "F"], "default": "C"}}})";
    CHECK(text_of_schema(schema) ==
          "{\n"
          "// A place\n"
          "city: string,\n"
          "units?: \"C\" | \"F\", // default: C\n"
          "}");
}

// --- Types ------------------------------------------------------------------------------------

TEST_CASE("json_schema_text: c.7.1 oneOf prints a variant per line, with comments", "[schema]") {
    const char* schema = R"({"type": "array", "items": {"oneOf": [
        {"type": "string", "description": "a", "default": "x"},
        {"type": "string", "enum": ["q\""], "default": "q\""},
        {"type": "number", "nullable": true},
        {"type": ["null", "string"], "nullable": true}]}})";
    CHECK(text_of_schema(schema) ==
          "\n | string // a default: \"x\""
          "\n | \"q\"\" // default: \"q\\\"\""  // here the choice of an enum is JSON
          "\n | number | null"
          "\n | null | string[]");
    CHECK(text_of_schema(R"({"oneOf": [], "type": "string"})") == "");
    CHECK(text_of_schema(R"({"oneOf": 1, "type": "string"})") == "string");
}

TEST_CASE("json_schema_text: c.7.2 a list of types is joined, integer becomes number", "[schema]") {
    CHECK(text_of_schema(R"({"type": ["integer", "null", "array"]})") == "number | null | array");
    CHECK(text_of_schema(R"({"type": ["string"], "enum": ["a"], "items": {}})") == "string");
    CHECK(text_of_schema(R"({"type": [1, "string"]})") == "string");
    CHECK(text_of_schema(R"({"type": [1]})") == "any");
    CHECK(text_of_schema(R"({"type": []})") == "any");
}

TEST_CASE("json_schema_text: c.7.3 an object without properties is two braces", "[schema]") {
    CHECK(text_of_schema(R"({"type": "object"})") == "{\n}");
    CHECK(text_of_schema(R"({"type": "object", "properties": [1]})") == "{\n}");
    CHECK(text_of_schema(R"({"type": "object", "description": "d"})") == "// d\n{\n}");
    CHECK(text_of_schema(R"({"type": "object", "description": 5})") == "{\n}");
}

TEST_CASE("json_schema_text: c.7.4 an enum prints its strings, unescaped", "[schema]") {
    CHECK(text_of_schema(R"({"type": "string"})") == "string");
    CHECK(text_of_schema(R"({"type": "string", "enum": ["a", 1, "b\"c"]})") == R"("a" | "b"c")");
    CHECK(text_of_schema(R"({"type": "string", "enum": [1]})") == "string");
    CHECK(text_of_schema(R"({"type": "string", "enum": []})") == "string");
}

TEST_CASE("json_schema_text: c.7.5 numbers, integers and booleans", "[schema]") {
    CHECK(text_of_schema(R"({"type": "number", "enum": [1, 2]})") == "number");
    CHECK(text_of_schema(R"({"type": "integer"})") == "number");
    CHECK(text_of_schema(R"({"type": "boolean"})") == "boolean");
}

TEST_CASE("json_schema_text: c.7.6 an array puts brackets behind its items", "[schema]") {
    CHECK(text_of_schema(R"({"type": "array"})") == "Array<any>");
    CHECK(text_of_schema(R"({"type": "array", "items": {"type": "string"}})") == "string[]");
    CHECK(text_of_schema(R"({"type": "array", "items": {"type": "array"}})") == "Array<any>[]");
    CHECK(text_of_schema(R"({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}})") ==
          R"("a" | "b"[])");
    CHECK(text_of_schema(R"({"type": "array", "items": null})") == "any[]");
}

TEST_CASE("json_schema_text: c.7.7 everything else is any", "[schema]") {
    for (const char* schema :
         {"{}", "3", "null", R"({"type": "null"})", R"({"type": "weird"})", R"({"enum": ["a"]})",
          R"({"anyOf": [{"type": "string"}]})", R"({"$ref": "#/x"})", R"({"const": 1})",
          R"({"type": 5})", R"(["string"])"}) {
        CAPTURE(schema);
        CHECK(text_of_schema(schema) == "any");
    }
}

// --- Properties -------------------------------------------------------------------------------

TEST_CASE("json_schema_text: c.7.8 a property that is not required has a question mark",
          "[schema]") {
    CHECK(text_of_schema(R"({"type": "object", "required": ["b", 1],
                             "properties": {"a": {}, "b": {}}})") == "{\na?: any,\nb: any,\n}");
    CHECK(text_of_schema(R"({"type": "object", "required": "b", "properties": {"b": {}}})") ==
          "{\nb?: any,\n}");
}

TEST_CASE("json_schema_text: c.7.9 a title stands above, with an empty comment", "[schema]") {
    CHECK(property(R"({"type": "string", "title": "T", "description": "D"})") ==
          "// T\n//\n// D\np?: string,\n");
    CHECK(property(R"({"title": 1})") == "p?: any,\n");
}

TEST_CASE("json_schema_text: c.7.10 a description is one comment, whatever lines it has",
          "[schema]") {
    CHECK(property(R"({"description": "a\nb"})") == "// a\nb\np?: any,\n");
    CHECK(property(R"({"description": ""})") == "// \np?: any,\n");
}

TEST_CASE("json_schema_text: c.7.11 examples that are strings are listed", "[schema]") {
    CHECK(property(R"({"examples": ["a\"", 1, "b"]})") ==
          "// Examples:\n// - \"a\"\"\n// - \"b\"\np?: any,\n");
    CHECK(property(R"({"examples": [1]})") == "// Examples:\np?: any,\n");
    CHECK(property(R"({"examples": []})") == "p?: any,\n");
    CHECK(property(R"({"examples": "a"})") == "p?: any,\n");
}

TEST_CASE("json_schema_text: c.7.12 a oneOf property lists its variants below", "[schema]") {
    CHECK(property(R"({"description": "a oneof", "default": 20, "oneOf": [
              {"type": "string", "default": "x"},
              {"type": "number", "description": "numbers too"}]})") ==
          "// a oneof\n"
          "// default: 20\n"
          "p?:\n"
          " | string // default: \"x\"\n"
          " | number // numbers too\n"
          ",\n");
}

TEST_CASE("json_schema_text: c.7.12 no description is printed twice in a oneOf", "[schema]") {
    // The first variant says the same: not above.
    CHECK(property(R"({"description": "d", "oneOf": [
              {"type": "string", "description": "d"}, {"type": "number", "description": "e"}]})") ==
          "p?:\n | string\n | number // e\n,\n");
    // Printed above: nothing at the first variant, nor at one that repeats it.
    CHECK(property(R"({"description": "d", "oneOf": [
              {"type": "string", "description": "e"}, {"type": "number", "description": "d"}]})") ==
          "// d\np?:\n | string\n | number\n,\n");
    // None above.
    CHECK(property(R"({"oneOf": [{"type": "string", "description": "e"}]})") ==
          "p?:\n | string // e\n,\n");
    // The choice of an enum is bare here, unlike in c.7.1.
    CHECK(property(R"({"oneOf": [{"type": "string", "enum": ["a"], "default": "a"}]})") ==
          "p?:\n | \"a\" // default: a\n,\n");
}

TEST_CASE("json_schema_text: c.7.13 nullable adds null once", "[schema]") {
    CHECK(property(R"({"type": "string", "nullable": true})") == "p?: string | null,\n");
    CHECK(property(R"({"type": ["string", "null"], "nullable": true})") == "p?: string | null,\n");
    CHECK(property(R"({"type": "string", "nullable": "true"})") == "p?: string,\n");
    CHECK(property(R"({"type": "string", "nullable": false})") == "p?: string,\n");
    // Looked for in the text: the name of a choice is enough.
    CHECK(property(R"({"type": "string", "enum": ["nullify"], "nullable": true})") ==
          "p?: \"nullify\",\n");
}

TEST_CASE("json_schema_text: c.7.14 defaults: text quoted, choices bare, the rest JSON",
          "[schema]") {
    CHECK(property(R"({"type": "string", "default": "a\"b"})") ==
          "p?: string, // default: \"a\"b\"\n");
    CHECK(property(R"({"type": "string", "enum": ["a"], "default": "a"})") ==
          "p?: \"a\", // default: a\n");
    CHECK(property(R"({"enum": [1], "default": "a"})") == "p?: any, // default: a\n");
    CHECK(property(R"({"enum": [], "default": "a"})") == "p?: any, // default: \"a\"\n");
    CHECK(property(R"({"default": ["a", {"k": 1.0}]})") ==
          "p?: any, // default: [\"a\",{\"k\":1.0}]\n");
    CHECK(property(R"({"default": null})") == "p?: any, // default: null\n");
    // A oneOf that is no list: neither description nor default, but the plain form.
    CHECK(property(R"({"oneOf": 1, "description": "d", "default": 2})") == "p?: any,\n");
}

// --- Shape ------------------------------------------------------------------------------------

TEST_CASE("json_schema_text: c.7.15 four spaces per level, braces as deep as the properties",
          "[schema]") {
    CHECK(text_of_schema(R"({"type": "object", "properties": {"a": {"type": "object",
              "properties": {"b": {"type": "object", "properties": {"c": {}}}}}}})") ==
          "{\n"
          "a?: {\n"
          "    b?: {\n"
          "        c?: any,\n"
          "        },\n"
          "    },\n"
          "}");
    // A variant is three spaces deeper.
    CHECK(property(R"({"oneOf": [{"type": "object", "properties": {"x": {}}}]})") ==
          "p?:\n | {\n   x?: any,\n   }\n,\n");
}

TEST_CASE("json_schema_text: c.7.16 properties keep the order in which they were written",
          "[schema]") {
    CHECK(text_of_schema(R"({"properties": {"z": {}, "a": {}, "m": {}}, "type": "object"})") ==
          "{\nz?: any,\na?: any,\nm?: any,\n}");
}

TEST_CASE("json_schema_text: c.7.17 a nested object's description is printed twice", "[schema]") {
    CHECK(property(R"({"type": "object", "description": "d", "properties": {"x": {}}})") ==
          "// d\np?:     // d\n{\n    x?: any,\n    },\n");
}

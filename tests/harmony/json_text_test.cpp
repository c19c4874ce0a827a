#include "gptoss/harmony/json_text.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

TEST_CASE("json_text: c.7.18 compact, with keys in their order", "[json_text]") {
    const char* text = R"({"k": [1, 2.50, "a\"b"], "a": {"y": null, "x": true}, "e": {}, "l": []})";
    CHECK(json_text(OrderedJson::parse(text)) ==
          R"({"k":[1,2.5,"a\"b"],"a":{"y":null,"x":true},"e":{},"l":[]})");
}

TEST_CASE("json_text: c.7.18 a float keeps its point, an integer has none", "[json_text]") {
    CHECK(json_text(1) == "1");
    CHECK(json_text(-1) == "-1");
    CHECK(json_text(1.0) == "1.0");
    CHECK(json_text(18446744073709551615u) == "18446744073709551615");
    CHECK(json_text(OrderedJson::parse("18446744073709551616")) == "1.8446744073709552e19");
}

TEST_CASE("json_text: c.7.18 where floats change to an exponent", "[json_text]") {
    CHECK(float_text(0.5) == "0.5");
    CHECK(float_text(-0.0) == "-0.0");
    CHECK(float_text(0.0) == "0.0");
    CHECK(float_text(1234567.25) == "1234567.25");
    CHECK(float_text(1e15) == "1000000000000000.0");
    CHECK(float_text(1e16) == "1e16");
    CHECK(float_text(12345678901234567.0) == "1.2345678901234568e16");
    CHECK(float_text(1e-5) == "0.00001");
    CHECK(float_text(1.5e-7) == "1.5e-7");
    CHECK(float_text(1e300) == "1e300");
    CHECK(float_text(5e-324) == "5e-324");
    CHECK(float_text(-2.5e-6) == "-2.5e-6");
}

TEST_CASE("json_text: text is not escaped beyond need", "[json_text]") {
    CHECK(json_text("日本 \x7f / \n \x01") == "\"日本 \x7f / \\n \\u0001\"");
}

#include "gptoss/harmony/json_fields.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

TEST_CASE("json_fields: fields that are there", "[json_fields]") {
    const OrderedJson json = {{"name", "f"}, {"channel", nullptr}, {"list", {1}}};
    CHECK(read_string(require_field(json, "name", "m"), "m") == "f");
    CHECK(require_array(require_field(json, "list", "m"), "m").size() == 1);
    CHECK(optional_string(json, "name", "m") == "f");
    CHECK(optional_string(json, "channel", "m") == std::nullopt);
    CHECK(optional_string(json, "missing", "m") == std::nullopt);
    CHECK(json_or_null(std::nullopt).is_null());
    CHECK(json_or_null("a") == "a");
}

TEST_CASE("json_fields: errors name the place in serde's words", "[json_fields][errors]") {
    CHECK_THROWS_WITH(require_field({{"a", 1}}, "b", "m"), "m: missing field `b`");
    CHECK_THROWS_WITH(require_field(OrderedJson("s"), "b", "m"),
                      "m: invalid type: string, expected an object");
    CHECK_THROWS_WITH(read_string(1, "m.name"), "m.name: invalid type: number, expected a string");
    CHECK_THROWS_WITH(require_array("x", "m.tools"),
                      "m.tools: invalid type: string, expected a list");
    CHECK_THROWS_WITH(optional_string({{"name", 5}}, "name", "m"),
                      "m.name: invalid type: number, expected a string");
    CHECK_THROWS_WITH(throw_unknown_variant("x", "`a`, `b`", "m"),
                      "m: unknown variant `x`, expected one of `a`, `b`");
}

#include "gptoss/harmony/known_keys.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

TEST_CASE("known_keys: a misspelt key is named, with what may have been meant", "[harmony]") {
    const std::vector<std::string> known = {"name", "parameters"};
    CHECK_NOTHROW(require_known_keys({{"name", 1}, {"parameters", 2}}, known, "f[0]"));
    CHECK_NOTHROW(require_known_keys(OrderedJson::object(), known, "f[0]"));
    CHECK_THROWS_WITH(require_known_keys({{"name", 1}, {"paramters", 2}}, known, "f[0]"),
                      "f[0]: unknown key \"paramters\"; did you mean parameters?");
    CHECK_THROWS_WITH(require_known_keys({{"colour\n", 2}}, known, "f[0]"),
                      "f[0]: unknown key \"colour\\n\", expected one of name, parameters");
}

TEST_CASE("known_keys: what has no keys is an error too", "[harmony][errors]") {
    CHECK_THROWS_WITH(require_known_keys("text", {"name"}, "f[0]"),
                      "f[0]: invalid type: string, expected an object");
    CHECK_THROWS_WITH(require_known_keys(OrderedJson::array({1}), {"name"}, "f[0]"),
                      "f[0]: invalid type: array, expected an object");
}

TEST_CASE("known_keys: null and what is empty say nothing", "[harmony]") {
    const OrderedJson json = {{"a", nullptr}, {"b", OrderedJson::array()}, {"c", "x"}, {"d", ""}};
    CHECK(says_nothing(json, "a"));
    CHECK(says_nothing(json, "b"));
    CHECK_FALSE(says_nothing(json, "c"));
    CHECK_FALSE(says_nothing(json, "d"));
    CHECK(says_nothing(json, "e"));
}

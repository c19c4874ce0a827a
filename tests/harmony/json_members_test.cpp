#include "gptoss/harmony/json_members.hpp"

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;

TEST_CASE("json_members: what is absent or of another type is a null pointer", "[json_members]") {
    const OrderedJson json = {{"s", "text"}, {"n", nullptr}, {"a", {1, "x"}}};
    REQUIRE(string_member(json, "s") != nullptr);
    CHECK(*string_member(json, "s") == "text");
    CHECK(member_of(json, "n") != nullptr);
    CHECK(array_member(json, "a") != nullptr);

    CHECK(member_of(json, "missing") == nullptr);
    CHECK(string_member(json, "a") == nullptr);
    CHECK(array_member(json, "s") == nullptr);
}

TEST_CASE("json_members: only objects have members", "[json_members]") {
    for (const OrderedJson& json : {OrderedJson(nullptr), OrderedJson("s"), OrderedJson(1),
                                    OrderedJson::array({"type"}), OrderedJson(true)}) {
        CHECK(member_of(json, "type") == nullptr);
    }
}

TEST_CASE("json_members: the strings of an array, in order", "[json_members]") {
    CHECK(strings_of(OrderedJson::array({1, "b", nullptr, "a"})) ==
          std::vector<std::string>{"b", "a"});
}

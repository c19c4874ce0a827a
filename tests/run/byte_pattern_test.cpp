#include "gptoss/run/byte_pattern.hpp"

#include "catch.hpp"
#include "pattern_text.hpp"

using namespace gptoss;
using namespace gptoss::test;

TEST_CASE("byte_pattern: one of three texts, two of which begin alike", "[byte_pattern]") {
    const BytePattern pattern = choice_pattern({"yes", "yesterday", "no"});
    CHECK(read_text(pattern, "ye") == Reading::open);
    CHECK(read_text(pattern, "yes") == Reading::complete);
    CHECK(read_text(pattern, "yesterday") == Reading::complete);
    CHECK(read_text(pattern, "yesno") == Reading::refused);
    CHECK(read_text(pattern, "") == Reading::open);
}

TEST_CASE("byte_pattern: it is exhausted where nothing may follow", "[byte_pattern]") {
    const BytePattern pattern = choice_pattern({"a", "ab"});
    const StateSet behind_a = pattern.next(pattern.start(), 'a');
    CHECK(pattern.is_complete(behind_a));
    CHECK_FALSE(pattern.is_exhausted(behind_a));
    const StateSet behind_ab = pattern.next(behind_a, 'b');
    CHECK(pattern.is_complete(behind_ab));
    CHECK(pattern.is_exhausted(behind_ab));
}

TEST_CASE("byte_pattern: jumps in a circle end", "[byte_pattern]") {
    BytePattern pattern;
    const int other = pattern.new_state();
    pattern.add_jump(0, other);
    pattern.add_jump(other, 0);
    pattern.set_end(other);
    CHECK(pattern.start() == StateSet{0, other});
}

TEST_CASE("byte_pattern: no choice and an empty one are named", "[byte_pattern][errors]") {
    CHECK_THROWS_WITH(choice_pattern({}), "choices: there are none, expected one or more");
    CHECK_THROWS_WITH(choice_pattern({"a", ""}), "choices: one is empty, expected a text");
}

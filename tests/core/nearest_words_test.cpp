#include "gptoss/core/nearest_words.hpp"

#include "catch.hpp"

using namespace gptoss;

namespace {

using Words = std::vector<std::string>;

const Words kWords = {"chat", "compare", "diagnose", "chart"};

}  // namespace

TEST_CASE("nearest words: kitten is three letters from sitting", "[nearest_words]") {
    // k -> s, e -> i, and a g behind them
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("sitting", "kitten") == 3);
}

TEST_CASE("nearest words: insert, delete, replace and swap", "[nearest_words]") {
    CHECK(edit_distance("chat", "chat") == 0);
    CHECK(edit_distance("cat", "chat") == 1);
    CHECK(edit_distance("chatt", "chat") == 1);
    CHECK(edit_distance("chaT", "chat") == 1);
    CHECK(edit_distance("hcat", "chat") == 2);
    CHECK(edit_distance("", "chat") == 4);
    CHECK(edit_distance("chat", "") == 4);
    CHECK(edit_distance("", "") == 0);
}

TEST_CASE("nearest words: two letters away at most", "[nearest_words]") {
    CHECK(nearest_words("diagnos", kWords) == Words{"diagnose"});
    CHECK(nearest_words("diagno", kWords) == Words{"diagnose"});
    CHECK(nearest_words("diagn", kWords) == Words{});
    CHECK(nearest_words("", kWords) == Words{});
}

TEST_CASE("nearest words: all that are as near, in the order given", "[nearest_words]") {
    CHECK(nearest_words("chaat", kWords) == Words{"chat", "chart"});
    CHECK(nearest_words("chat", kWords) == Words{"chat"});  // chart is one further
    CHECK(nearest_words("chart", kWords) == Words{"chart"});
}

TEST_CASE("nearest words: as a question", "[nearest_words]") {
    CHECK(did_you_mean({}) == "");
    CHECK(did_you_mean({"chat"}) == "; did you mean chat?");
    CHECK(did_you_mean({"chat", "chart"}) == "; did you mean chat or chart?");
}

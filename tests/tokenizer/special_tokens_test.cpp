#include "gptoss/tokenizer/special_tokens.hpp"

#include <map>
#include <set>
#include <string>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;

TEST_CASE("special_tokens: ten have a meaning, in order of their ids", "[special_tokens]") {
    const std::vector<SpecialToken> tokens = named_special_tokens();
    REQUIRE(tokens.size() == 10);
    for (std::size_t k = 1; k < tokens.size(); ++k) {
        CHECK(tokens[k - 1].id < tokens[k].id);
    }
    CHECK(tokens[5].text == "<|start|>");
    CHECK(tokens[5].id == 200006);
}

TEST_CASE("special_tokens: the same ten behind 1,024 ranks", "[special_tokens]") {
    const std::vector<SpecialToken> tokens = named_special_tokens_from(1024);
    REQUIRE(tokens.size() == 10);
    CHECK(tokens[0].id == 1024);
    CHECK(tokens[0].text == "<|startoftext|>");
    CHECK(tokens[5].id == 1029);
    CHECK(tokens[5].text == "<|start|>");
    CHECK(tokens[9].id == 1033);
}

TEST_CASE("special_tokens: o200k_harmony names every id from 199998 to 201087",
          "[special_tokens]") {
    std::map<std::int32_t, int> n_names;
    std::set<std::string> names;
    for (const SpecialToken& token : o200k_harmony_special_tokens()) {
        ++n_names[token.id];
        names.insert(token.text);
    }
    CHECK(names.size() == 1091);
    CHECK(n_names.size() == 1090);
    CHECK(n_names.begin()->first == 199998);
    CHECK(n_names.rbegin()->first == 201087);
    for (const auto& [id, n] : n_names) {
        if (n != (id == 200018 ? 2 : 1)) FAIL(id << " has " << n << " names");
    }
    CHECK(names.count("<|reserved_200000|>") == 1);
    CHECK(names.count("<|reserved_201087|>") == 1);
    CHECK(names.count("<|reserved_201088|>") == 0);
    CHECK(names.count("<|reserved_200006|>") == 0);  // that one is <|start|>
}

TEST_CASE("special_tokens: reserved names are given only where there is none", "[special_tokens]") {
    std::vector<SpecialToken> tokens = {{199998, "<|mine|>"}, {300000, "<|far|>"}, {-1, "<|low|>"}};
    add_reserved_tokens(tokens);
    CHECK(tokens.size() == 3 + 1089);
    CHECK(tokens[0].text == "<|mine|>");
    CHECK(tokens[3].text == "<|reserved_199999|>");
    CHECK(tokens.back().text == "<|reserved_201087|>");
}

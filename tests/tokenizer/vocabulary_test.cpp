#include "gptoss/tokenizer/vocabulary.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::o200k;
using gptoss::test::single_bytes;

TEST_CASE("vocabulary: a toy with the 256 bytes, one merge and two special tokens",
          "[vocabulary]") {
    std::vector<std::string> tokens = single_bytes();
    tokens.push_back("ab");
    const Vocabulary vocabulary =
        make_vocabulary(tokens, {{257, "<|start|>"}, {259, "<|end|>"}}, "toy");

    CHECK(rank_of(vocabulary.ranks, "ab") == 256);
    CHECK(token_bytes(vocabulary, 256) == "ab");
    CHECK(token_bytes(vocabulary, 259) == "<|end|>");
    CHECK(special_id(vocabulary, "<|end|>") == 259);
    CHECK(is_special_token(vocabulary, 257));
    CHECK_FALSE(is_special_token(vocabulary, 256));
    CHECK_FALSE(is_special_token(vocabulary, 258));  // a hole between special tokens is allowed
    CHECK(vocab_size(vocabulary) == 260);
}

TEST_CASE("vocabulary: o200k begins with the 256 bytes in GPT-2's order", "[vocabulary]") {
    const std::vector<std::string>& tokens = o200k().vocabulary.tokens;
    REQUIRE(tokens.size() == 199998);
    std::set<std::string> bytes(tokens.begin(), tokens.begin() + 256);
    CHECK(bytes.size() == 256);
    for (const std::string& byte : bytes) {
        CHECK(byte.size() == 1);
    }
    CHECK(tokens[0] == "!");
    CHECK(tokens[93] == "~");
    CHECK(tokens[94] == "\xA1");
    CHECK(tokens[188] == std::string(1, '\0'));
    CHECK(tokens[220] == " ");
    CHECK(tokens[221] == "\x7F");
    CHECK(tokens[255] == "\xAD");
    CHECK(tokens[9552] == " \xF0\x9F");  // not UTF-8 on its own

    std::size_t longest = 0;
    for (const std::string& token : tokens) {
        longest = std::max(longest, token.size());
    }
    CHECK(longest == 128);
}

TEST_CASE("vocabulary: the special tokens of o200k_harmony", "[vocabulary]") {
    const Vocabulary& vocabulary = o200k().vocabulary;
    const std::vector<std::pair<int, std::string>> named = {
        {199998, "<|startoftext|>"}, {199999, "<|endoftext|>"}, {200002, "<|return|>"},
        {200003, "<|constrain|>"},   {200005, "<|channel|>"},   {200006, "<|start|>"},
        {200007, "<|end|>"},         {200008, "<|message|>"},   {200012, "<|call|>"}};
    for (const auto& [id, name] : named) {
        CHECK(special_id(vocabulary, name) == id);
        CHECK(token_bytes(vocabulary, id) == name);
    }
    for (const int id : {200000, 200001, 200004, 200009, 200010, 200011, 200013, 200014, 201087}) {
        const std::string name = "<|reserved_" + std::to_string(id) + "|>";
        CHECK(special_id(vocabulary, name) == id);
        CHECK(token_bytes(vocabulary, id) == name);
    }
    int n_special = 0;
    for (int id = 0; id < 201088; ++id) {
        if (is_special_token(vocabulary, id)) ++n_special;
    }
    CHECK(n_special == 1090);
    CHECK(vocabulary.special_tokens.size() == 1091);
    CHECK(vocab_size(vocabulary) == 201088);
}

TEST_CASE("vocabulary: 200018 has two names, 201088 does not exist", "[vocabulary]") {
    const Vocabulary& vocabulary = o200k().vocabulary;
    CHECK(special_id(vocabulary, "<|endofprompt|>") == 200018);
    CHECK(special_id(vocabulary, "<|reserved_200018|>") == 200018);
    CHECK(token_bytes(vocabulary, 200018) == "<|endofprompt|>");
    CHECK_FALSE(is_special_token(vocabulary, 201088));
    CHECK(vocabulary.special_ids.count("<|reserved_201088|>") == 0);
    CHECK(vocabulary.special_ids.count("<|refusal|>") == 0);
}

TEST_CASE("vocabulary: the first 1,024 ranks with control tokens behind them", "[vocabulary]") {
    const Vocabulary small =
        truncated_vocabulary(o200k().vocabulary, 1024, named_special_tokens_from(1024));
    CHECK(small.tokens.size() == 1024);
    CHECK(special_id(small, "<|startoftext|>") == 1024);
    CHECK(special_id(small, "<|start|>") == 1029);
    CHECK(special_id(small, "<|endofprompt|>") == 1033);
    CHECK(vocab_size(small) == 1034);
}

TEST_CASE("vocabulary: moving it leaves the tables intact", "[vocabulary]") {
    Vocabulary first = make_vocabulary(single_bytes(), {{256, "<|start|>"}}, "toy");
    Vocabulary second = std::move(first);
    Vocabulary third;
    third = std::move(second);
    CHECK(rank_of(third.ranks, "z") == 'z');
    CHECK(special_id(third, "<|start|>") == 256);
    CHECK(token_bytes(third, 256) == "<|start|>");
}

TEST_CASE("vocabulary: what cannot be a vocabulary", "[vocabulary][errors]") {
    std::vector<std::string> tokens = single_bytes();
    tokens.push_back("ab");
    const std::vector<std::string> good = tokens;

    tokens[256] = "a";
    REQUIRE_THROWS_WITH(make_vocabulary(tokens, {}, "v"),
                        "v: tokens 97 and 256 have the same bytes");
    tokens[256] = "";
    REQUIRE_THROWS_WITH(make_vocabulary(tokens, {}, "v"), "v: token 256 has no bytes");
    tokens = good;
    tokens[65] = "cd";
    REQUIRE_THROWS_WITH(make_vocabulary(tokens, {}, "v"),
                        "v: no token for the single byte 65, expected all 256");
    REQUIRE_THROWS_WITH(
        make_vocabulary(good, {{256, "<|x|>"}}, "v"),
        "v: special token \"<|x|>\" has id 256, expected at least 257 (the number of ranks)");
    REQUIRE_THROWS_WITH(make_vocabulary(good, {{257, "<|x|>"}, {258, "<|x|>"}}, "v"),
                        "v: special token \"<|x|>\" is listed twice");
    REQUIRE_THROWS_WITH(make_vocabulary(good, {{257, "\033\n"}, {258, "\033\n"}}, "v"),
                        "v: special token \"\\u001b\\n\" is listed twice");
    REQUIRE_THROWS_WITH(make_vocabulary(good, {{257, ""}}, "v"),
                        "v: a special token has an empty name");
    REQUIRE_THROWS_WITH(make_vocabulary(good, {{257, "a\xFF"}}, "v"),
                        ContainsSubstring("is not valid UTF-8 at byte 1 (0xFF)"));
    REQUIRE_THROWS_WITH(make_vocabulary(good, {{300, "<|x|>"}, {299, "<|w|>"}}, "v"),
                        "v: 257 ranks, expected 299 (the id of \"<|w|>\")");
    REQUIRE_THROWS_WITH(truncated_vocabulary(o200k().vocabulary, 200000, {}),
                        "truncated_vocabulary: n_ranks is 200000, expected at most 199998");
    REQUIRE_THROWS_WITH(truncated_vocabulary(o200k().vocabulary, 100, {}),
                        ContainsSubstring("no token for the single byte"));
}

TEST_CASE("vocabulary: unknown ids and names", "[vocabulary][errors]") {
    for (const int id : {-1, 201088, 2147483647}) {
        REQUIRE_THROWS_WITH(token_bytes(o200k().vocabulary, id),
                            "decode: token id " + std::to_string(id) + " is not in the vocabulary");
    }
    REQUIRE_THROWS_WITH(special_id(o200k().vocabulary, "<|refusal|>"),
                        "special_id: the vocabulary has no special token \"<|refusal|>\"");
}

TEST_CASE("vocabulary: an id is a token of text, a special one, or none", "[vocabulary]") {
    const Vocabulary toy = make_vocabulary(test::single_bytes(), {{256, "<a>"}}, "toy");
    CHECK(is_token(toy, 0));
    CHECK(is_token(toy, 256));
    CHECK_FALSE(is_token(toy, 257));
    CHECK_FALSE(is_token(toy, -1));
}

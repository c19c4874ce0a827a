#include "gptoss/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <random>
#include <string>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

bool has_special(const Ids& ids) {
    for (const std::int32_t id : ids) {
        if (is_special_token(o200k().vocabulary, id)) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("tokenizer: ids of short texts", "[tokenizer]") {
    CHECK(o200k().encode("hello world") == Ids{24912, 2375});
    CHECK(o200k().encode("Hello, World!") == Ids{13225, 11, 5922, 0});
    CHECK(o200k().encode("").empty());
    CHECK(o200k().encode("<|start|>") == Ids{27, 91, 5236, 91, 29});
    CHECK(o200k().encode("안녕하세요") == Ids{14307, 171731});
    CHECK(o200k().encode("12345") == Ids{7633, 2548});
    CHECK(o200k().encode("\n \n") == Ids{47812});
    CHECK(o200k().encode("x'ſ'stuff") == Ids{87, 6, 70067, 6, 91669});
}

TEST_CASE("tokenizer: ids of the words in Harmony's headers", "[tokenizer]") {
    CHECK(o200k().encode("user") == Ids{1428});
    CHECK(o200k().encode("assistant") == Ids{173781});
    CHECK(o200k().encode("system") == Ids{17360});
    CHECK(o200k().encode("developer") == Ids{77944});
    CHECK(o200k().encode("analysis") == Ids{35644});
    CHECK(o200k().encode("commentary") == Ids{12606, 815});
    CHECK(o200k().encode("final") == Ids{17196});
    CHECK(o200k().encode(" json") == Ids{5701});
}

TEST_CASE("tokenizer: the 328 published vectors", "[tokenizer]") {
    REQUIRE(test::vectors().size() == 328);
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line, vector.text);
        CHECK(o200k().encode(vector.text) == vector.ids);
        CHECK(o200k().decode_utf8(vector.ids) == vector.text);
    }
}

TEST_CASE("tokenizer: every token of the vocabulary goes to bytes and back", "[tokenizer]") {
    const Vocabulary& vocabulary = o200k().vocabulary;
    int n_wrong = 0;
    for (std::int32_t id = 0; id < std::int32_t(vocabulary.tokens.size()); ++id) {
        const std::string bytes = o200k().decode_bytes({id});
        Ids ids;
        bpe_encode(vocabulary.ranks, bytes, ids);
        if (ids != Ids{id}) ++n_wrong;
    }
    CHECK(n_wrong == 0);
}

TEST_CASE("tokenizer: special tokens, where they are asked for", "[tokenizer]") {
    CHECK(o200k().encode_with_special("<|start|>user<|message|>Hi<|end|>") ==
          Ids{200006, 1428, 200008, 12194, 200007});
    CHECK(o200k().encode_with_special("<|start|>") == Ids{200006});
    CHECK(o200k().encode_with_special("<|start|><|start|>") == Ids{200006, 200006});
    CHECK(o200k().encode_with_special("").empty());
    CHECK(o200k().encode_with_special("no names") == o200k().encode("no names"));
    for (int id = kO200kRanks; id < kO200kHarmonyIds; ++id) {
        const std::string name = o200k().decode({id});
        if (o200k().encode_with_special(name) != Ids{id}) FAIL(name);
    }
    CHECK(o200k().encode_with_special("<|reserved_200018|>") == Ids{200018});
    CHECK(o200k().encode_with_special("<|endofprompt|>") == Ids{200018});
    CHECK(o200k().decode({200018}) == "<|endofprompt|>");
}

TEST_CASE("tokenizer: names that are not allowed, or not quite names, are text", "[tokenizer]") {
    const Ids as_text{27, 91, 5236, 91, 29};
    CHECK(o200k().encode_with_special("<|start|>", {}) == as_text);
    CHECK(o200k().encode_with_special("<|start|>", {"<|end|>"}) == as_text);
    CHECK(o200k().encode_with_special("<|start|>", {"<|start|>"}) == Ids{200006});

    Ids mixed = as_text;
    mixed.push_back(200007);
    CHECK(o200k().encode_with_special("<|start|><|end|>", {"<|end|>"}) == mixed);

    for (const char* text : {"<|start|", "<|START|>", "< |start|>", "<|reserved_201088|>",
                             "<|refusal|>", "<|reserved_1|>", "<|", "<"}) {
        CAPTURE(text);
        CHECK(o200k().encode_with_special(text) == o200k().encode(text));
    }
    CHECK(o200k().encode_with_special("<<|end|>|>") == Ids{27, 200007, 91, 29});
}

TEST_CASE("tokenizer: pieces never span a special token", "[tokenizer]") {
    // Alone, "  \n" is one piece; cut by a token, each side is split for itself.
    const Ids ids = o200k().encode_with_special(" <|end|> \n");
    CHECK(ids == Ids{220, 200007, 793});
    CHECK(o200k().encode(" ") == Ids{220});
    CHECK(o200k().encode(" \n") == Ids{793});
    CHECK(o200k().encode_with_special("foo<|end|>bar") == Ids{16660, 200007, 2990});
}

TEST_CASE("tokenizer: the longest of several names wins", "[tokenizer]") {
    const Tokenizer toy{
        make_vocabulary(test::single_bytes(), {{256, "<a>"}, {257, "<a><b>"}, {258, "#"}}, "toy")};
    CHECK(toy.encode_with_special("<a><b>#<a>") == Ids{257, 258, 256});
    CHECK(toy.encode_with_special("<a><b>", {"<a>"}) == Ids{256, '<', 'b', '>'});
}

TEST_CASE("tokenizer: plain text never yields a special token", "[tokenizer]") {
    for (int id = kO200kRanks; id < kO200kHarmonyIds; ++id) {
        const std::string name = o200k().decode({id});
        if (has_special(o200k().encode(name))) FAIL(name);
        if (has_special(o200k().encode("a " + name + name + "\n"))) FAIL(name);
        if (o200k().decode(o200k().encode(name)) != name) FAIL(name);
    }
    for (const test::Vector& vector : test::vectors()) {
        CHECK_FALSE(has_special(o200k().encode(vector.text)));
    }
}

TEST_CASE("tokenizer: decoding bytes, lossy and strict", "[tokenizer]") {
    CHECK(o200k().decode_bytes({9552}) == " \xF0\x9F");
    CHECK(o200k().decode({9552}) == " \uFFFD");
    REQUIRE_THROWS_WITH(o200k().decode_utf8({9552}),
                        "decode: text is not valid UTF-8 at byte 1 (0xF0)");
    CHECK(o200k().decode({9552, 9552}) == " \uFFFD \uFFFD");
    CHECK(o200k().decode_utf8({9552, 237, 222}) == " 🏀");
    CHECK(o200k().decode({200006, 1428, 200008}) == "<|start|>user<|message|>");
    CHECK(o200k().decode({}).empty());
}

TEST_CASE("tokenizer: repetitive texts of ten thousand characters come back", "[tokenizer]") {
    for (const std::string unit : {"^", "0", "a", "'s", " ", "\n", "日", "🏀"}) {
        std::string text;
        for (int k = 0; k < 10000; ++k) {
            text += unit;
        }
        CAPTURE(unit);
        CHECK(o200k().decode_utf8(o200k().encode(text)) == text);
        CHECK(o200k().decode_utf8(o200k().encode(" " + text + "\n")) == " " + text + "\n");
    }
}

TEST_CASE("tokenizer: random texts come back", "[tokenizer]") {
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (auto length = random() % 40; length > 0; --length) {
            const char32_t highest = random() % 2 == 0 ? 0x7F : 0x10FFFF;
            const char32_t point = char32_t(random()) % (highest + 1);
            const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
            append_utf8(is_surrogate ? U'?' : point, text);
        }
        const Ids ids = o200k().encode(text);
        if (o200k().decode_utf8(ids) == text && !has_special(ids)) continue;
        FAIL("does not come back: " << text);
    }
}

TEST_CASE("tokenizer: invalid UTF-8 is refused with its place", "[tokenizer][errors]") {
    REQUIRE_THROWS_WITH(o200k().encode("caf\xE9"),
                        "encode: text is not valid UTF-8 at byte 3 (0xE9)");
    REQUIRE_THROWS_WITH(o200k().encode("\xED\xA0\x80"),
                        "encode: text is not valid UTF-8 at byte 0 (0xED)");
    REQUIRE_THROWS_WITH(o200k().encode_with_special("<|start|>ab\xFF"),
                        "encode: text is not valid UTF-8 at byte 11 (0xFF)");
}

TEST_CASE("tokenizer: unknown ids and names", "[tokenizer][errors]") {
    REQUIRE_THROWS_WITH(o200k().decode({1, 201088}),
                        "decode: token id 201088 is not in the vocabulary");
    REQUIRE_THROWS_WITH(o200k().decode_bytes({-1}), "decode: token id -1 is not in the vocabulary");
    REQUIRE_THROWS_WITH(o200k().encode_with_special("x", {"<|nope|>"}),
                        "special_id: the vocabulary has no special token \"<|nope|>\"");
}

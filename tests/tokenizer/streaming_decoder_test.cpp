#include "gptoss/tokenizer/streaming_decoder.hpp"

#include <random>
#include <string>

#include "catch.hpp"
#include "o200k.hpp"

using namespace gptoss;
using namespace gptoss::tokenizer;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

// What a user sees: the texts of push and finish, each checked to be valid UTF-8.
std::string streamed(const Ids& ids) {
    StreamingDecoder decoder{o200k().vocabulary};
    std::string text;
    for (const std::int32_t id : ids) {
        const std::string delta = decoder.push(id);
        require_valid_utf8("delta", delta);
        text += delta;
    }
    const std::string last = decoder.finish();
    require_valid_utf8("last", last);
    return text + last;
}

}  // namespace

TEST_CASE("streaming_decoder: a character in three tokens appears with the last",
          "[streaming_decoder]") {
    const Ids ids = o200k().encode(" 🏀");
    REQUIRE(ids == Ids{9552, 237, 222});

    StreamingDecoder decoder{o200k().vocabulary};
    CHECK(decoder.push(9552) == " ");  // 20 F0 9F
    CHECK(decoder.held == "\xF0\x9F");
    CHECK(decoder.push(237) == "");
    CHECK(decoder.held == "\xF0\x9F\x8F");
    CHECK(decoder.push(222) == "🏀");
    CHECK(decoder.held.empty());
    CHECK(decoder.finish().empty());
}

TEST_CASE("streaming_decoder: a start that nothing completes becomes U+FFFD",
          "[streaming_decoder]") {
    StreamingDecoder decoder{o200k().vocabulary};
    CHECK(decoder.push(9552) == " ");
    CHECK(decoder.push(9552) == "\uFFFD ");
    CHECK(decoder.push(55) == "\uFFFDX");
    CHECK(decoder.push(9552) == " ");
    CHECK(decoder.finish() == "\uFFFD");
    CHECK(decoder.finish().empty());
    CHECK(decoder.push(55) == "X");
}

TEST_CASE("streaming_decoder: special tokens show their names", "[streaming_decoder]") {
    CHECK(streamed({200006, 1428, 200008}) == "<|start|>user<|message|>");
}

TEST_CASE("streaming_decoder: the published vectors, token by token", "[streaming_decoder]") {
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line);
        CHECK(streamed(vector.ids) == vector.text);
    }
}

TEST_CASE("streaming_decoder: the published vectors, byte by byte", "[streaming_decoder]") {
    // The ids of single bytes cut every character in every place.
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line);
        Ids ids;
        for (const char byte : vector.text) {
            ids.push_back(rank_of(o200k().vocabulary.ranks, std::string_view(&byte, 1)));
        }
        CHECK(streamed(ids) == vector.text);
    }
}

TEST_CASE("streaming_decoder: every cut of the published vectors, as a stream that ends there",
          "[streaming_decoder]") {
    for (const test::Vector& vector : test::vectors()) {
        CAPTURE(vector.line);
        bool is_same = true;
        const std::size_t step = 1 + vector.ids.size() / 64;
        for (std::size_t size = 0; size <= vector.ids.size(); size += step) {
            const Ids head(vector.ids.begin(), vector.ids.begin() + std::ptrdiff_t(size));
            const Ids tail(vector.ids.begin() + std::ptrdiff_t(size), vector.ids.end());
            if (streamed(head) != o200k().decode(head)) is_same = false;
            if (streamed(tail) != o200k().decode(tail)) is_same = false;
        }
        CHECK(is_same);
    }
}

TEST_CASE("streaming_decoder: random ids stream as they decode", "[streaming_decoder]") {
    std::mt19937 random(11);
    for (int round = 0; round < 3000; ++round) {
        Ids ids;
        for (auto length = random() % 20; length > 0; --length) {
            // Half of them single bytes, most of which are not UTF-8.
            ids.push_back(std::int32_t(random() % (random() % 2 == 0 ? 256 : 201088)));
        }
        if (streamed(ids) == o200k().decode(ids)) continue;
        FAIL("differs in round " << round);
    }
}

TEST_CASE("streaming_decoder: an unknown id is named", "[streaming_decoder][errors]") {
    StreamingDecoder decoder{o200k().vocabulary};
    REQUIRE_THROWS_WITH(decoder.push(201088), "decode: token id 201088 is not in the vocabulary");
}

#include "gptoss/harmony/content_decoder.hpp"

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

constexpr const char* kNone = "(none)";

std::vector<std::string> deltas_of(const Ids& ids, std::string* text = nullptr) {
    ContentDecoder decoder{o200k()};
    std::vector<std::string> deltas;
    for (const std::int32_t id : ids) {
        decoder.push(id);
        deltas.push_back(decoder.delta.value_or(kNone));
    }
    decoder.finish();
    if (text != nullptr) *text = decoder.text;
    return deltas;
}

std::string text_of_ids(const Ids& ids) {
    std::string text;
    deltas_of(ids, &text);
    return text;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("harmony_content_decoder: d.3.1 valid bytes are text at once", "[harmony]") {
    CHECK(deltas_of({24912, 2375}) == Strings{"hello", " world"});
    CHECK(deltas_of({200006}) == Strings{"<|start|>"});
}

TEST_CASE("harmony_content_decoder: d.3.2 half a character waits", "[harmony]") {
    CHECK(deltas_of({31446, 244}) == Strings{kNone, "💖"});
    CHECK(deltas_of({9552}) == Strings{" "});  // 20 F0 9F: the space does not wait
}

TEST_CASE("harmony_content_decoder: d.3.3 an error is replaced, one per token", "[harmony]") {
    // 9552 = 20 F0 9F, then X, then Y: the X waits behind the error.
    CHECK(deltas_of({9552, 55, 56}) == Strings{" ", "\uFFFD", "XY"});
    // Two continuation bytes alone are two errors.
    const Ids two_errors = {222, 222};
    REQUIRE(o200k().decode_bytes({222}) == "\x80");
    CHECK(deltas_of(two_errors) == Strings{"\uFFFD", "\uFFFD"});
    CHECK(deltas_of({9552, 9552}) == Strings{" ", "\uFFFD"});
}

TEST_CASE("harmony_content_decoder: d.3.4 behind an unknown id nothing is decoded", "[harmony]") {
    CHECK(deltas_of({24912, 300000, 24912}) == Strings{"hello", kNone, kNone});
    CHECK(text_of_ids({24912, 300000, 24912}) == "hello\uFFFD");
    CHECK(text_of_ids({-1}) == "\uFFFD");
}

TEST_CASE("harmony_content_decoder: d.3.5 at the end comes what was held", "[harmony]") {
    CHECK(text_of_ids({9552, 9552}) == " \uFFFD \uFFFD");
    CHECK(text_of_ids({9552}) == " \uFFFD");
    // The unknown id's character stands before the bytes that were held.
    CHECK(text_of_ids({9552, 300000}) == " \uFFFD\uFFFD");
}

TEST_CASE("harmony_content_decoder: d.3.6 the end clears what waits", "[harmony]") {
    ContentDecoder decoder{o200k()};
    decoder.push(300000);
    decoder.finish();
    CHECK(decoder.delta == std::nullopt);
    CHECK_FALSE(decoder.has_unknown_id);
    CHECK(decoder.held.empty());
    decoder.push(24912);
    CHECK(decoder.delta == "hello");
}

TEST_CASE("harmony_content_decoder: d.4.3 text is encoded again, piece by piece", "[harmony]") {
    ContentDecoder decoder{o200k()};
    for (const std::int32_t id : {4161, 746}) {
        decoder.push(id);
    }
    CHECK(decoder.text == "hello");
    CHECK(decoder.ids == Ids{4161, 746});
    decoder.push(200007);  // a control token is its name
    CHECK(decoder.ids == Ids{4161, 746, 27, 91, 419, 91, 29});
}

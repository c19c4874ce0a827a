#include "gptoss/run/token_mask.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "gptoss/tokenizer/vocabulary.hpp"

using namespace gptoss;

namespace {

// The 256 bytes, then "ye", "yes" and "no"; 300 is a control token.
tokenizer::Vocabulary small_vocabulary() {
    tokenizer::Vocabulary vocabulary;
    for (int byte = 0; byte < 256; ++byte) {
        vocabulary.tokens.push_back(std::string(1, char(byte)));
    }
    for (const char* text : {"ye", "yes", "no"}) {
        vocabulary.tokens.push_back(text);
    }
    return vocabulary;
}

constexpr std::int32_t kYe = 256, kYes = 257, kNo = 258, kStop = 300;

}  // namespace

TEST_CASE("token_mask: a token is allowed if all its bytes lead on", "[token_mask]") {
    const tokenizer::Vocabulary vocabulary = small_vocabulary();
    TokenMask mask(vocabulary, choice_pattern({"yes", "nope"}), {kStop});
    CHECK(mask.is_allowed('y'));
    CHECK(mask.is_allowed(kYe));
    CHECK(mask.is_allowed(kYes));
    CHECK(mask.is_allowed(kNo));
    CHECK_FALSE(mask.is_allowed('e'));
    CHECK_FALSE(mask.is_allowed(kStop));  // nothing is complete yet
    CHECK_FALSE(mask.is_allowed(299));    // another control token

    mask.advance(kYe);
    CHECK(mask.is_allowed('s'));
    CHECK_FALSE(mask.is_allowed(kYes));
    mask.advance('s');
    CHECK(mask.is_complete());
    CHECK(mask.is_exhausted());
    CHECK(mask.is_allowed(kStop));
    CHECK_FALSE(mask.is_allowed('s'));
}

TEST_CASE("token_mask: logits of what is not allowed are minus infinity", "[token_mask]") {
    const tokenizer::Vocabulary vocabulary = small_vocabulary();
    const TokenMask mask(vocabulary, choice_pattern({"no"}), {kStop});
    std::vector<float> logits(301, 1.0f);
    mask.mask({logits.data(), 301});
    for (int id = 0; id < 301; ++id) {
        CAPTURE(id);
        const bool is_allowed = id == 'n' || id == kNo;
        CHECK(std::isfinite(logits[std::size_t(id)]) == is_allowed);
    }
}

TEST_CASE("token_mask: where nothing may follow there is nothing to choose",
          "[token_mask][errors]") {
    const tokenizer::Vocabulary vocabulary = small_vocabulary();
    TokenMask mask(vocabulary, choice_pattern({"no"}), {});
    mask.advance(kNo);
    std::vector<float> logits(301, 1.0f);
    CHECK_THROWS_WITH(mask.mask({logits.data(), 301}),
                      "mask: no token can continue the text, expected one or more");
}

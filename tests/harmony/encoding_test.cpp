#include "gptoss/harmony/encoding.hpp"

#include <concepts>

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::harmony;
using namespace gptoss::tokenizer;
using gptoss::test::harmony;
using gptoss::test::Ids;

// What makes it impossible that text becomes a control token: there is no other way in.
template <class T>
concept AppendsControl = requires(HarmonyTokens tokens, T value) { tokens.append(value); };

static_assert(AppendsControl<ControlToken>);
static_assert(!AppendsControl<std::int32_t>);
static_assert(!AppendsControl<const char*>);
static_assert(!AppendsControl<std::string>);
static_assert(!std::convertible_to<std::int32_t, ControlToken>);
static_assert(std::same_as<decltype(std::declval<HarmonyTokens&>().ids()), const Ids&>);

// What keeps a reference refuses a temporary.
template <class T>
concept MakesEncoding = requires(T&& tokenizer) { harmony_encoding(std::forward<T>(tokenizer)); };

static_assert(MakesEncoding<const Tokenizer&>);
static_assert(!MakesEncoding<Tokenizer>);
static_assert(std::constructible_from<HarmonyTokens, const HarmonyEncoding&>);
static_assert(!std::constructible_from<HarmonyTokens, HarmonyEncoding>);

TEST_CASE("harmony_encoding: the seven control tokens of the published models", "[harmony]") {
    CHECK(harmony().id(ControlToken::start) == 200006);
    CHECK(harmony().id(ControlToken::channel) == 200005);
    CHECK(harmony().id(ControlToken::constrain) == 200003);
    CHECK(harmony().id(ControlToken::message) == 200008);
    CHECK(harmony().id(ControlToken::end) == 200007);
    CHECK(harmony().id(ControlToken::call) == 200012);
    CHECK(harmony().id(ControlToken::return_) == 200002);
}

TEST_CASE("harmony_encoding: <|end|> closes a message but not an answer", "[harmony]") {
    CHECK(stop_tokens(harmony()) == Ids{200002, 200007, 200012});
    CHECK(stop_tokens_for_assistant_actions(harmony()) == Ids{200002, 200012});
}

TEST_CASE("harmony_encoding: a smaller vocabulary has them elsewhere", "[harmony]") {
    const Tokenizer toy{
        make_vocabulary(test::single_bytes(), named_special_tokens_from(256), "toy")};
    const HarmonyEncoding encoding = harmony_encoding(toy);
    CHECK(encoding.id(ControlToken::return_) == 258);
    CHECK(encoding.id(ControlToken::start) == 261);
}

TEST_CASE("harmony_encoding: c.3.9 each text is encoded for itself", "[harmony]") {
    HarmonyTokens tokens(harmony());
    tokens.append_text("hel");
    tokens.append_text("lo");
    tokens.append_text("");
    CHECK(tokens.ids() == Ids{4161, 746});
    CHECK(test::o200k().encode("hello") == Ids{24912});
}

TEST_CASE("harmony_encoding: a name of a control token is text", "[harmony]") {
    HarmonyTokens tokens(harmony());
    tokens.append_text("<|start|>");
    tokens.append(ControlToken::start);
    CHECK(tokens.ids() == Ids{27, 91, 5236, 91, 29, 200006});
}

TEST_CASE("harmony_encoding: a vocabulary without Harmony is an error", "[harmony][errors]") {
    const Tokenizer toy{make_vocabulary(test::single_bytes(), {{256, "<|start|>"}}, "toy")};
    CHECK_THROWS_WITH(harmony_encoding(toy),
                      "special_id: the vocabulary has no special token \"<|channel|>\"");
}

// What holds for every conversation, tried on seeded random ones.
#include <chrono>
#include <random>

#include "catch.hpp"
#include "harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::harmony;
using namespace gptoss::tokenizer;
using gptoss::test::harmony;
using gptoss::test::Ids;
using gptoss::test::o200k;
using gptoss::test::parsed;

namespace {

struct Random {
    std::mt19937_64 engine;
    explicit Random(std::uint64_t seed) : engine(seed) {}

    int below(int n) { return int(engine() % std::uint64_t(n)); }
    bool one_in(int n) { return below(n) == 0; }
    std::string one_of(const std::vector<std::string>& choices) {
        return choices[std::size_t(below(int(choices.size())))];
    }
};

const std::vector<std::string> kPieces = {"<|start|>",
                                          "<|end|>",
                                          "<|message|>",
                                          "<|channel|>",
                                          "<|constrain|>",
                                          "<|return|>",
                                          "<|call|>",
                                          "<|endoftext|>",
                                          "<|reserved_200013|>",
                                          "<|",
                                          "|>",
                                          "hello",
                                          " world",
                                          "\n",
                                          "  ",
                                          "日本語",
                                          "💖",
                                          "naïve",
                                          "\u00a0",
                                          "to=functions.f",
                                          "{\"a\": 1}",
                                          "// x",
                                          "\r\n",
                                          "\t",
                                          "é",
                                          "<",
                                          "functions",
                                          "# Tools",
                                          std::string(1, '\0'),
                                          "final",
                                          "assistant",
                                          "'s 123"};

// Any text, with a liking for what looks like control tokens.
std::string random_text(Random& random) {
    std::string text;
    for (int n = random.below(8); n > 0; --n) {
        text += random.one_of(kPieces);
    }
    return text;
}

// A name that survives in a header: no whitespace, no "<", no role.
std::string random_name(Random& random) {
    return random.one_of({"f", "functions.", "日本", "browser.open", "\"q\"", "a=b", "é_1"}) +
           random.one_of({"x", "get_weather", "7", "-"});
}

// A message of a kind that the format can carry: docs/harmony.md, rule d.2.12.
Message random_message(Random& random) {
    Message message = test::text_message(kRoles[random.below(5)], random_text(random));
    const bool is_tool = message.author.role == Role::tool;
    if (is_tool) message.author.name = random_name(random);
    if (is_tool || random.one_in(3)) message.recipient = random_name(random);
    if (random.one_in(2)) message.channel = random_name(random);
    if (message.recipient && random.one_in(2)) {
        message.content_type = random.one_of({"", "<|constrain|>"}) + random_name(random);
    }
    return message;
}

Conversation random_conversation(Random& random) {
    Conversation conversation;
    for (int n = random.below(6); n >= 0; --n) {
        conversation.messages.push_back(random_message(random));
    }
    return conversation;
}

Ids random_ids(Random& random) {
    const Ids control = {200002, 200003, 200005, 200006, 200007, 200008, 200012};
    Ids ids;
    for (int n = random.below(60); n > 0; --n) {
        const int kind = random.below(8);
        if (kind < 3) ids.push_back(control[std::size_t(random.below(7))]);
        if (kind == 3) ids.push_back(random.below(256));  // single bytes
        if (kind == 4) ids.push_back(random.below(201100));
        if (kind == 5) ids.push_back(random.one_in(4) ? -1 : 1'000'000'000);
        if (kind > 5) {
            const Ids word = o200k().encode(
                random.one_of({"assistant", "user", " to=f", "final", "analysis", " json", "hi"}));
            ids.insert(ids.end(), word.begin(), word.end());
        }
    }
    return ids;
}

int control_count(const Ids& ids) {
    int count = 0;
    for (const std::int32_t id : ids) {
        if (is_special_token(o200k().vocabulary, id)) ++count;
    }
    return count;
}

// start, message and a terminator each, and what the header asks for.
int expected_control_count(const Message& message) {
    int count = 3;
    if (message.channel) ++count;
    if (message.content_type && message.content_type->starts_with("<|constrain|>")) ++count;
    return count;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

#ifdef __OPTIMIZE__
constexpr int kConversations = 2000;
#else
constexpr int kConversations = 200;  // of which an unoptimized build makes a few hundred per second
#endif

}  // namespace

TEST_CASE("harmony: d.2.12 render, then parse, gives the conversation back", "[harmony]") {
    Random random(1);
    for (int n = 0; n < kConversations; ++n) {
        const Conversation conversation = random_conversation(random);
        const Ids ids = render_conversation(harmony(), conversation, {false});
        const ParseResult result = parsed(ids);
        if (result.error) FAIL(o200k().decode(ids) << "\n" << result.error->text);
        if (result.messages != conversation.messages) FAIL(o200k().decode(ids));
    }
}

TEST_CASE("harmony: d.2.12 what the format cannot carry comes back changed, or not", "[harmony]") {
    const auto comes_back = [](const Message& message) {
        const ParseResult result = parsed(render(harmony(), message));
        return !result.error && result.messages == std::vector{message};
    };
    const Message user = test::text_message(Role::user, "hi");
    CHECK(comes_back(user));
    Message named = user;
    named.author.name = "ann";
    CHECK_FALSE(comes_back(named));
    Message tool = Message::from_author_and_content({Role::tool, "f"}, TextContent{"4"});
    CHECK_FALSE(comes_back(tool));
    CHECK(comes_back(tool.with_recipient("assistant")));
    CHECK_FALSE(comes_back(user.with_recipient("all")));
    CHECK_FALSE(comes_back(user.with_recipient("two words")));
    CHECK_FALSE(comes_back(user.with_content_type("json")));
    CHECK_FALSE(comes_back(user.with_recipient("f").with_content_type("<|constrain|> json")));
    CHECK_FALSE(comes_back(user.with_channel("")));
    CHECK_FALSE(comes_back(user.with_channel("a<b")));
    CHECK_FALSE(comes_back(user.adding_content(TextContent{"!"})));  // one part comes back
    CHECK_FALSE(comes_back(Message::from_role_and_content(Role::system, SystemContent{})));
}

TEST_CASE("harmony: d.1.8 a stream may be split anywhere, between tokens and inside", "[harmony]") {
    Random random(2);
    for (int n = 0; n < kConversations / 20; ++n) {
        const Conversation conversation = random_conversation(random);
        const Ids ids = render_conversation(harmony(), conversation, {false});
        for (std::size_t split = 0; split <= ids.size(); split += 1 + ids.size() / 20) {
            StreamableParser parser(harmony());
            for (std::size_t k = 0; k < split; ++k) {
                REQUIRE_FALSE(parser.process(ids[k]));
            }
            StreamableParser resumed = parser;  // a copy goes on by itself
            for (std::size_t k = split; k < ids.size(); ++k) {
                REQUIRE_FALSE(resumed.process(ids[k]));
            }
            REQUIRE(resumed.messages() == conversation.messages);
        }
        // The same text in other tokens, one for each byte.
        Ids bytes;
        for (const std::int32_t id : ids) {
            if (is_special_token(o200k().vocabulary, id)) {
                bytes.push_back(id);
                continue;
            }
            for (const char byte : o200k().decode_bytes({id})) {
                bytes.push_back(rank_of(o200k().vocabulary.ranks, std::string(1, byte)));
            }
        }
        REQUIRE(parsed(bytes).messages == conversation.messages);
    }
}

TEST_CASE("harmony: d.3.1 the deltas, joined, are the content", "[harmony]") {
    Random random(3);
    for (int n = 0; n < 500; ++n) {
        const Conversation conversation = random_conversation(random);
        StreamableParser parser(harmony());
        std::string deltas;
        std::string contents;
        for (const std::int32_t id : render_conversation(harmony(), conversation, {false})) {
            REQUIRE_FALSE(parser.process(id));
            deltas += parser.last_content_delta().value_or("");
            if (parser.state() == StreamState::content)
                REQUIRE(deltas == contents + parser.current_content());
            if (parser.state() == StreamState::expect_start) contents = deltas;
        }
        std::string expected;
        for (const Message& message : conversation.messages) {
            expected += text_of(message);
        }
        REQUIRE(deltas == expected);
    }
}

TEST_CASE("harmony: c.3.7 no text, in whatever field, becomes a control token", "[harmony]") {
    Random random(4);
    for (int n = 0; n < 2000; ++n) {
        Message message = test::text_message(kRoles[random.below(5)], random_text(random));
        if (message.author.role == Role::tool || random.one_in(3)) {
            message.author.name = random_text(random);
        }
        if (random.one_in(2)) message.recipient = random_text(random);
        if (random.one_in(2)) message.channel = random_text(random);
        if (random.one_in(2)) message.content_type = random_text(random);
        if (message.author.role == Role::system) {
            SystemContent system;
            system.model_identity = random_text(random);
            system.knowledge_cutoff = random_text(random);
            system.channel_config = ChannelConfig{{random_text(random)}, random.one_in(2)};
            message.content.push_back(system);
        }
        if (message.author.role == Role::developer) {
            const OrderedJson schema = {
                {"type", "object"},
                {"properties",
                 {{random_text(random),
                   {{"type", random_text(random)}, {"description", random_text(random)}}}}}};
            DeveloperContent developer{random_text(random), {}};
            add_namespace(developer.tools, {random_text(random),
                                            random_text(random),
                                            {{random_text(random), random_text(random), schema}}});
            message.content.push_back(developer);
        }
        const Ids ids = render(harmony(), message);
        if (control_count(ids) != expected_control_count(message)) FAIL(o200k().decode(ids));
    }
}

TEST_CASE("harmony: d.1.3 ten thousand random streams end in messages or an error", "[harmony]") {
    Random random(5);
    int n_errors = 0;
    int n_messages = 0;
    for (int n = 0; n < 10'000; ++n) {
        const Ids ids = random_ids(random);
        std::optional<Role> role;
        if (random.one_in(2)) role = kRoles[random.below(5)];
        const ParseResult result = parsed(ids, role, random.one_in(2));
        if (result.error) ++n_errors;
        n_messages += int(result.messages.size());
        for (const Message& message : result.messages) {
            REQUIRE(valid_utf8_size(text_of(message)) == text_of(message).size());
        }
        // Whatever came before, a parser goes on: each token is answered with a value.
        StreamableParser parser(harmony(), role, {false});
        for (const std::int32_t id : ids) {
            parser.process(id);
        }
        parser.process_eos();
        REQUIRE(parser.tokens().size() == ids.size());
    }
    std::cout << "harmony: 10000 random streams: " << n_messages << " messages, " << n_errors
              << " errors\n";
    CHECK(n_errors > 1000);
    CHECK(n_messages > 1000);
}

TEST_CASE("harmony: c.3.7 a message of 1 MB takes time in proportion", "[harmony]") {
    const std::string sentence = "The <|start|> of a tale, naïve and long: 日本語, 12345!\n";
    double seconds[2] = {};
    for (int k = 0; k < 2; ++k) {
        const std::size_t size = k == 0 ? 250'000 : 1'000'000;
        std::string text;
        while (text.size() < size) {
            text += sentence;
        }
        const auto start = std::chrono::steady_clock::now();
        const Ids ids = render(harmony(), test::text_message(Role::user, text));
        const double rendered = seconds_since(start);
        const ParseResult result = parsed(ids);
        seconds[k] = seconds_since(start);
        REQUIRE(text_of(result.messages.at(0)) == text);
        std::cout << "harmony: " << text.size() << " bytes, " << ids.size()
                  << " tokens: rendered in " << rendered << " s, parsed in "
                  << seconds[k] - rendered << " s\n";
    }
    CHECK(seconds[1] < 12 * seconds[0]);  // 4 if linear, 16 if quadratic; the machine is shared
}

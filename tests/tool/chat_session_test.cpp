// The chat's panes, events and commands, driven by a script instead of a model. The program itself
// is run in tool_chat_test.cpp.
#include "../../examples/gptoss/chat_session.hpp"

#include <csignal>
#include <sstream>

#include "catch.hpp"
#include "harmony/harmony_text.hpp"

using namespace gptoss;
using namespace gptoss::format;
using namespace gptoss::tool;
using gptoss::test::harmony;
using gptoss::test::Ids;
using gptoss::test::o200k;

namespace {

struct Script {
    std::vector<Ids> answers;
    std::vector<std::string> prompts = {};
    bool interrupt = false;  // Ctrl-C behind the sixth token

    StopReason generate(const Ids& prompt, int max_tokens, const Ids& stop_ids,
                        const OnToken& on_token) {
        if (prompt.size() > 400) throw Error("context: the conversation is too long");
        prompts.push_back(o200k().decode(prompt));
        int n = 0;
        for (const std::int32_t id : answers.at(prompts.size() - 1)) {
            if (n++ == max_tokens) return StopReason::max_tokens;
            if (interrupt && n == 6) std::raise(SIGINT);
            if (!on_token(id)) return StopReason::callback;
            if (std::count(stop_ids.begin(), stop_ids.end(), id)) return StopReason::stop_id;
        }
        return StopReason::max_tokens;
    }
};

// A session and what it has printed.
struct Stage {
    std::string output = {};
    std::string notes = {};
    ChatPrinter printer;
    Script script;
    ChatSession<Script> session;

    Stage(const std::vector<std::string>& answers, ChatLook look, ChatStart start = {})
        : printer(
              look, [this](std::string_view text) { output += text; },
              [this](std::string_view text) { notes += std::string(text) + "\n"; }),
          session{script, harmony(), printer, start} {
        for (const std::string& answer : answers) {
            script.answers.push_back(test::ids_of(answer));
        }
    }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    void type(const std::string& lines) {
        std::istringstream input(lines);
        session.run(input, [] {});
    }
};

const std::string kAnswer =
    "<|channel|>analysis<|message|>Sum.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>It is 4 💖<|return|>";
const std::string kCall =
    "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>";

}  // namespace

TEST_CASE("chat session: analysis and answer have a pane each", "[tool][chat]") {
    Stage stage({kAnswer}, {});
    stage.type("2 + 2?\n");
    CHECK(stage.output == "[analysis]\nSum.\n\n[final]\nIt is 4 💖\n\n");
    CHECK(stage.notes == "");
}

TEST_CASE("chat session: on a terminal analysis is dim", "[tool][chat]") {
    Stage stage({kAnswer}, {.is_terminal = true});
    stage.type("2 + 2?\n");
    CHECK(stage.output == "\033[2m[analysis]\nSum.\033[0m\n\n[final]\nIt is 4 💖\n\n");
}

TEST_CASE("chat session: without analysis there is the answer alone", "[tool][chat]") {
    Stage stage({kAnswer}, {.hide_analysis = true});
    stage.type("2 + 2?\n");
    CHECK(stage.output == "It is 4 💖\n");
}

TEST_CASE("chat session: a terminal gets no control characters from a model", "[tool][chat]") {
    Stage stage({"<|channel|>final<|message|>\033[2J!<|return|>"}, {.is_terminal = true});
    stage.type("?\n");
    CHECK(stage.output == "[final]\n\uFFFD[2J!\n\n");
    Stage events({"<|channel|>final<|message|>\u009b2J!<|return|>"},
                 {.json = true, .is_terminal = true});
    events.type("?\n");
    CHECK_THAT(events.output, ContainsSubstring("\uFFFD") && !ContainsSubstring("\u009b"));
}

TEST_CASE("chat session: only whole characters are written", "[tool][chat]") {
    Stage stage({kAnswer}, {});
    Ids ids = test::ids_of("<|channel|>final<|message|>");
    ids.insert(ids.end(), {31446, 244, 9552, 200002});  // a heart in two tokens, half a ball
    stage.script.answers[0] = ids;
    std::vector<std::string> pieces;
    stage.printer = ChatPrinter(
        {}, [&](std::string_view text) { pieces.emplace_back(text); }, [](std::string_view) {});
    stage.type("?\n");
    CHECK(pieces == std::vector<std::string>{"[final]\n", "💖", " ", "\uFFFD", "\n\n"});
}

TEST_CASE("chat session: events are lines of JSON", "[tool][chat]") {
    Stage stage({kAnswer}, {.json = true});
    stage.type("2 + 2?\n");
    std::istringstream lines(stage.output);
    std::vector<std::string> events;
    std::string deltas;
    for (std::string line; std::getline(lines, line);) {
        const OrderedJson event = OrderedJson::parse(line);
        const std::string name = event["event"].get<std::string>();
        if (events.empty() || events.back() != name) events.push_back(name);
        if (event["event"] == "delta") deltas += event["text"].get<std::string>();
        if (event["event"] == "end") {
            CHECK(event.dump() == R"({"event":"end","reason":"answered","prompt_tokens":61,)"
                                  R"("tokens":18,"calls":0})");
        }
    }
    CHECK(events == std::vector<std::string>{"delta", "message", "delta", "message", "end"});
    CHECK(deltas == "Sum.It is 4 💖");
}

TEST_CASE("chat session: the conversation grows, and analysis leaves it", "[tool][chat]") {
    Stage stage({kAnswer, kAnswer}, {});
    stage.type("first\n\n  \nsecond\n");
    REQUIRE(stage.script.prompts.size() == 2);
    CHECK_THAT(stage.script.prompts[1],
               EndsWith("<|start|>user<|message|>first<|end|><|start|>assistant<|channel|>final"
                        "<|message|>It is 4 💖<|end|><|start|>user<|message|>second<|end|>"
                        "<|start|>assistant"));
}

TEST_CASE("chat session: a call to a tool that is not there is visible", "[tool][chat]") {
    Stage stage({kCall, "<|channel|>final<|message|>Sorry.<|return|>"}, {});
    stage.type("?\n");
    CHECK(stage.output ==
          "[call functions.f]\n{}\n\n"
          "[functions.f]\nError: there is no tool named functions.f here.\n\n"
          "[final]\nSorry.\n\n");
}

TEST_CASE("chat session: /reset forgets, /effort changes the system message", "[tool][chat]") {
    Stage stage({kAnswer, kAnswer, kAnswer}, {});
    stage.type("one\n/reset\ntwo\n/effort high\nthree\n");
    CHECK_THAT(stage.script.prompts[1], !ContainsSubstring("one"));
    CHECK_THAT(stage.script.prompts[1], ContainsSubstring("Reasoning: medium"));
    CHECK_THAT(stage.script.prompts[2], ContainsSubstring("two"));
    CHECK_THAT(stage.script.prompts[2], ContainsSubstring("Reasoning: high"));
    CHECK(stage.notes == "[a new conversation]\n[effort high]\n");
}

TEST_CASE("chat session: /effort outlives /reset", "[tool][chat]") {
    Stage stage({kAnswer}, {});
    stage.type("/effort low\n/reset\none\n");
    CHECK_THAT(stage.script.prompts[0], ContainsSubstring("Reasoning: low"));
}

TEST_CASE("chat session: /show prints the prompt, with true control tokens marked",
          "[tool][chat]") {
    Stage stage({kAnswer}, {.is_terminal = true});
    stage.type("<|end|>\n");
    stage.output.clear();
    stage.type("/show\n");
    CHECK_THAT(stage.output,
               EndsWith("\033[7m<|start|>\033[0muser\033[7m<|message|>\033[0m<|end|>"
                        "\033[7m<|end|>\033[0m\033[7m<|start|>\033[0massistant"
                        "\033[7m<|channel|>\033[0mfinal\033[7m<|message|>\033[0mIt is 4 💖"
                        "\033[7m<|end|>\033[0m\033[7m<|start|>\033[0massistant\n"));
    Stage plain({}, {});
    plain.type("/show\n");
    CHECK_THAT(plain.output, StartsWith("<|start|>system<|message|>You are ChatGPT"));
}

TEST_CASE("chat session: /exit ends, other commands explain", "[tool][chat]") {
    Stage stage({}, {});
    stage.type("/what\n/exit\nnot said\n");
    CHECK_THAT(stage.notes, StartsWith("/reset begins anew"));
    CHECK(stage.script.prompts.empty());
}

TEST_CASE("chat session: lines that end as on Windows", "[tool][chat]") {
    Stage stage({kAnswer}, {});
    stage.type("2 + 2?\r\n\r\n/exit\r\nnot said\r\n");
    REQUIRE(stage.script.prompts.size() == 1);
    CHECK_THAT(stage.script.prompts[0], ContainsSubstring("<|message|>2 + 2?<|end|>"));
    CHECK(stage.notes == "");
}

TEST_CASE("chat session: Ctrl-C stops the answer and keeps the session", "[tool][chat]") {
    Stage stage({"<|channel|>final<|message|>one two three four<|return|>", kAnswer}, {});
    stage.script.interrupt = true;
    std::istringstream first("count\n");
    stage.session.run(first, [] {});
    CHECK(stage.output == "[final]\none two three\n\n");
    CHECK(stage.notes == "[stopped]\n");
    CHECK(caught_signal == 0);
    stage.script.interrupt = false;
    stage.type("go on\n");
    CHECK_THAT(stage.script.prompts[1], ContainsSubstring("<|message|>one two three<|end|>"));
}

TEST_CASE("chat session: what is wrong is told, and the session goes on", "[tool][chat]") {
    Stage stage({"<|channel|>final<|message|>Fine.<|end|>oops<|return|>", kAnswer}, {});
    stage.session.options.max_tokens = 30;
    std::string long_text;
    for (int n = 0; n < 500; ++n) {
        long_text += "long ";
    }
    stage.type("/effort maximal\nfirst\n" + long_text + "\nsecond\n");
    CHECK(stage.notes ==
          "[effort is \"maximal\", expected low, medium or high]\n"
          "[the answer is no message: Unexpected token 188183 while expecting start token 200006]\n"
          "[context: the conversation is too long; /reset begins anew]\n");
    CHECK(stage.session.n_mistakes == 2);  // the answer is the model's
    CHECK_THAT(stage.script.prompts[1], !ContainsSubstring("long long"));
    CHECK_THAT(stage.output, EndsWith("It is 4 💖\n\n"));
}

TEST_CASE("chat session: an answer without an end is cut off with a note", "[tool][chat]") {
    Stage stage({"<|channel|>analysis<|message|>I wonder", "<|channel|>"}, {});
    stage.type("?\n?\n");
    CHECK(stage.output == "[analysis]\nI wonder\n\n");
    CHECK(stage.notes ==
          "[cut off by --max-tokens]\n"
          "[cut off by --max-tokens: Unexpected EOS while waiting for message header to "
          "complete]\n");
}

TEST_CASE("chat session: what the start says", "[tool][chat]") {
    ChatStart start;
    CHECK(start.conversation().messages.size() == 1);
    start.system.conversation_start_date = "2025-06-28";
    start.developer.instructions = "Be brief.";
    Stage stage({kAnswer}, {}, start);
    stage.type("?\n");
    CHECK_THAT(stage.script.prompts[0], ContainsSubstring("Current date: 2025-06-28\n"));
    CHECK_THAT(stage.script.prompts[0],
               ContainsSubstring("<|start|>developer<|message|># Instructions\n\nBe brief."));
}

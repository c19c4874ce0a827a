// Chat: render the conversation, let the model go on, parse what it says, call what it calls, again.
//
//     conversation --render--> prompt --generate--> tokens --parse--> messages
//          ^                                                             |
//          +---- messages, and the output of the function called --------+
//
// A turn ends with a message that calls nothing. Where tokens come from is a parameter: a model
// (ModelSource), or a script in a test; anything with
//
//     StopReason generate(const std::vector<std::int32_t>& prompt, int max_tokens,
//                         const std::vector<std::int32_t>& stop_ids, const OnToken& on_token);
//
// Where    gptoss chat, and programs with functions of their own.
// Source   openai-harmony's format document, "Handling tool calls"; official model: gpt_oss/chat.py.
// Errors   Error if the prompt does not fit into the context, and those of rendering. What the model
//          does wrong is no Error: a malformed answer is told in ChatTurn::error and what was
//          complete stays; a call to an unknown function, with bad arguments, or of one that throws,
//          is answered with a message that says so.
// Pitfalls The parser is not strict, so that a refusal without a header is still read. A message cut
//          off in the middle is kept only if it is meant for the user: half a call is none.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/harmony/calls.hpp"
#include "gptoss/harmony/chat_prompt.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/run/generate.hpp"

namespace gptoss {

// Gets the call and returns the output; call_arguments(call) reads JSON arguments.
using ToolFunction = std::function<std::string(const harmony::Message& call)>;
using ToolFunctions = std::map<std::string, ToolFunction>;  // by recipient: "functions.get_weather"

struct ChatOptions {
    int max_tokens = 4096;       // of one turn, with its reasoning and calls
    int max_calls = 16;          // a model may call for ever
    bool keep_analysis = false;  // of questions that are answered
};

// What a user interface follows; each may be empty.
struct ChatEvents {
    std::function<bool(const harmony::StreamableParser&)> on_token =
        {};                                                        // after each; false: stop here
    std::function<void(const harmony::Message&)> on_message = {};  // complete, a tool's too
};

enum class ChatEnd { answered, max_tokens, max_calls, context_full, stopped, malformed };

struct ChatTurn {
    ChatEnd end = ChatEnd::answered;
    std::optional<std::string> error = {};  // why it is malformed, or cut off in a header
    int n_prompt_tokens = 0;                // of the last prompt
    int n_tokens = 0;                       // generated
    int n_calls = 0;
};

// --- A model as a source of tokens ------------------------------------------------------------

template <class Ops>
struct ModelSource {
    Transformer<Ops>& transformer;
    GenerateOptions options = {};  // sampling and seed; each run takes the next seed
    Watch* watch = nullptr;
    std::vector<std::int32_t> fed = {};  // what the cache holds

    StopReason generate(const std::vector<std::int32_t>& prompt, int max_tokens,
                        const std::vector<std::int32_t>& stop_ids, const OnToken& on_token) {
        const int context = transformer.w.config.max_context_length;
        if (prompt.size() > std::size_t(context)) {
            throw Error("context: the conversation has " + std::to_string(prompt.size()) +
                        " tokens, expected at most " + std::to_string(context) +
                        " (max_context_length)");
        }
        options.max_tokens = max_tokens;
        options.stop_ids = stop_ids;
        const int n_known = keep_common_start(prompt);
        const ConstIdsView rest{prompt.data() + n_known, int(prompt.size()) - n_known};
        fed.assign(prompt.begin(), prompt.end());
        const OnToken note_token = [&](std::int32_t id) {
            fed.push_back(id);
            return on_token(id);
        };
        const GenerateResult result =
            gptoss::generate(transformer, rest, options, note_token, watch);
        fed.resize(std::size_t(transformer.cache.length));  // the last token was not fed
        ++options.seed;
        return result.reason;
    }

    // The cache can go on from what it holds, but not back. Returns how many tokens it has.
    int keep_common_start(const std::vector<std::int32_t>& prompt) {
        const std::size_t n_fed = std::size_t(transformer.cache.length);
        const bool goes_on = n_fed < prompt.size() && fed.size() == n_fed &&
                             std::equal(fed.begin(), fed.end(), prompt.begin());
        if (goes_on) return int(n_fed);
        transformer.cache = KvCache{};
        fed.clear();
        return 0;
    }
};

// --- A turn -----------------------------------------------------------------------------------

inline std::string output_of_call(const harmony::Message& call, const ToolFunctions& functions) {
    const auto function = functions.find(*call.recipient);
    if (function == functions.end()) {
        return "Error: there is no tool named " + *call.recipient + " here.";
    }
    try {
        return function->second(call);
    } catch (const std::exception& problem) {
        return std::string("Error: ") + problem.what();
    }
}

inline ChatEnd end_of(StopReason reason) {
    if (reason == StopReason::max_tokens) return ChatEnd::max_tokens;
    if (reason == StopReason::context_full) return ChatEnd::context_full;
    if (reason == StopReason::callback) return ChatEnd::stopped;
    return ChatEnd::answered;
}

inline void add_message(harmony::Conversation& conversation, const harmony::Message& message,
                        const ChatEvents& events) {
    conversation.messages.push_back(message);
    if (events.on_message) events.on_message(message);
}

// One answer of the model, up to <|return|> or <|call|>.
template <class TokenSource>
void generate_messages(TokenSource& source, const harmony::HarmonyEncoding& encoding,
                       harmony::Conversation& conversation, const ChatOptions& options,
                       const ChatEvents& events, ChatTurn& turn) {
    const std::vector<std::int32_t> prompt =
        harmony::chat_prompt(encoding, conversation, options.keep_analysis);
    turn.n_prompt_tokens = int(prompt.size());
    harmony::StreamableParser parser(encoding, harmony::Role::assistant, {false});
    std::size_t n_messages = 0;
    const OnToken on_token = [&](std::int32_t id) {
        ++turn.n_tokens;
        turn.error = parser.process(id);
        const bool go_on = !events.on_token || events.on_token(parser);
        for (; n_messages < parser.messages().size(); ++n_messages) {
            add_message(conversation, parser.messages()[n_messages], events);
        }
        return go_on && !turn.error;
    };
    const int max_tokens = options.max_tokens - turn.n_tokens;
    const StopReason reason = source.generate(
        prompt, max_tokens, harmony::stop_tokens_for_assistant_actions(encoding), on_token);

    turn.end = turn.error ? ChatEnd::malformed : end_of(reason);
    if (turn.end == ChatEnd::answered || turn.end == ChatEnd::malformed) return;
    turn.error = parser.process_eos();  // closes the message that was cut off
    if (parser.messages().size() == n_messages) return;
    const harmony::Message& cut = parser.messages().back();
    const bool is_for_the_user = !cut.recipient && cut.channel != "analysis";
    if (is_for_the_user) add_message(conversation, cut, events);
}

// Appends the model's messages, and the answers to its calls, to the conversation.
template <class TokenSource>
ChatTurn chat_turn(TokenSource& source, const harmony::HarmonyEncoding& encoding,
                   harmony::Conversation& conversation, const ToolFunctions& functions = {},
                   const ChatOptions& options = {}, const ChatEvents& events = {}) {
    ChatTurn turn;
    while (true) {
        const std::size_t n_before = conversation.messages.size();
        generate_messages(source, encoding, conversation, options, events, turn);
        const bool said_nothing = conversation.messages.size() == n_before;
        if (turn.end != ChatEnd::answered || said_nothing) return turn;
        const harmony::Message call = conversation.messages.back();
        if (!harmony::is_tool_call(call)) return turn;
        if (turn.n_calls == options.max_calls) {
            turn.end = ChatEnd::max_calls;
            return turn;
        }
        ++turn.n_calls;
        add_message(conversation, harmony::answer_call(call, output_of_call(call, functions)),
                    events);
        if (turn.n_tokens >= options.max_tokens) {
            turn.end = ChatEnd::max_tokens;
            return turn;
        }
    }
}

}  // namespace gptoss

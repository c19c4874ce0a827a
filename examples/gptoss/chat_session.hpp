// A chat: a conversation that grows, and the commands of its prompt.
//
//     /reset  /effort low|medium|high  /show  /help  /exit      anything else is said to the model
//
// The source of tokens is a parameter (run/chat.hpp): a model, or a script in a test.
#pragma once
#include <csignal>
#include <istream>
#include <string>

#include "chat_printer.hpp"
#include "gptoss/harmony/content_json.hpp"
#include "gptoss/run/chat.hpp"
#include "signals.hpp"

namespace gptoss::tool {

inline constexpr const char* kChatHelp =
    "/reset begins anew, /effort low|medium|high changes the effort, /show prints the exact "
    "prompt,\n"
    "/exit or Ctrl-D ends. Ctrl-C stops an answer. To say something that begins with /, put a "
    "space "
    "in front.";

inline harmony::ReasoningEffort effort_of(const std::string& name) {
    if (name == "low") return harmony::ReasoningEffort::low;
    if (name == "medium") return harmony::ReasoningEffort::medium;
    if (name == "high") return harmony::ReasoningEffort::high;
    throw Error("effort is " + format::quoted(name) + ", expected low, medium or high");
}

// What stands in front of the first question.
struct ChatStart {
    harmony::SystemContent system;
    harmony::DeveloperContent developer;

    harmony::Conversation conversation() const {
        harmony::Conversation conversation;
        conversation.messages.push_back(
            harmony::Message::from_role_and_content(harmony::Role::system, system));
        const bool says_something = developer != harmony::DeveloperContent{};
        if (says_something) {
            conversation.messages.push_back(
                harmony::Message::from_role_and_content(harmony::Role::developer, developer));
        }
        return conversation;
    }
};

// While it lives, Ctrl-C and SIGTERM only set caught_signal; afterwards they end the program.
struct StopAnswerOnSignal {
    StopOnSignal stop_on_signal = {};
    StopAnswerOnSignal() = default;
    ~StopAnswerOnSignal() {
        if (ends_at_once) return;
        std::signal(SIGINT, SIG_DFL);
        std::signal(SIGTERM, SIG_DFL);
    }
    StopAnswerOnSignal(const StopAnswerOnSignal&) = delete;
    StopAnswerOnSignal& operator=(const StopAnswerOnSignal&) = delete;
};

template <class TokenSource>
struct ChatSession {
    TokenSource& source;
    const harmony::HarmonyEncoding& encoding;
    ChatPrinter& printer;
    ChatStart start;
    ChatOptions options = {};
    ToolFunctions functions = {};
    harmony::Conversation conversation = start.conversation();
    int n_mistakes = 0;  // lines that ended in an Error

    // One turn. An Error (a context that is too small) leaves the conversation as it was.
    ChatTurn say(const std::string& text) {
        const std::size_t n_before = conversation.messages.size();
        conversation.messages.push_back(
            harmony::Message::from_role_and_content(harmony::Role::user, text));
        ChatEvents events;
        events.on_token = [this](const harmony::StreamableParser& parser) {
            printer.show_delta(parser);
            return caught_signal == 0;
        };
        events.on_message = [this](const harmony::Message& message) {
            printer.show_message(message);
        };
        ChatTurn turn;
        try {
            const StopAnswerOnSignal stop_answer_on_signal;
            turn = chat_turn(source, encoding, conversation, functions, options, events);
        } catch (const Stopped&) {
            turn.end = ChatEnd::stopped;  // while the prompt was read
        } catch (const Error&) {
            conversation.messages.resize(n_before);
            throw;
        }
        printer.show_end(turn);
        return turn;
    }

    // Returns false to end.
    bool command(const std::string& line) {
        if (line == "/exit" || line == "/quit") return false;
        if (line == "/reset") {
            conversation = start.conversation();
            printer.note("[a new conversation]");
        } else if (line.starts_with("/effort ")) {
            start.system.reasoning_effort = effort_of(line.substr(8));
            conversation.messages[0] = start.conversation().messages[0];
            printer.note("[effort " + line.substr(8) + "]");
        } else if (line == "/show") {
            const std::vector<std::int32_t> prompt =
                harmony::chat_prompt(encoding, conversation, options.keep_analysis);
            printer.show_prompt(encoding.tokenizer, prompt);
        } else {
            printer.note(kChatHelp);
        }
        return true;
    }

    // Lines of input until it ends; ask is called before each. A mistake is told, and the session
    // goes on.
    void run(std::istream& input, const std::function<void()>& ask) {
        std::string line;
        ask();
        while (std::getline(input, line)) {
            if (line.ends_with('\r')) line.pop_back();
            const bool is_command = line.starts_with("/");
            const bool is_blank = line.find_first_not_of(" \t") == std::string::npos;
            try {
                if (is_command && !command(line)) return;
                if (!is_command && !is_blank) say(line);
            } catch (const Error& error) {
                ++n_mistakes;
                const std::string advice = is_command ? "" : "; /reset begins anew";
                printer.note("[" + std::string(error.what()) + advice + "]");
            }
            if (caught_signal == SIGTERM) throw_if_stopped();
            caught_signal = 0;
            ask();
        }
    }
};

}  // namespace gptoss::tool

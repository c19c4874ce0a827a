// What a chat looks like: panes of text, or events as lines of JSON.
//
//     [analysis]                      {"event":"delta","channel":"final","text":"4"}
//     Simple arithmetic.              {"event":"message","message":{"role":"assistant",...}}
//                                     {"event":"end","reason":"answered",...}
//     [final]
//     4
//
// Text is written as it comes, in whole characters. Where it goes is up to the two functions, so
// that a test can look at it.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "gptoss/harmony/json.hpp"
#include "gptoss/run/chat.hpp"
#include "terminal.hpp"

namespace gptoss::tool {

struct ChatLook {
    bool json = false;
    bool hide_analysis = false;
    bool is_terminal = false;  // dim analysis, highlighted control tokens, no control characters
};

class ChatPrinter {
public:
    using Write = std::function<void(std::string_view text)>;

    ChatPrinter(ChatLook look, Write write, Write note)
        : look_(look), write_(std::move(write)), note_(std::move(note)) {}

    // After each token: what it added to the message that is being written.
    void show_delta(const harmony::StreamableParser& parser) {
        const auto& delta = parser.last_content_delta();
        if (!delta) return;
        show_text(parser.current_header(), *delta);
    }

    // A message is complete, with or without deltas before.
    void show_message(const harmony::Message& message) {
        const harmony::MessageHeader header{message.author, message.recipient, message.channel, {}};
        const std::string text = harmony::text_of(message);
        show_text(header, text.substr(std::min(n_shown_, text.size())));
        close_pane();
        if (look_.json) write_event({{"event", "message"}, {"message", harmony::to_json(message)}});
    }

    void show_end(const ChatTurn& turn) {
        close_pane();  // of a message that was cut off and not kept
        if (look_.json) {
            format::OrderedJson event = {{"event", "end"},
                                         {"reason", end_name(turn.end)},
                                         {"prompt_tokens", turn.n_prompt_tokens},
                                         {"tokens", turn.n_tokens},
                                         {"calls", turn.n_calls}};
            if (turn.error) event["error"] = *turn.error;
            write_event(event);
        } else if (turn.end != ChatEnd::answered) {
            note_(end_note(turn));
        }
    }

    // Tokens as text; what is a control token, and not text that looks like one, stands out.
    void show_prompt(const tokenizer::Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
        if (look_.json) {
            write_event({{"event", "prompt"}, {"text", tokenizer.decode(ids)}, {"ids", ids}});
            return;
        }
        std::vector<std::int32_t> text_ids;
        for (const std::int32_t id : ids) {
            if (!tokenizer::is_special_token(tokenizer.vocabulary, id)) {
                text_ids.push_back(id);
                continue;
            }
            write_text(tokenizer.decode(text_ids));
            text_ids.clear();
            const std::string name(tokenizer::token_bytes(tokenizer.vocabulary, id));
            write_(look_.is_terminal ? "\033[7m" + safe_for_terminal(name) + "\033[0m" : name);
        }
        write_text(tokenizer.decode(text_ids));
        write_("\n");
    }

    // A remark of the program itself.
    void note(const std::string& text) {
        if (look_.json) {
            write_event({{"event", "note"}, {"text", text}});
        } else {
            note_(text);
        }
    }

private:
    ChatLook look_;
    Write write_;
    Write note_;
    bool pane_is_open_ = false;
    bool pane_is_dim_ = false;
    std::size_t n_shown_ = 0;  // bytes of the message that is being written

    static const char* end_name(ChatEnd end) {
        const char* names[] = {"answered",     "max_tokens", "max_calls",
                               "context_full", "stopped",    "malformed"};
        return names[int(end)];
    }

    static std::string end_note(const ChatTurn& turn) {
        const char* notes[] = {
            "",        "cut off by --max-tokens", "too many calls", "the context is full",
            "stopped", "the answer is no message"};
        const std::string reason = turn.error ? ": " + *turn.error : "";
        return "[" + std::string(notes[int(turn.end)]) + reason + "]";
    }

    // "final", "call functions.f", "functions.f"
    static std::string pane_name(const harmony::MessageHeader& header) {
        if (header.author.role == harmony::Role::tool) return header.author.name.value_or("tool");
        if (header.recipient && *header.recipient != "all") return "call " + *header.recipient;
        return header.channel.value_or("message");
    }

    void show_text(const harmony::MessageHeader& header, const std::string& text) {
        n_shown_ += text.size();
        if (look_.json) {
            if (text.empty()) return;
            write_event({{"event", "delta"},
                         {"role", harmony::role_name(header.author.role)},
                         {"channel", harmony::json_or_null(header.channel)},
                         {"recipient", harmony::json_or_null(header.recipient)},
                         {"text", text}});
            return;
        }
        const bool is_analysis = header.channel == "analysis";
        if (is_analysis && look_.hide_analysis) return;
        if (!pane_is_open_) open_pane(pane_name(header), is_analysis);
        write_text(text);
    }

    // Without analysis there is only one pane to see, and no need for a name.
    void open_pane(const std::string& name, bool is_dim) {
        pane_is_open_ = true;
        pane_is_dim_ = is_dim && look_.is_terminal;
        if (pane_is_dim_) write_("\033[2m");
        const bool is_only_pane = look_.hide_analysis && name == "final";
        if (!is_only_pane) write_text("[" + name + "]\n");
    }

    void close_pane() {
        n_shown_ = 0;
        if (!pane_is_open_) return;
        if (pane_is_dim_) write_("\033[0m");
        write_(look_.hide_analysis ? "\n" : "\n\n");
        pane_is_open_ = false;
    }

    void write_text(const std::string& text) {
        write_(look_.is_terminal ? safe_for_terminal(text) : text);
    }

    void write_event(const format::OrderedJson& event) {
        write_text(event.dump(-1, ' ', false, format::OrderedJson::error_handler_t::replace) +
                   "\n");
    }
};

}  // namespace gptoss::tool

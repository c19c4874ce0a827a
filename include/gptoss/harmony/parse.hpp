// Parsing: tokens as messages again, one token at a time.
//
//     expect_start --<|start|>--> header --<|message|>--> content --<|end|> <|call|> <|return|>-+
//          ^                                                                                    |
//          +------------------------------- a message is complete ------------------------------+
//
// A completion continues a prompt that ended in "<|start|>assistant", so the parser is told the role
// and begins in the header. While it runs, everything that a user interface shows can be read off:
// who speaks, in which channel, to whom, the text so far and what the last token added to it.
//
// Where    run/chat.hpp, and whoever streams a model's answer.
// Source   openai-harmony 0.0.8, src/encoding.rs: StreamableParser and
//          parse_messages_from_completion_tokens. Rules d.1 to d.4 of docs/harmony.md.
// Errors   as values, never exceptions: a model may write anything, and the messages that were
//          complete before the mistake are kept.
// Pitfalls A role and a <|start|> in front is a role too many: the header is then no header. Not
//          strict means one thing only: a header that ends without <|message|> becomes a message.
//          A parser is used once. In content, control tokens that end nothing are text. A header in
//          which ordinary tokens spell a marker is refused, unlike by the original (rule d.2.13).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/harmony/content_decoder.hpp"
#include "gptoss/harmony/header.hpp"

namespace gptoss::harmony {

struct ParseOptions {
    bool strict = true;
};

enum class StreamState { expect_start, header, content };

class StreamableParser {
public:
    explicit StreamableParser(const HarmonyEncoding& encoding, std::optional<Role> role = {},
                              ParseOptions options = {})
        : encoding_(encoding),
          options_(options),
          pending_role_(role),
          state_(role ? StreamState::header : StreamState::expect_start),
          content_{encoding.tokenizer} {}
    // The encoding must outlive the parser.
    explicit StreamableParser(const HarmonyEncoding&&, std::optional<Role> = {},
                              ParseOptions = {}) = delete;

    // The next token, and the end of the stream. The error's text, if it was a mistake.
    std::optional<std::string> process(std::int32_t id) {
        tokens_.push_back(id);
        try {
            step(id);
        } catch (const HarmonyError& error) {
            return error.words;
        }
        return std::nullopt;
    }

    std::optional<std::string> process_eos() {
        if (state_ == StreamState::content) finish_message();
        if (state_ == StreamState::expect_start) return std::nullopt;
        return "Unexpected EOS while waiting for message header to complete";
    }

    const std::vector<Message>& messages() const { return messages_; }   // the complete ones
    const std::vector<std::int32_t>& tokens() const { return tokens_; }  // all that came
    StreamState state() const { return state_; }

    // Who speaks is known in the content, and before that only if the caller said it.
    std::optional<Role> current_role() const {
        return in_content() ? header_.author.role : pending_role_;
    }
    std::optional<std::string> current_channel() const { return header_.channel; }
    std::optional<std::string> current_recipient() const { return header_.recipient; }
    std::optional<std::string> current_content_type() const { return header_.content_type; }
    const std::string& current_content() const { return content_.text; }
    const std::optional<std::string>& last_content_delta() const { return content_.delta; }

    const MessageHeader& current_header() const { return header_; }
    const std::vector<std::int32_t>& header_tokens() const { return header_tokens_; }
    const std::vector<std::int32_t>& content_tokens() const { return content_.ids; }

private:
    const HarmonyEncoding& encoding_;
    ParseOptions options_;
    std::optional<Role> pending_role_;  // of the first message, until its header is complete
    StreamState state_;
    std::vector<std::int32_t> header_tokens_;
    MessageHeader header_;    // in content; empty elsewhere
    ContentDecoder content_;  // likewise
    std::vector<Message> messages_;
    std::vector<std::int32_t> tokens_;

    bool in_content() const { return state_ == StreamState::content; }

    bool ends_message(std::int32_t id) const {
        return id == encoding_.id(ControlToken::end) || id == encoding_.id(ControlToken::call) ||
               id == encoding_.id(ControlToken::return_);
    }

    void step(std::int32_t id) {
        if (state_ == StreamState::expect_start) {
            expect_start(id);
        } else if (state_ == StreamState::header) {
            step_in_header(id);
        } else {
            step_in_content(id);
        }
    }

    void expect_start(std::int32_t id) {
        const std::int32_t start = encoding_.id(ControlToken::start);
        if (id != start) {
            throw HarmonyError("Unexpected token " + std::to_string(id) +
                               " while expecting start token " + std::to_string(start));
        }
        state_ = StreamState::header;
    }

    void step_in_header(std::int32_t id) {
        if (id == encoding_.id(ControlToken::message)) {
            const std::vector<std::int32_t> ids = std::move(header_tokens_);
            header_tokens_.clear();
            state_ = StreamState::expect_start;  // and there it stays if the header is wrong
            header_ = parse_header(header_text(ids), pending_role_);
            pending_role_.reset();
            state_ = StreamState::content;
        } else if (!options_.strict && ends_message(id)) {
            finish_header_without_message();
        } else {
            header_tokens_.push_back(id);
        }
    }

    std::string header_text(const std::vector<std::int32_t>& ids) const {
        std::string text;
        try {
            text = decode_header(encoding_.tokenizer, ids);
        } catch (const HarmonyError&) {
            throw HarmonyError("could not decode header");
        }
        refuse_spelled_markers(encoding_.tokenizer, ids);
        return text;
    }

    // "<|channel|>final I cannot help with that.<|return|>": the words are the message.
    void finish_header_without_message() {
        if (pending_role_ && !header_tokens_.empty()) {
            const std::string text = decode_header(encoding_.tokenizer, header_tokens_);
            refuse_spelled_markers(encoding_.tokenizer, header_tokens_);
            const auto [header, words] = read_header_start(text, pending_role_);
            add_message(header, joined(words, " "));
        }
        pending_role_.reset();
        header_tokens_.clear();
        state_ = StreamState::expect_start;
    }

    void step_in_content(std::int32_t id) {
        if (ends_message(id)) {
            finish_message();
        } else {
            content_.push(id);
        }
    }

    void finish_message() {
        content_.finish();
        add_message(header_, content_.text);
        header_ = {};
        content_.text.clear();
        content_.ids.clear();
        state_ = StreamState::expect_start;
    }

    void add_message(const MessageHeader& header, const std::string& text) {
        Message message = Message::from_author_and_content(header.author, TextContent{text});
        message.recipient = header.recipient;
        message.channel = header.channel;
        message.content_type = header.content_type;
        messages_.push_back(message);
    }
};

// --- A whole completion -----------------------------------------------------------------------

struct ParseError {
    std::string text;
    std::size_t at;  // index of the token; the number of tokens if it was the end
};

struct ParseResult {
    std::vector<Message> messages;  // also in front of an error
    std::optional<ParseError> error = {};
};

// role is Role::assistant behind a prompt that ended with it, and none if the tokens begin with
// <|start|>.
inline ParseResult parse_messages_from_completion_tokens(const HarmonyEncoding& encoding,
                                                         const std::vector<std::int32_t>& tokens,
                                                         std::optional<Role> role = {},
                                                         ParseOptions options = {}) {
    StreamableParser parser(encoding, role, options);
    for (std::size_t k = 0; k < tokens.size(); ++k) {
        if (const auto error = parser.process(tokens[k])) {
            return {parser.messages(), ParseError{*error, k}};
        }
    }
    const std::optional<std::string> error = parser.process_eos();
    if (error) return {parser.messages(), ParseError{*error, tokens.size()}};
    return {parser.messages()};
}

}  // namespace gptoss::harmony

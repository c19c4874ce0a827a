// Text and what a model writes: encoding, Harmony, conversations.
#pragma once
#include <string>
#include <vector>

#include "gptoss/harmony/conversation_file.hpp"
#include "gptoss/harmony/parse.hpp"
#include "gptoss/harmony/render.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"

// The single bytes, runs of "a" that merge in pairs up to 1,024, and the ten named special tokens.
inline const gptoss::tokenizer::Tokenizer& run_tokenizer() {
    static const gptoss::tokenizer::Tokenizer tokenizer = [] {
        std::vector<std::string> tokens;
        for (int byte = 0; byte < 256; ++byte)
            tokens.push_back(std::string(1, char(byte)));
        for (std::size_t length = 2; length <= 1024; length *= 2)
            tokens.push_back(std::string(length, 'a'));
        auto special = gptoss::tokenizer::named_special_tokens_from(int(tokens.size()));
        return gptoss::tokenizer::Tokenizer{
            gptoss::tokenizer::make_vocabulary(std::move(tokens), std::move(special), "runs")};
    }();
    return tokenizer;
}

inline const gptoss::harmony::HarmonyEncoding& run_encoding() {
    static const auto encoding = gptoss::harmony::harmony_encoding(run_tokenizer());
    return encoding;
}

inline void encode(const std::string& text) {
    run_tokenizer().encode(text);
}

// The text as an assistant's header, or as its content.
inline void parse_answer(const std::string& before, const std::string& text,
                         const std::string& behind) {
    std::vector<std::int32_t> ids = run_tokenizer().encode_with_special(before);
    for (const char letter : text)
        ids.push_back(static_cast<unsigned char>(letter));
    const auto end = run_tokenizer().encode_with_special(behind);
    ids.insert(ids.end(), end.begin(), end.end());
    gptoss::harmony::parse_messages_from_completion_tokens(run_encoding(), ids,
                                                           gptoss::harmony::Role::assistant);
}
inline void parse_header_of(const std::string& text) {
    parse_answer("<|channel|>final ", text, "<|message|>x<|end|>");
}
inline void parse_content_of(const std::string& text) {
    parse_answer("<|channel|>final<|message|>", text, "<|end|>");
}

inline std::string messages_text(std::size_t size) {
    std::string text = "[{\"role\":\"user\",\"content\":\"x\"}";
    while (text.size() < size)
        text += ",{\"role\":\"user\",\"content\":\"x\"}";
    return text + "]";
}

inline std::string tools_text(std::size_t size) {
    std::string text;
    for (int k = 0; text.size() < size; ++k) {
        const std::string name = "f" + std::to_string(k);
        text += (k > 0 ? ",\"" : "\"") + name + "\":{\"name\":\"" + name + "\",\"tools\":[]}";
    }
    return "[{\"role\":\"developer\",\"content\":[{\"type\":\"developer_content\",\"tools\":{" +
           text + "}}]}]";
}

inline void read_and_render(const std::string& text) {
    const auto conversation =
        gptoss::harmony::read_conversation_file(gptoss::format::parse_ordered_json("x", text), "x");
    gptoss::harmony::render_conversation(run_encoding(), conversation);
}

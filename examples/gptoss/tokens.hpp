// Token ids in and out of the tool: lists of ids, prompts, and the text of what comes back.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/tokenizer/streaming_decoder.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "models.hpp"
#include "signals.hpp"

namespace gptoss::tool {

// --- Arguments --------------------------------------------------------------------------------

// The ids of "1 2 3".
inline std::vector<std::int32_t> parse_spaced_ids(std::string_view text) {
    const std::string_view spaces = " \t\n";
    std::vector<std::int32_t> ids;
    std::size_t begin = text.find_first_not_of(spaces);
    while (begin != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(spaces, begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        std::int32_t id = -1;
        const auto [stop, status] = std::from_chars(word.begin(), word.end(), id);
        if (status != std::errc() || stop != word.end() || id < 0) {
            throw Error("ids: " + format::quoted(std::string(word)) + " is not a token id");
        }
        ids.push_back(id);
        begin = text.find_first_not_of(spaces, end);
    }
    return ids;
}

// "1,2,3" or "1 2 3"
inline std::vector<std::int32_t> parse_ids(std::string_view text) {
    if (text.find(',') == std::string_view::npos) return parse_spaced_ids(text);
    std::vector<std::int32_t> ids;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::vector<std::int32_t> between = parse_spaced_ids(text.substr(begin, end - begin));
        if (between.empty()) {
            throw Error("ids: entry " + std::to_string(ids.size() + 1) +
                        " is empty, expected a token id");
        }
        ids.insert(ids.end(), between.begin(), between.end());
        begin = end + 1;
    }
    return ids;
}

inline std::string ids_text(const std::vector<std::int32_t>& ids) {
    std::string text;
    for (const std::int32_t id : ids) {
        text += (text.empty() ? "" : " ") + std::to_string(id);
    }
    return text;
}

// "-" stands for standard input, all of it.
inline std::string text_argument(const std::string& argument) {
    if (argument != "-") return argument;
    throw_if_stopped();  // Ctrl-C while the model was read: nobody will end the input
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    throw_if_stopped();  // Ctrl-C ends the input too
    return text;
}

// What a subcommand that runs a model starts from: a text or --ids, never both.
inline std::vector<std::int32_t> prompt_ids(const std::string& prompt, const std::string& ids,
                                            const OpenedModel& model) {
    if (ids.empty() && !model.tokenizer) {
        throw Error(model.dir + " has no tokenizer.json (vocab_size " +
                    std::to_string(model.weights.config.vocab_size) +
                    "): give token ids with --ids");
    }
    const std::vector<std::int32_t> tokens =
        ids.empty() ? model.tokenizer->encode(text_argument(prompt)) : parse_ids(ids);
    if (tokens.empty()) throw Error("the prompt has no tokens, expected at least one");
    return tokens;
}

// --- Text of ids ------------------------------------------------------------------------------

inline bool is_known(const tokenizer::Vocabulary& vocabulary, std::int32_t id) {
    const bool is_rank = id >= 0 && std::size_t(id) < vocabulary.tokens.size();
    return is_rank || tokenizer::is_special_token(vocabulary, id);
}

// The embedding has more rows than the tokenizer has names, and a model may choose any.
inline std::string token_text(const tokenizer::Vocabulary& vocabulary, std::int32_t id) {
    if (!is_known(vocabulary, id)) return "<|unknown_" + std::to_string(id) + "|>";
    return std::string(tokenizer::token_bytes(vocabulary, id));
}

// What to print for the next id: complete characters only; without a tokenizer the ids themselves.
class TokenPrinter {
public:
    explicit TokenPrinter(const std::optional<tokenizer::Tokenizer>& tokenizer) {
        if (tokenizer) decoder_.emplace(tokenizer::StreamingDecoder{tokenizer->vocabulary});
    }

    std::string push(std::int32_t id) {
        ++n_pushed_;
        if (!decoder_) return (n_pushed_ > 1 ? " " : "") + std::to_string(id);
        if (is_known(decoder_->vocabulary, id)) return decoder_->push(id);
        return decoder_->finish() + token_text(decoder_->vocabulary, id);
    }
    std::string finish() { return decoder_ ? decoder_->finish() : ""; }

private:
    std::optional<tokenizer::StreamingDecoder> decoder_;
    int n_pushed_ = 0;
};

}  // namespace gptoss::tool

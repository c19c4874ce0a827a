// Special tokens: ids that no text encodes to; they carry the structure of a conversation.
//
//     199998 <|startoftext|>   200003 <|constrain|>   200007 <|end|>
//     199999 <|endoftext|>     200005 <|channel|>     200008 <|message|>   200018 <|endofprompt|>
//     200002 <|return|>        200006 <|start|>       200012 <|call|>
//
//     and all others up to 201087: <|reserved_N|>, where N is the id
//
// The names are data: a vocabulary brings its own list, and the code asks for them by name, so a
// toy model with 1,024 ranks can have <|start|> at 1029.
//
// Source   official tokenizer: gpt_oss/tokenizer.py, get_tokenizer.
// Pitfalls 200018 has two names, <|endofprompt|> of o200k_base and <|reserved_200018|>: both encode
//          to it and it decodes to the first. The embedding has 201,088 rows, so 201087 is the last
//          id; openai-harmony also lists <|reserved_201088|>, which no model can read or write.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gptoss::tokenizer {

struct SpecialToken {
    std::int32_t id;
    std::string text;
};

inline constexpr std::int32_t kO200kRanks = 199998;       // ids 0 .. 199997 are text
inline constexpr std::int32_t kO200kHarmonyIds = 201088;  // rows of the embedding
inline constexpr std::int32_t kO200kEndOfPrompt = 200018;

// The ten with a meaning, at their ids in the published models.
inline std::vector<SpecialToken> named_special_tokens() {
    return {
        {199998, "<|startoftext|>"}, {199999, "<|endoftext|>"},
        {200002, "<|return|>"},      {200003, "<|constrain|>"},
        {200005, "<|channel|>"},     {200006, "<|start|>"},
        {200007, "<|end|>"},         {200008, "<|message|>"},
        {200012, "<|call|>"},        {kO200kEndOfPrompt, "<|endofprompt|>"},
    };
}

// The same ten, numbered from first_id on without a gap, for a smaller vocabulary.
inline std::vector<SpecialToken> named_special_tokens_from(std::int32_t first_id) {
    std::vector<SpecialToken> tokens = named_special_tokens();
    for (std::size_t k = 0; k < tokens.size(); ++k) {
        tokens[k].id = first_id + std::int32_t(k);
    }
    return tokens;
}

// Gives every id of o200k_harmony that the list leaves without a name its reserved one.
inline void add_reserved_tokens(std::vector<SpecialToken>& tokens) {
    std::vector<bool> has_name(std::size_t(kO200kHarmonyIds), false);
    for (const SpecialToken& token : tokens) {
        const bool is_in_range = token.id >= kO200kRanks && token.id < kO200kHarmonyIds;
        if (is_in_range) has_name[std::size_t(token.id)] = true;
    }
    for (std::int32_t id = kO200kRanks; id < kO200kHarmonyIds; ++id) {
        if (has_name[std::size_t(id)]) continue;
        tokens.push_back({id, "<|reserved_" + std::to_string(id) + "|>"});
    }
}

// All 1,091 names of o200k_harmony.
inline std::vector<SpecialToken> o200k_harmony_special_tokens() {
    std::vector<SpecialToken> tokens = named_special_tokens();
    add_reserved_tokens(tokens);
    const SpecialToken second_name{kO200kEndOfPrompt, "<|reserved_200018|>"};
    tokens.push_back(second_name);
    return tokens;
}

}  // namespace gptoss::tokenizer

// Vocabulary: what each token id stands for. Ranks for text, names for special tokens.
//
//     ids 0 .. n-1    the bytes tokens[id]; id = rank = order of merging; no gaps
//     ids from n on   special tokens, as listed; an id may have several names
//
// The two never mix: ranks are asked when text is encoded, special_ids only by who wants a special
// token. The bytes of a token need not be valid UTF-8: id 9552 is a space and half an emoji.
//
// Where    made by tiktoken_file.hpp and tokenizer_json.hpp; used by tokenizer.hpp.
// Errors   Error if a single byte is missing (some text could not be encoded), two tokens are the
//          same, an id is used for text and for a special token, or a hole before the first special
//          token shows that ranks are missing.
// Pitfalls The tables view the strings beside them, so a Vocabulary can be moved but not copied.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/tokenizer/bpe.hpp"
#include "gptoss/tokenizer/special_tokens.hpp"
#include "gptoss/tokenizer/utf8.hpp"

namespace gptoss::tokenizer {

using SpecialIds = std::unordered_map<std::string_view, std::int32_t>;    // name -> id
using SpecialNames = std::unordered_map<std::int32_t, std::string_view>;  // id -> its first name

struct Vocabulary {
    std::vector<std::string> tokens;           // by id: the bytes of the tokens of text
    std::vector<SpecialToken> special_tokens;  // in the order given

    // Made from the two above.
    RankTable ranks;  // bytes -> id
    SpecialIds special_ids;
    SpecialNames special_names;
    std::string special_first_bytes;           // of the names, each once: "<"
    std::vector<std::size_t> special_lengths;  // of the names, each once, longest first

    Vocabulary() = default;
    Vocabulary(Vocabulary&&) = default;
    Vocabulary& operator=(Vocabulary&&) = default;
    Vocabulary(const Vocabulary&) = delete;
    Vocabulary& operator=(const Vocabulary&) = delete;
};

inline void index_tokens(Vocabulary& vocabulary, const std::string& source) {
    vocabulary.ranks.reserve(vocabulary.tokens.size());
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const std::string& bytes = vocabulary.tokens[id];
        if (bytes.empty()) throw Error(source + ": token " + std::to_string(id) + " has no bytes");
        const auto [entry, is_new] = vocabulary.ranks.emplace(bytes, std::int32_t(id));
        if (!is_new) {
            throw Error(source + ": tokens " + std::to_string(entry->second) + " and " +
                        std::to_string(id) + " have the same bytes");
        }
    }
    for (int byte = 0; byte < 256; ++byte) {
        const std::string single(1, char(byte));
        if (rank_of(vocabulary.ranks, single) == kNoRank) {
            throw Error(source + ": no token for the single byte " + std::to_string(byte) +
                        ", expected all 256");
        }
    }
}

// What lets a search through a text skip the places where no name can stand.
inline void index_special_search(Vocabulary& vocabulary, const std::string& name) {
    std::string& first_bytes = vocabulary.special_first_bytes;
    if (first_bytes.find(name[0]) == std::string::npos) first_bytes += name[0];
    std::vector<std::size_t>& lengths = vocabulary.special_lengths;
    const bool is_known = std::count(lengths.begin(), lengths.end(), name.size()) != 0;
    if (!is_known) lengths.push_back(name.size());
}

inline void index_special_tokens(Vocabulary& vocabulary, const std::string& source) {
    const std::int64_t n_ranks = std::int64_t(vocabulary.tokens.size());
    for (const SpecialToken& token : vocabulary.special_tokens) {
        const std::string what = source + ": special token " + format::quoted(token.text);
        if (token.text.empty()) throw Error(source + ": a special token has an empty name");
        require_valid_utf8(what.c_str(), token.text);
        if (token.id < n_ranks) {
            throw Error(what + " has id " + std::to_string(token.id) + ", expected at least " +
                        std::to_string(n_ranks) + " (the number of ranks)");
        }
        if (!vocabulary.special_ids.emplace(token.text, token.id).second) {
            throw Error(what + " is listed twice");
        }
        vocabulary.special_names.emplace(token.id, token.text);
        index_special_search(vocabulary, token.text);
    }
    std::sort(vocabulary.special_lengths.rbegin(), vocabulary.special_lengths.rend());
}

// Ranks that end before the first special token begins are how a file cut short looks.
inline void require_no_hole(const Vocabulary& vocabulary, const std::string& source) {
    if (vocabulary.special_tokens.empty()) return;
    const SpecialToken* first = &vocabulary.special_tokens[0];
    for (const SpecialToken& token : vocabulary.special_tokens) {
        if (token.id < first->id) first = &token;
    }
    if (first->id == std::int64_t(vocabulary.tokens.size())) return;
    throw Error(source + ": " + std::to_string(vocabulary.tokens.size()) + " ranks, expected " +
                std::to_string(first->id) + " (the id of " + format::quoted(first->text) + ")");
}

// source names the file in errors.
inline Vocabulary make_vocabulary(std::vector<std::string> tokens,
                                  std::vector<SpecialToken> special_tokens,
                                  const std::string& source) {
    Vocabulary vocabulary;
    vocabulary.tokens = std::move(tokens);
    vocabulary.special_tokens = std::move(special_tokens);
    index_tokens(vocabulary, source);
    index_special_tokens(vocabulary, source);
    require_no_hole(vocabulary, source);
    return vocabulary;
}

// The first n_ranks tokens with other special tokens: a smaller vocabulary with the same rules.
inline Vocabulary truncated_vocabulary(const Vocabulary& full, int n_ranks,
                                       std::vector<SpecialToken> special_tokens) {
    if (n_ranks < 0 || std::size_t(n_ranks) > full.tokens.size()) {
        throw Error("truncated_vocabulary: n_ranks is " + std::to_string(n_ranks) +
                    ", expected at most " + std::to_string(full.tokens.size()));
    }
    std::vector<std::string> tokens(full.tokens.begin(), full.tokens.begin() + n_ranks);
    return make_vocabulary(std::move(tokens), std::move(special_tokens), "truncated_vocabulary");
}

inline bool is_special_token(const Vocabulary& vocabulary, std::int32_t id) {
    return vocabulary.special_names.count(id) != 0;
}

// Text or special. An embedding may have more rows than there are tokens, and a model may pick any.
inline bool is_token(const Vocabulary& vocabulary, std::int32_t id) {
    const bool is_text = id >= 0 && std::size_t(id) < vocabulary.tokens.size();
    return is_text || is_special_token(vocabulary, id);
}

// The bytes of a token; of a special token, its name.
inline std::string_view token_bytes(const Vocabulary& vocabulary, std::int32_t id) {
    if (id >= 0 && std::size_t(id) < vocabulary.tokens.size()) {
        return vocabulary.tokens[std::size_t(id)];
    }
    const auto found = vocabulary.special_names.find(id);
    if (found == vocabulary.special_names.end()) {
        throw Error("decode: token id " + std::to_string(id) + " is not in the vocabulary");
    }
    return found->second;
}

// special_id(vocabulary, "<|start|>") == 200006
inline std::int32_t special_id(const Vocabulary& vocabulary, std::string_view name) {
    const auto found = vocabulary.special_ids.find(name);
    if (found == vocabulary.special_ids.end()) {
        throw Error("special_id: the vocabulary has no special token " +
                    format::quoted(std::string(name)));
    }
    return found->second;
}

// One more than the largest id: the rows an embedding needs.
inline int vocab_size(const Vocabulary& vocabulary) {
    std::int32_t size = std::int32_t(vocabulary.tokens.size());
    for (const SpecialToken& token : vocabulary.special_tokens) {
        size = std::max(size, token.id + 1);
    }
    return size;
}

}  // namespace gptoss::tokenizer

// Lesson 9, text: byte pairs, and Harmony's header.
#include "adapt_text.hpp"
#include "functions.hpp"
#include "gptoss/tokenizer/load_tokenizer.hpp"
#include "lessons.hpp"

namespace gptoss::course {
namespace {

using tokenizer::RankTable;
using BpeScan = Remote<"bpe_scan", &tokenizer::bpe_scan>;
using BpeEncode = Remote<"bpe_encode", &tokenizer::bpe_encode>;
using TakeChannel = Remote<"take_channel", &take_channel_of>;
using ParseHeader = Remote<"parse_header", &parse_header_of>;

Numbers scanned(const RankTable& ranks, std::string_view piece) {
    Ids ids;
    BpeScan::call(ranks, piece, ids);
    return numbers(ids);
}

// Tokens of a, b and c, each new one made of two that are there.
Numbers hidden_bpe(Random& random) {
    std::vector<std::string> tokens{"a", "b", "c"};
    while (tokens.size() < 12) {
        const int n = int(tokens.size());
        const std::string joined =
            tokens[std::size_t(random.below(n))] + tokens[std::size_t(random.below(n))];
        const bool is_new = std::find(tokens.begin(), tokens.end(), joined) == tokens.end();
        if (is_new) tokens.push_back(joined);
    }
    RankTable ranks;
    for (const std::string& token : tokens) {
        ranks.emplace(token, std::int32_t(ranks.size()));
    }
    std::string piece;
    for (int n = random.between(3, 30); n > 0; --n) {
        piece += char('a' + random.below(3));
    }
    return scanned(ranks, piece);
}

Numbers words_of_nano() {
    static const tokenizer::Tokenizer nano =
        tokenizer::load_tokenizer(GPTOSS_SOURCE_DIR "/examples/nano/model");
    Numbers all;
    for (const char* word :
         {" the", " answer", "twelve", " unbelievable", "Berlin", " 17", "+", "é"}) {
        Ids ids;
        BpeEncode::call(nano.vocabulary.ranks, word, ids);
        append(all, ids);
    }
    return all;
}

Numbers letters(const std::string& text) {
    Numbers codes;
    for (const char letter : text) {
        codes.push_back(std::uint8_t(letter));
    }
    return codes;
}

Numbers hidden_channel(Random& random) {
    const std::vector<std::string> parts{"assistant", " to=functions.f",   "<|channel|>", "final",
                                         " ",         "<|constrain|>json", "analysis",    "日本"};
    std::string header;
    for (int n = random.between(2, 6); n > 0; --n) {
        header += parts[std::size_t(random.below(int(parts.size())))];
    }
    return letters(TakeChannel::call(header));
}

Numbers headers() {
    Numbers all;
    for (const char* text : {"assistant<|channel|>final", "user",
                             "assistant<|channel|>commentary to=functions.f <|constrain|>json",
                             "assistant to=functions.f<|channel|>commentary<|constrain|>json"}) {
        append(all, letters(ParseHeader::call(text)));
    }
    return all;
}

const RankTable kToy{{"a", 0}, {"b", 1}, {"c", 2}, {"ab", 3}, {"bc", 4}, {"abab", 5}};
const RankTable kShort{{"a", 0}, {"b", 1}, {"c", 2}, {"d", 3}, {"cd", 4}, {"abc", 5}};

WorkedCase taken(const char* name, Numbers (*run)(), const char* expected) {
    return {name, letters(expected), run};
}

}  // namespace

std::vector<Exercise> lesson_9() {
    std::vector<WorkedCase> bpe{
        {"c: nothing to merge", {2}, [] { return scanned(kToy, "c"); }},
        {"a b c: ab (3) before bc (4), so ab c", {3, 2}, [] { return scanned(kToy, "abc"); }},
        {"a b a b c: ab ab c, then abab c", {5, 2}, [] { return scanned(kToy, "ababc"); }},
        {"b c a b: two merges, bc ab", {4, 3}, [] { return scanned(kToy, "bcab"); }},
        {"lowest rank first is not longest match: abcd is a b cd",
         {0, 1, 4},
         [] { return scanned(kShort, "abcd"); }},
    };
    std::vector<WorkedCase> channel{
        taken(
            "user: no channel, all is left", [] { return letters(TakeChannel::call("user")); },
            "-|user"),
        taken(
            "assistant<|channel|>final: final is cut out with its marker",
            [] { return letters(TakeChannel::call("assistant<|channel|>final")); },
            "final|assistant"),
        taken(
            "it ends at a space",
            [] { return letters(TakeChannel::call("assistant<|channel|>a to=f json")); },
            "a|assistant to=f json"),
        taken(
            "or at <", [] { return letters(TakeChannel::call("x<|channel|>a<|constrain|>json")); },
            "a|x<|constrain|>json"),
        taken(
            "a marker without a channel is an error",
            [] { return letters(TakeChannel::call("assistant<|channel|> final")); },
            "error: channel marker present but no channel value found in header"),
    };
    return {{"bpe_scan", bpe, hidden_bpe, words_of_nano, "words in nano's vocabulary"},
            {"take_channel", channel, hidden_channel, headers, "headers of messages"}};
}

}  // namespace gptoss::course

// Nearest words: what somebody may have meant who misspelt a name.
//
//     nearest_words("diagnos", {"chat", "compare", "diagnose"})    ->  {"diagnose"}
//     did_you_mean({"diagnose"})                                   ->  "; did you mean diagnose?"
//
// The distance of two words is how many letters have to be inserted, deleted or replaced to make one
// of the other.
//
// Where    errors that name an unknown site or subcommand.
// Source   Wagner and Fischer 1974, The String-to-String Correction Problem, section 3.
// Pitfalls Two letters in the wrong order are two letters away.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gptoss {

inline constexpr int kFarthestWord = 2;  // a word further away is another word, no slip

inline int edit_distance(std::string_view from, std::string_view to) {
    // distance[j]: from the letters of `from` so far to the first j letters of `to`
    std::vector<int> distance(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) {
        distance[j] = int(j);
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::vector<int> next(to.size() + 1);
        next[0] = int(i) + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const int replaced = distance[j] + (from[i] == to[j] ? 0 : 1);
            const int deleted = distance[j + 1] + 1;
            const int inserted = next[j] + 1;
            next[j + 1] = std::min({replaced, deleted, inserted});
        }
        distance = next;
    }
    return distance[to.size()];
}

// Those of words that are nearest to word, all of the same distance; none if that is too far.
inline std::vector<std::string> nearest_words(std::string_view word,
                                              const std::vector<std::string>& words) {
    std::vector<std::string> nearest;
    int least = kFarthestWord;
    for (const std::string& known : words) {
        const int distance = edit_distance(word, known);
        if (distance < least) nearest.clear();
        least = std::min(least, distance);
        if (distance == least) nearest.push_back(known);
    }
    return nearest;
}

// The end of an error message; "" if there is nothing to ask.
inline std::string did_you_mean(const std::vector<std::string>& words) {
    if (words.empty()) return "";
    std::string choice = words[0];
    for (std::size_t i = 1; i < words.size(); ++i) {
        choice += " or " + words[i];
    }
    return "; did you mean " + choice + "?";
}

}  // namespace gptoss

// Problems of a checkpoint: all of them in one Error of ten lines at most, the general fact first.
//
//     DIR: 17 problems: config.json says 5 layers, the tensors are of 4
//       DIR: "model.layers.4.input_layernorm.weight": is missing, expected BF16 (64) (and 16 more
//       like it)
//
// A single problem is the message itself; few are listed one by one.
//
// Errors   Error with the list.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss::checkpoint {

enum class ProblemKind { doubled, incomplete, dtype, shape, missing, unknown, scale };

struct Problem {
    ProblemKind kind;
    std::string line;
};
using Problems = std::vector<Problem>;

inline constexpr std::size_t kListedOneByOne = 8;

// The first of each kind, with the number of its like.
inline std::string problems_by_kind(const Problems& problems) {
    std::map<ProblemKind, std::vector<const std::string*>> lines_of;
    for (const Problem& problem : problems)
        lines_of[problem.kind].push_back(&problem.line);
    std::string text;
    for (const auto& [kind, lines] : lines_of) {
        text += "\n  " + *lines[0];
        const std::size_t n_more = lines.size() - 1;
        if (n_more > 0) text += " (and " + std::to_string(n_more) + " more like it)";
    }
    return text;
}

// facts are about all of the checkpoint.
inline void throw_if_any(const std::string& folder, const Problems& problems,
                         const std::vector<std::string>& facts = {}) {
    if (problems.empty()) return;
    if (problems.size() == 1 && facts.empty()) throw Error(problems[0].line);
    std::string message = folder + ": ";
    message += problems.size() == 1 ? "1 problem" : std::to_string(problems.size()) + " problems";
    for (std::size_t i = 0; i < facts.size(); ++i)
        message += (i == 0 ? ": " : "; ") + facts[i];
    if (problems.size() > kListedOneByOne) throw Error(message + problems_by_kind(problems));
    for (const Problem& problem : problems)
        message += "\n  " + problem.line;
    throw Error(message);
}

}  // namespace gptoss::checkpoint

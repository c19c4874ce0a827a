// Byte pattern: which texts are allowed, as a machine that reads a byte at a time.
//
//     states     numbered; an edge leads from one to another over a range of bytes, or over nothing
//     start      the set of states that can be reached from state 0 over nothing
//     next       all that an edge over this byte leads to, and what follows from there over nothing
//     text       a text is allowed if its bytes lead from start to a set with the end in it; what
//                was read so far can still become one as long as the set is not empty
//
// Built from left to right: each function below goes on from a state and returns where it ends.
//
// Where    built by json_pattern.hpp and choice_pattern, read by token_mask.hpp.
// Source   Thompson 1968, Regular Expression Search Algorithm.
// Pitfalls A dead end must not be built: then every set that is not empty can be completed.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"

namespace gptoss {

using StateSet = std::vector<int>;  // sorted, no state twice

class BytePattern {
public:
    int new_state() {
        edges_.emplace_back();
        jumps_.emplace_back();
        return int(edges_.size()) - 1;
    }
    int start_state() const { return 0; }
    void set_end(int state) { end_ = state; }

    // From one state to another over a byte of [first, last], or over nothing.
    void add_edge(int from, std::uint8_t first, std::uint8_t last, int to) {
        edges_[std::size_t(from)].push_back({first, last, to});
    }
    void add_jump(int from, int to) { jumps_[std::size_t(from)].push_back(to); }

    int byte(int from, std::uint8_t first, std::uint8_t last) {
        const int to = new_state();
        add_edge(from, first, last, to);
        return to;
    }
    int text(int from, std::string_view text) {
        for (const char c : text) {
            from = byte(from, std::uint8_t(c), std::uint8_t(c));
        }
        return from;
    }

    StateSet start() const { return reachable({start_state()}); }
    StateSet next(const StateSet& states, std::uint8_t byte) const {
        StateSet over_byte;
        for (const int state : states) {
            for (const Edge& edge : edges_[std::size_t(state)]) {
                if (edge.first <= byte && byte <= edge.last) over_byte.push_back(edge.to);
            }
        }
        return reachable(over_byte);
    }
    bool is_complete(const StateSet& states) const {
        return std::binary_search(states.begin(), states.end(), end_);
    }
    // Nothing may follow.
    bool is_exhausted(const StateSet& states) const {
        const auto has_edge = [this](int state) { return !edges_[std::size_t(state)].empty(); };
        return std::none_of(states.begin(), states.end(), has_edge);
    }

private:
    struct Edge {
        std::uint8_t first, last;
        int to;
    };

    StateSet reachable(const StateSet& from) const {
        StateSet found, open = from;
        while (!open.empty()) {
            const int state = open.back();
            open.pop_back();
            const auto at = std::lower_bound(found.begin(), found.end(), state);
            if (at != found.end() && *at == state) continue;
            found.insert(at, state);
            const std::vector<int>& jumps = jumps_[std::size_t(state)];
            open.insert(open.end(), jumps.begin(), jumps.end());
        }
        return found;
    }

    std::vector<std::vector<Edge>> edges_{1};
    std::vector<std::vector<int>> jumps_{1};
    int end_ = 0;
};

// One of these texts.
inline BytePattern choice_pattern(const std::vector<std::string>& choices) {
    if (choices.empty()) throw Error("choices: there are none, expected one or more");
    BytePattern pattern;
    const int end = pattern.new_state();
    pattern.set_end(end);
    for (const std::string& choice : choices) {
        if (choice.empty()) throw Error("choices: one is empty, expected a text");
        pattern.add_jump(pattern.text(pattern.start_state(), choice), end);
    }
    return pattern;
}

}  // namespace gptoss

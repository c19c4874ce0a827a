// Passes: a whole prompt through a fresh model of any table, in passes of a given length.
//
//     run_in_passes<ScalarOps>(weights, tokens, 512, LogitRows::all, watch);
//
// The Watch may do more than look: while a pass runs it holds the Activations and may write into
// them between two ops. That is how a run is put back on a recorded track (diagnose/anchored_run.hpp).
//
// Where    the bug lab (pitfalls/pitfall_list.hpp) and what diagnoses with it.
// Errors   those of Transformer::feed.
#pragma once
#include <algorithm>
#include <limits>

#include "gptoss/model/transformer.hpp"

namespace gptoss::pitfalls {

struct PassWatch : Watch {
    Activations* activations = nullptr;  // of the run that is being watched
};

inline constexpr int kOnePass = std::numeric_limits<int>::max();

template <class Ops>
void run_in_passes(const Weights& weights, ConstIdsView tokens, int tokens_per_pass,
                   LogitRows logit_rows, PassWatch& watch) {
    Transformer<Ops> transformer(weights);
    watch.activations = &transformer.a;
    for (int first = 0; first < tokens.rows;) {
        const int n_tokens = std::min(tokens_per_pass, tokens.rows - first);
        transformer.feed({tokens.data + first, n_tokens}, logit_rows, &watch);
        first += n_tokens;
    }
    watch.activations = nullptr;
}

}  // namespace gptoss::pitfalls

// Embedding hint: whose rows a dump's embedding has, if not those of its tokens.
//
//     "row 3 of the embedding is that of token 1031, not of 7: other tokens"
//
// Every row of the site is a row of the table as it is, so other tokens and other weights can be told
// apart exactly, and from every other mistake.
//
// Where    diagnose/diagnose.hpp, if the embedding diverges.
// Errors   none: "" if every row is as it should be.
#pragma once
#include <string>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::diagnose {

// The token whose row of the table this is; -1 if there is none.
inline int token_of_row(const Weights& weights, const float* row) {
    const int hidden_size = weights.config.hidden_size;
    for (int id = 0; id < weights.config.vocab_size; ++id) {
        const DenseRow table_row = weights.embedding.row(id);  // (hidden_size)
        int n_equal = 0;
        while (n_equal < hidden_size && table_row[n_equal] == row[n_equal]) {
            ++n_equal;
        }
        if (n_equal == hidden_size) return id;
    }
    return -1;
}

// The dump has tokens and the embedding.
inline std::string embedding_hint(const Weights& weights, const dump::Dump& theirs) {
    const std::vector<float>& rows = theirs.sites.at({Site::embedding, kNoLayer}).values;
    const std::size_t hidden_size = std::size_t(weights.config.hidden_size);
    for (std::size_t t = 0; t < rows.size() / hidden_size && t < theirs.tokens->size(); ++t) {
        const std::int32_t id = (*theirs.tokens)[t];
        const int found = token_of_row(weights, rows.data() + t * hidden_size);
        if (found == id) continue;
        const std::string row = "row " + std::to_string(t) + " of the embedding is ";
        if (found < 0) return row + "no row of this model's table: other weights";
        return row + "that of token " + std::to_string(found) + ", not of " + std::to_string(id) +
               ": other tokens";
    }
    return "";
}

}  // namespace gptoss::diagnose

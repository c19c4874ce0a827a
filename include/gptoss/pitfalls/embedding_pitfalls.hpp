// Embedding pitfalls: what other models do to the embedding and this one does not.
//
//     y[t] = table[ids[t]]      not scaled, nothing added
//
// Where    embed; an unembedding tied to the embedding is an edit of the weights
//          (pitfalls/weight_pitfalls.hpp).
// Source   layers/embedding.hpp for what is right.
#pragma once
#include <cmath>

#include "gptoss/layers/embedding.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

template <class Right>
struct EmbeddingScaled : Right {
    static constexpr Facts facts{
        "embedding_scaled",
        "the embedding is multiplied by sqrt(hidden_size), as in Gemma",
        kNotSeen,
        "the blocks are drowned by the embedding: the model repeats its input",
        "the first token in embedding",
        Site::embedding,
    };
    static void embed(ConstIdsView ids, DenseMatrix table, MatrixView y) {
        Right::embed(ids, table, y);
        multiply(y, std::sqrt(float(y.cols)));
    }
};

}  // namespace gptoss::pitfalls

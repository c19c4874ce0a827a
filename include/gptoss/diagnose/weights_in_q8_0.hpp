// Weights in Q8_0: a dump of a GGUF file whose dense matrices were rounded, held against the checkpoint
// that the file was made from.
//
// Most files of gpt-oss have attention, embedding and unembedding in Q8_0. The embedding shows it: its
// rows are those of the table, rounded.
//
// Where    the tool's diagnose and compare, before anything is run.
// Errors   none.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/model/dense_q8_0.hpp"
#include "gptoss/pitfalls/rope_pitfalls.hpp"

namespace gptoss::diagnose {

// Is the dump's first row of the embedding its token's, rounded to Q8_0, and not as it is?
inline bool shows_q8_0(const Weights& weights, const dump::Dump& theirs) {
    const auto embedding = theirs.sites.find({Site::embedding, kNoLayer});
    const int n = weights.config.hidden_size;
    if (embedding == theirs.sites.end() || !theirs.tokens || theirs.tokens->empty()) return false;
    const std::vector<float>& rows = embedding->second.values;
    const std::int32_t id = (*theirs.tokens)[0];
    const bool has_row = id >= 0 && id < weights.config.vocab_size && int(rows.size()) >= n;
    if (!has_row || theirs.first_row > 0 || n % kQ8_0BlockSize != 0) return false;

    const DenseRow row = weights.embedding.row(id);  // (hidden_size)
    bool is_as_it_is = true;
    for (int first = 0; first < n; first += kQ8_0BlockSize) {
        float values[kQ8_0BlockSize];
        for (int i = 0; i < kQ8_0BlockSize; ++i) {
            values[i] = row[first + i];
        }
        std::uint8_t block[kQ8_0BlockBytes];
        q8_0_encode_block(values, block);
        for (int i = 0; i < kQ8_0BlockSize; ++i) {
            const float got = rows[std::size_t(first + i)];
            if (got != load_q8_0(block, std::size_t(i))) return false;
            is_as_it_is &= got == values[i];
        }
    }
    return !is_as_it_is;
}

inline Weights all_dense_in_q8_0(Weights weights) {
    weights = with_dense_q8_0(std::move(weights));
    const auto store = std::make_shared<DenseCopies>();
    round_to_q8_0(weights.embedding, *store);
    store->files = std::move(weights.owner);
    weights.owner = store;
    return weights;
}

// The weights that llama.cpp had, if the dump is its; what was done to them, in words.
inline std::vector<std::string> round_as_llama_cpp(Weights& weights, const dump::Dump& theirs) {
    std::vector<std::string> remarks;
    const bool is_in_q8_0 = shows_q8_0(weights, theirs);
    if (is_in_q8_0) weights = all_dense_in_q8_0(std::move(weights));
    if (theirs.is_llama_cpp) {
        pitfalls::YarnBoundsRounded::edit(weights.config);
        remarks.push_back("YaRN's bounds are rounded: llama.cpp always does this");
    }
    if (is_in_q8_0) {
        remarks.push_back("the embedding is rounded to Q8_0: so are the dense matrices here");
    }
    return remarks;
}

}  // namespace gptoss::diagnose

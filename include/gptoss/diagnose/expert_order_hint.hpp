// Expert order hint: whose products a dump's rows are, if not those of the expert that was chosen.
//
//     "expert 0 has the matrix of expert 3, 2 of 1: experts in another order"
//
// Every row of gate_up and of expert_out is the product of a known row with the matrix of a known
// expert, so each other expert can be tried in its place. That names any permutation, where a mistake
// of the list would be one of them.
//
// Where    diagnose/diagnose.hpp, if one of the two sites diverges first.
// Errors   none: "" if the dump lacks what the op read, or a row is no expert's product.
// Pitfalls A matrix may come with the bias that is due or with its own; both are tried.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::diagnose {

inline constexpr int kChannelsTried = 64;            // of a row: enough to tell experts apart
inline constexpr double kMostOffFromProduct = 0.03;  // 8 bits of activations are 0.005

// The first channels of a product, without a bias.
inline std::vector<double> product_of(const ExpertStack& stack, int e, const float* x) {
    std::vector<double> product(std::size_t(std::min(stack.rows, kChannelsTried)));
    for (std::size_t o = 0; o < product.size(); ++o) {
        for (int block = 0; block < stack.cols / kMxfp4BlockSize; ++block) {
            float w[kMxfp4BlockSize];
            stack.decode_block(e, int(o), block, w);
            for (int i = 0; i < kMxfp4BlockSize; ++i) {
                product[o] += double(w[i]) * double(x[block * kMxfp4BlockSize + i]);
            }
        }
    }
    return product;
}

inline bool is_product(const std::vector<double>& product, const float* bias, const float* row) {
    double gaps = 0, squares = 0;
    for (std::size_t o = 0; o < product.size(); ++o) {
        const double gap = product[o] + double(bias[o]) - double(row[o]);
        gaps += gap * gap;
        squares += double(row[o]) * double(row[o]);
    }
    return gaps <= kMostOffFromProduct * kMostOffFromProduct * squares;
}

// The expert whose matrix makes this row of x that row; the one that is due if it does. -1: none.
inline int expert_behind(const ExpertStack& stack, ConstMatrixView bias, int due, const float* x,
                         const float* row) {
    for (int i = 0; i < stack.n_experts; ++i) {
        const int e = (due + i) % stack.n_experts;
        const std::vector<double> product = product_of(stack, e, x);
        if (is_product(product, bias.row(e), row)) return e;
        if (is_product(product, bias.row(due), row)) return e;
    }
    return -1;
}

inline std::string order_text(const std::map<int, int>& behind) {
    constexpr int kMostListed = 8;
    std::string text;
    int n_listed = 0;
    for (const auto& [e, other] : behind) {
        if (e == other || n_listed == kMostListed) continue;
        text += n_listed == 0 ? "expert " + std::to_string(e) + " has the matrix of expert "
                              : ", " + std::to_string(e) + " of ";
        text += std::to_string(other);
        n_listed += 1;
    }
    return n_listed == 0 ? "" : text + ": experts in another order";
}

inline std::string expert_order_hint(const Weights& weights, const dump::Dump& theirs,
                                     const dump::SiteKey& key) {
    const bool is_gate_up = key.site == Site::mlp_gate_up;
    if (!is_gate_up && key.site != Site::mlp_expert_out) return "";
    const ExpertWeights& w = weights.layers[std::size_t(key.layer)].mlp;
    const ExpertStack& stack = is_gate_up ? w.gate_up : w.down;
    const ConstMatrixView bias = is_gate_up ? w.gate_up_bias : w.down_bias;
    const auto x = theirs.sites.find({is_gate_up ? Site::mlp_norm : Site::mlp_swiglu, key.layer});
    const auto ids = theirs.sites.find({Site::mlp_expert_ids, key.layer});
    if (x == theirs.sites.end() || ids == theirs.sites.end()) return "";

    const std::vector<std::int32_t>& chosen = ids->second.ids;
    const std::size_t rows_per_x = is_gate_up ? std::size_t(weights.config.top_k) : 1;
    const std::vector<float>& rows = theirs.sites.at(key).values;
    const bool fits =
        rows.size() == chosen.size() * std::size_t(stack.rows) &&
        x->second.values.size() * rows_per_x == chosen.size() * std::size_t(stack.cols);
    if (!fits) return "";
    std::map<int, int> behind;  // of each expert that was chosen
    for (std::size_t row = 0; row < chosen.size(); ++row) {
        const int e = chosen[row];
        if (e < 0 || e >= stack.n_experts) return "";
        if (behind.contains(e)) continue;
        const float* x_row = x->second.values.data() + row / rows_per_x * std::size_t(stack.cols);
        behind[e] =
            expert_behind(stack, bias, e, x_row, rows.data() + row * std::size_t(stack.rows));
        if (behind[e] < 0) return "";
    }
    return order_text(behind);
}

}  // namespace gptoss::diagnose

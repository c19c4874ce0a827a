// Exactness: how exact a port is, in its own terms: the arithmetic that leaves errors as large as its own.
//
//     rms error 3.1e-05 at block.1.mlp.norm: float32 with one long sum; sums in blocks reach 1.2e-07
//
// The site is the one that is furthest beyond what float32 with sums in blocks leaves there. The
// arithmetic is the most exact of these whose bounds (compare/bounds.hpp) hold at every site:
//
//     float32, sums in blocks            PyTorch, BLAS, tuned kernels; plain loops over short sums
//     float32 with one long sum          a plain loop in C: off in proportion to the width
//     11-bit products (TF32, float16)    an eighth of what bf16 leaves; a fifth is allowed
//     8-bit products (bf16)
//
// Values that are all bf16 or float16 numbers say themselves what they are kept in.
//
// Where    compare, in text and JSON.
// Errors   none; no answer if nothing was compared, or the errors are larger than rounding makes them.
// Pitfalls A mistake that is smaller than the rounding of an arithmetic looks like that arithmetic.
#pragma once
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/compare/bounds.hpp"
#include "gptoss/compare/number_format.hpp"

namespace gptoss::compare {

// The largest share of the allowed rms error that a site takes, and which row it is.
struct WorstShare {
    double share = -1;
    std::size_t row = 0;
};

template <class Allowed>
WorstShare worst_share(const std::vector<CompareRow>& rows, Allowed allowed) {
    WorstShare worst;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const double rms = allowed(rows[i].key);
        const bool is_measured = rows[i].n_strict > 0 && rows[i].metrics.n_values > 0;
        if (!is_measured || rms == 0) continue;
        const double share = rows[i].metrics.relative / rms;
        if (share > worst.share) worst = {share, i};
    }
    return worst;
}

inline std::optional<Exactness> exactness_of(const std::vector<CompareRow>& rows, Bounds bounds,
                                             NumberFormat kept) {
    bounds.of_all = {};
    const auto in_blocks = [&](const dump::SiteKey& key) { return bounds.in_blocks(key).rms; };
    const auto allowed = [&](const dump::SiteKey& key) { return bounds.at(key).rms; };
    const WorstShare blocks = worst_share(rows, in_blocks);
    bounds.policy = Policy::float32;
    const WorstShare float32 = worst_share(rows, allowed);
    bounds.policy = Policy::bf16;
    const WorstShare bf16 = worst_share(rows, allowed);
    if (blocks.share < 0 || bf16.share > 1) return {};

    const CompareRow& row = rows[blocks.row];
    Exactness found{row.key, row.metrics.relative, bounds.in_blocks(row.key).rms / 2};
    if (kept != NumberFormat::float32) {
        found.arithmetic = std::string("activations kept in ") + number_format_name(kept);
    } else if (blocks.share <= 1) {
        found.arithmetic = "float32, sums in blocks";
    } else if (float32.share <= 1) {
        found.arithmetic = "float32 with one long sum";
    } else {
        found.has_short_products = true;
        const bool has_11_bits = bf16.share <= kShareOf11Bits;
        found.short_products = has_11_bits ? Policy::float16 : Policy::bf16;
        found.arithmetic =
            has_11_bits ? "11-bit products (TF32, float16)" : "8-bit products (bf16)";
    }
    return found;
}

// Does a port that keeps float32 multiply in 16 bits? In the first layer its norm is as float32 leaves
// it, and q, k and v are all three further off, by no more than 11 or 8 bits; no mistake in one op does
// that. rows are those of a comparison under the float32 policy.
inline std::optional<Policy> policy_of_products(const std::vector<CompareRow>& rows,
                                                Bounds bounds) {
    int n_exact_norms = 0, n_of_11_bits = 0, n_of_8_bits = 0;
    for (const CompareRow& row : rows) {
        if (row.key.layer != 0) continue;
        const double error = row.metrics.relative;
        const bool is_off = error > row.relative_tolerance;
        const Site site = row.key.site;
        const bool is_product =
            site == Site::attn_q || site == Site::attn_k || site == Site::attn_v;
        n_exact_norms += site == Site::attn_norm && !is_off && row.outcome == Outcome::ok;
        if (!is_product || !is_off) continue;
        bounds.policy = Policy::float16;
        n_of_11_bits += error <= bounds.at(row.key).rms;
        bounds.policy = Policy::bf16;
        n_of_8_bits += error <= bounds.at(row.key).rms;
    }
    if (n_exact_norms != 1 || n_of_8_bits != 3) return {};
    return n_of_11_bits == 3 ? Policy::float16 : Policy::bf16;
}

inline std::string exactness_text(const Exactness& e) {
    char numbers[2][32];
    std::snprintf(numbers[0], sizeof numbers[0], "%.2g", e.rms);
    std::snprintf(numbers[1], sizeof numbers[1], "%.2g", e.in_blocks);
    return std::string("rms error ") + numbers[0] + " at " + dump::site_name(e.key) + ": " +
           e.arithmetic + "; sums in blocks reach " + numbers[1];
}

}  // namespace gptoss::compare

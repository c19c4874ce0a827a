// Site pair: the same site of two dumps, brought to the same shape and the same order of experts.
//
//     expected  (rows, cols)   the reference's values
//     got       (rows, cols)   the other's, row by row what expected has there
//     token(r)                 the token of the run that row r belongs to
//     has_partner[r]           false where the other did not choose that expert
//
// If one side holds the last positions only, so does the pair.
//
// Where    compare/compare.hpp, once per site and layer.
// Pitfalls Without a config the reference's own extents are what is expected.
#pragma once
#include <limits>
#include <string>
#include <vector>

#include "gptoss/compare/expert_match.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/dump/site_shape.hpp"

namespace gptoss::compare {

struct SitePair {
    dump::TokenRows in;
    format::Shape shape;
    int first_token = 0;
    std::vector<float> expected;
    std::vector<float> got;
    std::vector<bool> has_partner;  // (rows)

    int token(int row) const { return first_token + in.token(row); }
    ConstMatrixView expected_rows() const { return {expected.data(), in.rows, in.cols}; }
    ConstMatrixView got_rows() const { return {got.data(), in.rows, in.cols}; }
};

// Shapes of the site's rank for both sides, or why there are none.
struct PairedShapes {
    format::Shape reference;
    format::Shape other;
    std::string reference_mistake = {};
    std::string other_mistake = {};
};

// What is known of the run: a null config and 0 tokens are unknown.
struct RunExtents {
    const Config* config = nullptr;
    int n_tokens = 0;
    int first_in_reference = 0;  // the first token that it keeps: Dump::first_row
    int first_in_other = 0;
};

// Does a reading have the config's extents, and all tokens from the first one kept or the last one?
inline bool fits_run(Site site, const format::Shape& reading, const RunExtents& run,
                     int first_kept) {
    for (std::size_t axis = 0; axis < reading.size(); ++axis) {
        const std::int64_t got = reading[axis];
        if (got < 1 || got > kLargestExtent) return false;
        const Dim dim = site_info(site).dims[axis];
        const bool counts_tokens = dim == Dim::tokens || dim == Dim::positions;
        const bool is_known = counts_tokens ? run.n_tokens > 0 : run.config != nullptr;
        const bool is_last_only = dim == Dim::tokens && got == 1;
        if (!is_known || is_last_only) continue;
        const int n_rows = dim == Dim::tokens ? run.n_tokens - first_kept : run.n_tokens;
        if (counts_tokens && got != n_rows) return false;
        if (!counts_tokens && got != extent_of(dim, *run.config)) return false;
    }
    return true;
}

// "(12, 256)", with "any" for what is not known.
inline std::string expected_shape_text(Site site, const RunExtents& run, int first_kept) {
    std::string text;
    for (const Dim dim : site_info(site).dims) {
        if (dim == Dim::none) continue;
        const bool counts_tokens = dim == Dim::tokens || dim == Dim::positions;
        const bool is_known = counts_tokens ? run.n_tokens > 0 : run.config != nullptr;
        int expected = 0;
        if (is_known) expected = counts_tokens ? run.n_tokens : extent_of(dim, *run.config);
        if (dim == Dim::tokens) expected -= first_kept;
        text += (text.empty() ? "(" : ", ") + (is_known ? std::to_string(expected) : "any");
    }
    return text + ")";
}

inline PairedShapes pair_shapes(Site site, const format::Shape& reference,
                                const format::Shape& other, const RunExtents& run) {
    PairedShapes paired;
    for (const format::Shape& reading : dump::shape_readings(site, reference)) {
        const bool fits = fits_run(site, reading, run, run.first_in_reference);
        if (paired.reference.empty() && fits) paired.reference = reading;
    }
    if (paired.reference.empty()) {
        paired.reference_mistake = "shape is " + format::shape_text(reference) + ", expected " +
                                   expected_shape_text(site, run, run.first_in_reference);
        return paired;
    }
    format::Shape expected = paired.reference;
    if (run.n_tokens > 0) expected[dump::token_axis(site)] = run.n_tokens - run.first_in_other;
    const auto reading = dump::reading_that_fits(site, other, expected);
    if (reading && fits_run(site, *reading, run, run.first_in_other)) {
        paired.other = *reading;
    } else {
        paired.other_mistake =
            "shape is " + format::shape_text(other) + ", expected " + format::shape_text(expected);
    }
    return paired;
}

// Both sides' rows; the last ones only if one side has no more. n_tokens is that of the run.
template <class Number>
struct AlignedRows {
    dump::TokenRows in;
    int first_token = 0;
    std::vector<Number> expected;
    std::vector<Number> got;
};

template <class Number>
AlignedRows<Number> align(Site site, const PairedShapes& shapes,
                          const std::vector<Number>& expected, const std::vector<Number>& got,
                          int n_tokens) {
    const dump::TokenRows in_expected = dump::token_rows(site, shapes.reference);
    const dump::TokenRows in_got = dump::token_rows(site, shapes.other);
    AlignedRows<Number> rows;
    rows.in = in_expected.n_tokens <= in_got.n_tokens ? in_expected : in_got;
    const int n_rows = rows.in.n_tokens;
    rows.first_token = n_tokens > n_rows ? n_tokens - n_rows : 0;
    rows.expected = n_rows < in_expected.n_tokens
                        ? dump::last_tokens_of(in_expected, expected, n_rows)
                        : expected;
    rows.got = n_rows < in_got.n_tokens ? dump::last_tokens_of(in_got, got, n_rows) : got;
    return rows;
}

inline bool has_expert_order(Site site) {
    return site == Site::mlp_expert_weights || site == Site::mlp_gate_up ||
           site == Site::mlp_swiglu || site == Site::mlp_expert_out;
}

// A row per chosen expert: takes the other's row of the same expert.
inline void match_rows(SitePair& pair, const ExpertMatch& match) {
    const std::vector<float> by_rank = pair.got;
    for (int row = 0; row < pair.in.rows; ++row) {
        const int t = row / match.top_k;
        const int rank = match.rank(t, row % match.top_k);
        pair.has_partner[std::size_t(row)] = rank >= 0;
        if (rank < 0) continue;
        const std::ptrdiff_t cols = pair.in.cols;
        const auto from = by_rank.begin() + (t * match.top_k + rank) * cols;
        std::copy(from, from + cols, pair.got.begin() + row * cols);
    }
}

// expert_weights, a column per chosen expert: over other experts they are another softmax.
inline void match_columns(SitePair& pair, const ExpertMatch& match) {
    const std::vector<float> by_rank = pair.got;
    for (int t = 0; t < pair.in.rows; ++t) {
        pair.has_partner[std::size_t(t)] = match.same_experts(t);
        if (!match.same_experts(t)) continue;
        for (int j = 0; j < match.top_k; ++j) {
            const std::size_t row = std::size_t(t) * std::size_t(match.top_k);
            pair.got[row + std::size_t(j)] = by_rank[row + std::size_t(match.rank(t, j))];
        }
    }
}

// Hidden scores are -inf here. Masks of other programs have a large negative number instead, -1e4,
// -65504 or -1e9, which no score of a model is near.
inline constexpr float kMaskedScore = -1e4f;

inline void hide_masked(std::vector<float>& scores) {
    for (float& score : scores) {
        if (score <= kMaskedScore) score = -std::numeric_limits<float>::infinity();
    }
}

// match is that of the layer, or null if the experts are not known.
inline SitePair pair_sites(Site site, const PairedShapes& shapes, const dump::Activation& reference,
                           const dump::Activation& other, int n_tokens, const ExpertMatch* match) {
    AlignedRows<float> rows = align(site, shapes, reference.values, other.values, n_tokens);
    SitePair pair;
    pair.in = rows.in;
    pair.shape = shapes.reference;
    pair.first_token = rows.first_token;
    pair.expected = std::move(rows.expected);
    pair.got = std::move(rows.got);
    pair.has_partner.assign(std::size_t(pair.in.rows), true);
    if (site == Site::attn_scores) {
        hide_masked(pair.expected);
        hide_masked(pair.got);
    }
    const bool same_tokens = match != nullptr && match->n_tokens == pair.in.n_tokens;
    if (!same_tokens || !has_expert_order(site)) return pair;
    if (site == Site::mlp_expert_weights) {
        if (match->top_k == pair.in.cols) match_columns(pair, *match);
    } else if (match->top_k == pair.in.rows_per_token()) {
        match_rows(pair, *match);
    }
    return pair;
}

}  // namespace gptoss::compare

// Difference hint: what the difference at the first divergent site looks like, in words.
//
//     difference_hint(pair, head_dim)    "theirs is 1.41 times ours", or "" if it looks like nothing
//
//     a bias         theirs - ours is the same vector at every token
//     a factor       theirs = f * ours
//     heads          every head of theirs is another head of ours
//     channels       the values of each row are ours, in another order
//
//   pair  ours as expected, theirs as got (compare/site_pair.hpp)
//
// Where    diagnose/diagnose.hpp, of mistakes that are none of the known ones.
// Pitfalls Any vector is the same at every token if there is but one token.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "gptoss/compare/site_pair.hpp"

namespace gptoss::diagnose {

inline constexpr double kMostLeftByHint = 0.05;  // of the difference, or of the values

// What is left of the difference once its mean over all rows is taken away, as a share of it.
inline double share_beside_mean_row(const compare::SitePair& pair) {
    double squares = 0, squares_beside = 0;
    for (int i = 0; i < pair.in.cols; ++i) {
        double sum = 0, sum_of_squares = 0;
        for (int row = 0; row < pair.in.rows; ++row) {
            const double d = double(pair.got_rows().row(row)[i]) - pair.expected_rows().row(row)[i];
            sum += d;
            sum_of_squares += d * d;
        }
        squares += sum_of_squares;
        squares_beside += sum_of_squares - sum * sum / pair.in.rows;
    }
    return squares > 0 ? std::sqrt(std::max(squares_beside, 0.0) / squares) : 1;
}

struct Factor {
    double factor = 1;
    double left = 1;  // rms(got - factor * expected) / rms(got)
};

inline Factor best_factor(const compare::SitePair& pair) {
    double products = 0, ours = 0, theirs = 0;
    for (std::size_t i = 0; i < pair.got.size(); ++i) {
        products += double(pair.got[i]) * double(pair.expected[i]);
        ours += double(pair.expected[i]) * double(pair.expected[i]);
        theirs += double(pair.got[i]) * double(pair.got[i]);
    }
    if (ours == 0 || theirs == 0) return {};
    const double left = std::max(0.0, theirs - products * products / ours);
    return {products / ours, std::sqrt(left / theirs)};
}

inline double head_distance(const compare::SitePair& pair, int theirs, int ours, int head_dim) {
    double gaps = 0, squares = 0;
    for (int row = 0; row < pair.in.rows; ++row) {
        const float* got = pair.got_rows().row(row) + theirs * head_dim;
        const float* expected = pair.expected_rows().row(row) + ours * head_dim;
        for (int d = 0; d < head_dim; ++d) {
            gaps += (double(got[d]) - expected[d]) * (double(got[d]) - expected[d]);
            squares += double(got[d]) * got[d];
        }
    }
    return squares > 0 ? std::sqrt(gaps / squares) : 1;
}

// "0, 2, 1, 3": which head of ours each of theirs is; "" if they are no permutation, or in order.
inline std::string head_order(const compare::SitePair& pair, int head_dim) {
    const int n_heads = pair.in.cols / head_dim;
    std::vector<bool> taken(std::size_t(n_heads), false);
    std::string text;
    bool in_order = true;
    for (int theirs = 0; theirs < n_heads; ++theirs) {
        int found = -1;
        for (int ours = 0; ours < n_heads && found < 0; ++ours) {
            const bool is_it = !taken[std::size_t(ours)] &&
                               head_distance(pair, theirs, ours, head_dim) < kMostLeftByHint;
            if (is_it) found = ours;
        }
        if (found < 0) return "";
        taken[std::size_t(found)] = true;
        in_order = in_order && found == theirs;
        text += (theirs > 0 ? ", " : "") + std::to_string(found);
    }
    return in_order ? "" : text;
}

// Are the values of every row those of ours, in another order?
inline bool is_reordered(const compare::SitePair& pair) {
    double gaps = 0, squares = 0;
    for (int row = 0; row < pair.in.rows; ++row) {
        std::vector<float> got(pair.got_rows().row(row), pair.got_rows().row(row) + pair.in.cols);
        std::vector<float> expected(pair.expected_rows().row(row),
                                    pair.expected_rows().row(row) + pair.in.cols);
        std::sort(got.begin(), got.end());
        std::sort(expected.begin(), expected.end());
        for (std::size_t i = 0; i < got.size(); ++i) {
            gaps += (double(got[i]) - expected[i]) * (double(got[i]) - expected[i]);
            squares += double(got[i]) * got[i];
        }
    }
    // Sorted, even unlike values are near each other: far nearer than a right site is asked for.
    return squares > 0 && pair.in.cols >= 16 && std::sqrt(gaps / squares) < 1e-3;
}

inline std::string difference_hint(const compare::SitePair& pair, int head_dim) {
    for (std::size_t i = 0; i < pair.got.size(); ++i) {
        if (!std::isfinite(pair.got[i]) || !std::isfinite(pair.expected[i])) return "";
    }
    const Factor f = best_factor(pair);
    if (f.left < kMostLeftByHint / 5 && std::abs(f.factor - 1) > 0.01) {
        char text[64];
        std::snprintf(text, sizeof text, "theirs is %.4g times what it should be", f.factor);
        return text;
    }
    if (pair.in.n_tokens > 1 && share_beside_mean_row(pair) < kMostLeftByHint) {
        return "the difference is the same vector at every token: a bias";
    }
    const bool has_heads = dump::has_heads(pair.in.site) && head_dim > 0;
    if (has_heads && pair.in.cols % head_dim == 0) {
        const std::string order = head_order(pair, head_dim);
        if (!order.empty()) return "the heads are those of another order: " + order;
    }
    if (is_reordered(pair)) return "the values are the right ones, in another order";
    return "";
}

}  // namespace gptoss::diagnose

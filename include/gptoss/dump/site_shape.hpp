// Site shapes as others write them: which shapes of an array mean the same memory as the site's.
//
//     site's own        (T, n)       (T, top_k, n)     (n_heads, T, S)
//     batch of 1        (1, T, n)    (1, T, top_k, n)  (1, n_heads, T, S)
//     a last 1          (T, n, 1)    (T, top_k, n, 1)  (n_heads, T, S, 1)
//     heads apart       (T, heads, head_dim), (1, T, heads, head_dim)      q, k, v, rotated, mix
//     logits only       (vocab_size)                                       the last position
//
// No value moves: all of them are row-major views of the same list of numbers. Another order, as
// (heads, T, head_dim), is refused because its extents do not fit.
//
// T is that of the run, or less: a dump may hold the last positions only, or the last one.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/core/config_rules.hpp"
#include "gptoss/format/tensor.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss::dump {

inline std::size_t site_rank(Site site) {
    return site_info(site).dims[2] == Dim::none ? 2 : 3;
}

inline bool has_heads(Site site) {
    const Dim last = site_info(site).dims[1];
    return last == Dim::q || last == Dim::kv;
}

inline format::Shape heads_merged(const format::Shape& shape) {
    format::Shape merged(shape.begin(), shape.end() - 1);
    merged.back() *= shape.back();
    return merged;
}

// Every shape of the site's rank that an array of this shape may stand for.
inline std::vector<format::Shape> shape_readings(Site site, const format::Shape& shape) {
    const std::size_t rank = site_rank(site);
    std::vector<format::Shape> readings;
    for (const std::int64_t extent : shape) {
        if (extent > kLargestExtent) return readings;  // merged, it might not fit 64 bits
    }
    if (shape.size() == rank) readings.push_back(shape);
    if (shape.size() == rank + 1 && shape[0] == 1) {
        readings.push_back(format::Shape(shape.begin() + 1, shape.end()));
    }
    if (shape.size() == rank + 1 && shape.back() == 1) {
        readings.push_back(format::Shape(shape.begin(), shape.end() - 1));
    }
    if (has_heads(site) && shape.size() == rank + 1) readings.push_back(heads_merged(shape));
    if (has_heads(site) && shape.size() == rank + 2 && shape[0] == 1) {
        readings.push_back(heads_merged(format::Shape(shape.begin() + 1, shape.end())));
    }
    if (site == Site::logits && shape.size() == 1) readings.push_back({1, shape[0]});
    return readings;
}

inline std::size_t token_axis(Site site) {
    return site_info(site).dims[0] == Dim::heads ? 1 : 0;
}

// Do two shapes of the site's rank agree, but for one of them having the last token only?
inline bool same_but_for_tokens(Site site, const format::Shape& a, const format::Shape& b) {
    const std::size_t axis = token_axis(site);
    if (a[axis] != b[axis] && a[axis] != 1 && b[axis] != 1) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (i != axis && a[i] != b[i]) return false;
    }
    return true;
}

// The reading that fits expected, if there is one.
inline std::optional<format::Shape> reading_that_fits(Site site, const format::Shape& shape,
                                                      const format::Shape& expected) {
    std::optional<format::Shape> fitting;
    for (const format::Shape& reading : shape_readings(site, shape)) {
        if (reading == expected) return reading;
        if (same_but_for_tokens(site, reading, expected)) fitting = reading;
    }
    return fitting;
}

// A site of three dimensions has its first two flattened into rows, as in the forward.
struct TokenRows {
    Site site;
    int n_tokens = 0;
    int rows = 0;
    int cols = 0;

    int rows_per_token() const { return rows / n_tokens; }
    int token(int row) const {
        return token_axis(site) == 1 ? row % n_tokens : row / rows_per_token();
    }
    // The k-th row of a token.
    int row(int token, int k) const {
        return token_axis(site) == 1 ? k * n_tokens + token : token * rows_per_token() + k;
    }
};

inline TokenRows token_rows(Site site, const format::Shape& shape) {
    TokenRows in{site};
    in.n_tokens = int(shape[token_axis(site)]);
    in.rows = int(shape.size() == 3 ? shape[0] * shape[1] : shape[0]);
    in.cols = int(shape.back());
    return in;
}

// The rows of the last n_tokens, in their order.
template <class Number>
std::vector<Number> last_tokens_of(const TokenRows& in, const std::vector<Number>& values,
                                   int n_tokens) {
    std::vector<Number> last;
    for (int row = 0; row < in.rows; ++row) {
        if (in.token(row) < in.n_tokens - n_tokens) continue;
        const std::ptrdiff_t begin = std::ptrdiff_t(row) * in.cols;
        last.insert(last.end(), values.begin() + begin, values.begin() + begin + in.cols);
    }
    return last;
}

}  // namespace gptoss::dump

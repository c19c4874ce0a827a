// Judging one site: strict tokens by the tolerance, tokens behind an expert flip by what they are
// allowed (compare/flip_allowance.hpp).
//
//     strict    allowance 0         error <= tolerance, and relative, of all of them together
//     lenient   allowance a         error <= tolerance + a
//     left out  allowance kLeftOut, or no partner: another expert's row
//
// Where    compare/compare.hpp.
#pragma once
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/flip_allowance.hpp"
#include "gptoss/compare/site_pair.hpp"

namespace gptoss::compare {

// "[3, 17]", or "[2, 0, 17]" for a site of three dimensions.
inline std::string place_text(const SitePair& pair, int row, int col) {
    if (pair.shape.size() == 2) {
        return "[" + std::to_string(pair.token(row)) + ", " + std::to_string(col) + "]";
    }
    const bool heads_first = dump::token_axis(pair.in.site) == 1;
    const int n_inner = heads_first ? pair.in.n_tokens : pair.in.rows_per_token();
    const int outer = heads_first ? row / n_inner : pair.token(row);
    const int inner = heads_first ? pair.token(row) : row % n_inner;
    return "[" + std::to_string(outer) + ", " + std::to_string(inner) + ", " + std::to_string(col) +
           "]";
}

inline std::string worst_text(const SitePair& pair, const Metrics& m) {
    char numbers[80];
    std::snprintf(numbers, sizeof numbers, ": got %.6g, expected %.6g", double(m.got),
                  double(m.expected));
    return place_text(pair, m.worst_row, m.worst_col) + numbers;
}

// Of the pair's tokens only: a run may have many more than a site keeps.
inline Allowance allowance_of_pair(const SitePair& pair, const Allowance& of_run) {
    const auto begin = of_run.begin() + pair.first_token;
    return {begin, begin + pair.in.n_tokens};
}

// Which rows are of which kind; a token counts once.
struct RowKinds {
    std::vector<bool> strict;   // (rows)
    std::vector<bool> lenient;  // (rows)
    int n_strict = 0;           // tokens
    int n_lenient = 0;
    int n_left_out = 0;
};

inline RowKinds row_kinds(const SitePair& pair, const Allowance& allowance) {
    RowKinds kinds;
    std::vector<int> rows_used(std::size_t(pair.in.n_tokens), 0);
    for (int row = 0; row < pair.in.rows; ++row) {
        const double allowed = allowance[std::size_t(pair.in.token(row))];
        const bool used = pair.has_partner[std::size_t(row)] && allowed < kLeftOut;
        kinds.strict.push_back(used && allowed == 0);
        kinds.lenient.push_back(used && allowed > 0);
        rows_used[std::size_t(pair.in.token(row))] += used;
    }
    for (int t = 0; t < pair.in.n_tokens; ++t) {
        const bool is_strict = allowance[std::size_t(t)] == 0;
        const bool used = rows_used[std::size_t(t)] > 0;
        kinds.n_strict += used && is_strict;
        kinds.n_lenient += used && !is_strict;
        kinds.n_left_out += !used;
    }
    return kinds;
}

inline double row_error(const SitePair& pair, int row, double rms) {
    MetricSums sums{rms};
    for (int i = 0; i < pair.in.cols; ++i) {
        sums.add(row, i, pair.got_rows().row(row)[i], pair.expected_rows().row(row)[i]);
    }
    const bool mismatch = sums.m.n_infinities > 0;
    return mismatch ? std::numeric_limits<double>::infinity() : sums.result().error;
}

// The largest error of the rows of a token of the run; 0 if none has a partner.
inline double token_error(const SitePair& pair, int token, double rms) {
    double error = 0;
    for (int k = 0; k < pair.in.rows_per_token(); ++k) {
        const int row = pair.in.row(token - pair.first_token, k);
        if (!pair.has_partner[std::size_t(row)]) continue;
        error = std::max(error, row_error(pair, row, rms));
    }
    return error;
}

// "" or the first token behind a flip that is off by more than it is allowed.
inline std::string lenient_mistake(const SitePair& pair, const RowKinds& kinds,
                                   const Allowance& allowance, double tolerance, double rms) {
    for (int row = 0; row < pair.in.rows; ++row) {
        if (!kinds.lenient[std::size_t(row)]) continue;
        const double allowed = tolerance + allowance[std::size_t(pair.in.token(row))];
        const double error = row_error(pair, row, rms);
        if (error <= allowed) continue;
        char text[96];
        std::snprintf(text, sizeof text, ", behind an expert flip: error %.3g, allowed %.3g", error,
                      allowed);
        return "token " + std::to_string(pair.token(row)) + text;
    }
    return "";
}

// Fills metrics, counts, outcome and note of a row whose key and tolerance are set. The allowance is
// that of the pair's tokens.
inline void judge(CompareRow& row, const SitePair& pair, const Allowance& allowance) {
    const double rms = rms_of(pair.expected_rows());
    const RowKinds kinds = row_kinds(pair, allowance);
    row.n_strict = kinds.n_strict;
    row.n_lenient = kinds.n_lenient;
    row.n_left_out = kinds.n_left_out;
    const Metrics strict = measure(pair.got_rows(), pair.expected_rows(), rms, kinds.strict);
    const Metrics lenient = measure(pair.got_rows(), pair.expected_rows(), rms, kinds.lenient);
    row.metrics = kinds.n_strict > 0 ? strict : lenient;
    row.note = worst_text(pair, row.metrics);

    const std::string mistake = lenient_mistake(pair, kinds, allowance, row.tolerance, rms);
    if (strict.n_reference_nan + lenient.n_reference_nan > 0) {
        row.outcome = Outcome::nan_reference;
    } else if (strict.n_nan + lenient.n_nan > 0) {
        row.outcome = Outcome::nan;
    } else if (strict.n_infinities > 0 || strict.error > row.tolerance ||
               strict.relative > row.relative_tolerance) {
        row.outcome = Outcome::diverged;
    } else if (!mistake.empty()) {
        row.outcome = Outcome::diverged;
        row.note = mistake;
    } else if (kinds.n_strict + kinds.n_lenient == 0) {
        row.outcome = Outcome::left_out;
        row.note = "every token follows an expert flip";
    } else {
        row.outcome = Outcome::ok;
        row.note = "";
    }
}

}  // namespace gptoss::compare

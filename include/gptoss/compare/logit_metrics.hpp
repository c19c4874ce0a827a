// Logit metrics: do two models say the same next token, and with the same odds?
//
//     top_1    share of positions with the same likeliest token
//     top_k    mean share of the reference's k likeliest tokens that are among got's k likeliest
//     kl       sum_o p[o] ln( p[o] / q[o] )     p = softmax(expected), q = softmax(got)
//
//   got, expected  (rows, vocab_size)
//
// Source   Kullback and Leibler 1951, On Information and Sufficiency, equation 2.4.
// Units    kl in nats; 0.001 is far below what sampling shows, 0.1 is another model.
// Pitfalls A row with a NaN or an infinity in it counts as disagreeing and has no kl. Softmax is
//          computed in double, its maximum subtracted.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::compare {

struct LogitMetrics {
    int n_positions = 0;
    int k = 0;
    double top_1 = 1;
    double top_k = 1;
    double mean_kl = 0;
    double max_kl = 0;
    int max_kl_row = 0;
};

// The k largest, descending; the lower id on a tie.
inline std::vector<int> likeliest_ids(ConstVectorView logits, int k) {
    std::vector<int> ids(std::size_t(logits.size));
    std::iota(ids.begin(), ids.end(), 0);
    std::partial_sort(ids.begin(), ids.begin() + k, ids.end(), [&logits](int a, int b) {
        const float left = logits.data[a];
        const float right = logits.data[b];
        return left != right ? left > right : a < b;
    });
    ids.resize(std::size_t(k));
    return ids;
}

// ln of the softmax, in double.
inline std::vector<double> log_softmax(ConstVectorView logits) {
    double largest = logits.data[0];
    for (int o = 0; o < logits.size; ++o) {
        largest = std::max(largest, double(logits.data[o]));
    }
    double sum = 0;
    for (int o = 0; o < logits.size; ++o) {
        sum += std::exp(double(logits.data[o]) - largest);
    }
    std::vector<double> logs(std::size_t(logits.size));
    for (int o = 0; o < logits.size; ++o) {
        logs[std::size_t(o)] = double(logits.data[o]) - largest - std::log(sum);
    }
    return logs;
}

inline double kl_divergence(ConstVectorView got, ConstVectorView expected) {
    const std::vector<double> log_q = log_softmax(got);
    const std::vector<double> log_p = log_softmax(expected);
    double kl = 0;
    for (std::size_t o = 0; o < log_p.size(); ++o) {
        kl += std::exp(log_p[o]) * (log_p[o] - log_q[o]);
    }
    return std::max(kl, 0.0);  // rounding may leave -1e-17
}

inline bool all_finite(ConstVectorView x) {
    for (int i = 0; i < x.size; ++i) {
        if (!std::isfinite(x.data[i])) return false;
    }
    return true;
}

inline LogitMetrics measure_logits(ConstMatrixView got, ConstMatrixView expected, int k) {
    require_shape("measure_logits", "got", got, expected.rows, expected.cols);
    LogitMetrics m;
    m.n_positions = expected.rows;
    m.k = std::min(k, expected.cols);
    if (expected.rows == 0 || expected.cols == 0) return m;
    double n_same_first = 0;
    double n_shared = 0;
    for (int r = 0; r < expected.rows; ++r) {
        const ConstVectorView got_r{got.row(r), got.cols};                 // (vocab_size)
        const ConstVectorView expected_r{expected.row(r), expected.cols};  // (vocab_size)
        if (!all_finite(got_r) || !all_finite(expected_r)) continue;
        const std::vector<int> got_ids = likeliest_ids(got_r, m.k);
        const std::vector<int> expected_ids = likeliest_ids(expected_r, m.k);
        n_same_first += got_ids[0] == expected_ids[0];
        for (const int id : expected_ids) {
            n_shared += double(std::count(got_ids.begin(), got_ids.end(), id));
        }
        const double kl = kl_divergence(got_r, expected_r);
        m.mean_kl += kl / expected.rows;
        if (kl <= m.max_kl) continue;
        m.max_kl = kl;
        m.max_kl_row = r;
    }
    m.top_1 = n_same_first / expected.rows;
    m.top_k = n_shared / (double(expected.rows) * m.k);
    return m;
}

}  // namespace gptoss::compare

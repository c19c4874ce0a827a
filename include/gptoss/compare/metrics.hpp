// Metrics: how far an array is from its reference, in several numbers: each hides something.
//
//     max       max |got - expected|
//     mean      mean |got - expected|
//     error     max / rms(expected)                       what tolerances bound
//     relative  rms(got - expected) / rms(expected)
//     cosine    got . expected / (|got| |expected|)       1 although got = 2 * expected
//     ulps      most steps between both when rounded to bf16, where |expected| >= rms(expected)
//     equal     share of values that are the same bf16 number
//
//   got, expected  (rows, cols)
//   use            (rows)   rows that are false are left out
//
// Where    every row of a comparison (compare/compare.hpp).
// Units    max and mean in units of the site; the others are dimensionless.
// Pitfalls Both infinite with the same sign counts as equal: hidden scores are -inf. Others hide
//          with the smallest float instead, so all beyond 1e30 is infinite here. An infinity on
//          one side only makes the error infinite, a NaN is counted apart, and neither enters the
//          sums.
//          Steps between small numbers of other sign run into thousands and say nothing, therefore
//          the condition on ulps.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::compare {

struct Metrics {
    std::int64_t n_values = 0;         // finite on both sides
    std::int64_t n_nan = 0;            // in got alone
    std::int64_t n_reference_nan = 0;  // in expected, whatever got is
    std::int64_t n_infinities = 0;     // on one side only, or of other sign
    double max = 0;
    double mean = 0;
    double error = 0;
    double relative = 0;
    double cosine = 1;
    double ulps = 0;
    double equal = 1;
    int worst_row = 0;  // of max, or the first NaN or infinity
    int worst_col = 0;
    float got = 0;
    float expected = 0;
};

inline constexpr float kInfinite = 1e30f;

inline bool is_infinite(float value) {
    return std::abs(value) > kInfinite;
}

// How many bf16 numbers lie between two, both rounded first; +0 and -0 are one number.
inline int bf16_steps(float a, float b) {
    const auto place = [](float value) {
        const int bits = float_to_bf16(value);
        const int magnitude = bits & 0x7FFF;
        return bits > 0x7FFF ? -magnitude : magnitude;
    };
    return std::abs(place(a) - place(b));
}

// rms of the finite values; 0 if there is none.
inline double rms_of(ConstMatrixView x) {
    double sum_of_squares = 0;
    double n_finite = 0;
    for (int r = 0; r < x.rows; ++r) {
        const float* x_r = x.row(r);  // (cols)
        for (int i = 0; i < x.cols; ++i) {
            if (std::isnan(x_r[i]) || is_infinite(x_r[i])) continue;
            sum_of_squares += double(x_r[i]) * double(x_r[i]);
            n_finite += 1;
        }
    }
    return n_finite == 0 ? 0 : std::sqrt(sum_of_squares / n_finite);
}

// The sums behind Metrics, over one value after the other.
struct MetricSums {
    double rms;  // of all of expected
    Metrics m = {};
    double difference = 0;
    double difference_squares = 0;
    double got_squares = 0;
    double expected_squares = 0;
    double products = 0;
    std::int64_t n_equal = 0;

    bool nothing_odd_yet() const {
        return m.n_nan == 0 && m.n_reference_nan == 0 && m.n_infinities == 0;
    }
    void point_at(int row, int col, float got, float expected) {
        m.worst_row = row;
        m.worst_col = col;
        m.got = got;
        m.expected = expected;
    }
    void add_odd(std::int64_t& count, int row, int col, float got, float expected) {
        if (nothing_odd_yet()) point_at(row, col, got, expected);
        ++count;
    }
    void add(int row, int col, float got, float expected) {
        if (std::isnan(expected)) return add_odd(m.n_reference_nan, row, col, got, expected);
        if (std::isnan(got)) return add_odd(m.n_nan, row, col, got, expected);
        if (is_infinite(got) || is_infinite(expected)) {
            const bool alike = is_infinite(got) && is_infinite(expected) &&
                               std::signbit(got) == std::signbit(expected);
            if (!alike) add_odd(m.n_infinities, row, col, got, expected);
            return;
        }
        const double distance = std::abs(double(got) - double(expected));
        const int steps = bf16_steps(got, expected);
        ++m.n_values;
        n_equal += steps == 0;
        difference += distance;
        difference_squares += distance * distance;
        got_squares += double(got) * double(got);
        expected_squares += double(expected) * double(expected);
        products += double(got) * double(expected);
        if (std::abs(expected) >= rms) m.ulps = std::max(m.ulps, double(steps));
        if (distance <= m.max) return;
        m.max = distance;
        if (nothing_odd_yet()) point_at(row, col, got, expected);
    }
    Metrics result() const {
        const double infinity = std::numeric_limits<double>::infinity();
        Metrics found = m;
        if (m.n_infinities > 0) found.error = infinity;
        if (m.n_values == 0) return found;
        const double n = double(m.n_values);
        found.mean = difference / n;
        found.equal = double(n_equal) / n;
        if (m.max > 0) found.error = std::max(found.error, rms == 0 ? infinity : m.max / rms);
        found.relative = m.max == 0 ? 0 : std::sqrt(difference_squares / n) / rms;
        const double lengths = std::sqrt(got_squares) * std::sqrt(expected_squares);
        found.cosine = m.max == 0 ? 1 : (lengths == 0 ? 0 : products / lengths);
        return found;
    }
};

// rms is that of the whole reference, of which expected may be a part.
inline Metrics measure(ConstMatrixView got, ConstMatrixView expected, double rms,
                       const std::vector<bool>& use) {
    require_shape("measure", "got", got, expected.rows, expected.cols);
    require_extent("measure", "use.size", int(use.size()), expected.rows, "expected.rows");
    MetricSums sums{rms};
    for (int r = 0; r < expected.rows; ++r) {
        if (!use[std::size_t(r)]) continue;
        const float* got_r = got.row(r);            // (cols)
        const float* expected_r = expected.row(r);  // (cols)
        for (int i = 0; i < expected.cols; ++i) {
            sums.add(r, i, got_r[i], expected_r[i]);
        }
    }
    return sums.result();
}

}  // namespace gptoss::compare

// Checks: what the runner asks of a function, and how numbers are held against each other.
//
//     worked   a few calls whose numbers a person can redo on paper
//     hidden   calls on inputs made from a seed, held against the repository's function
//     place    the function in its place: in a model (course/in_model.hpp), or as place says
//
// Tolerance: 2e-5 of the largest number expected. Sums in float are ten times closer than that at
// these sizes, and the smallest mistakes of docs/pitfalls.md are five times as far off.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/core/generator.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::course {

using Numbers = std::vector<double>;
using Floats = std::vector<float>;
using Ids = std::vector<std::int32_t>;

inline constexpr double kTolerance = 2e-5;

// Where a result is not to be left as it was, so that nothing passes by writing nothing.
inline Floats unwritten(int size) {
    return Floats(std::size_t(size), std::numeric_limits<float>::quiet_NaN());
}

struct Matrix {
    Floats values;
    int rows;
    int cols;
    ConstMatrixView view() const { return {values.data(), rows, cols}; }
    MatrixView out() { return {values.data(), rows, cols}; }
    // The same numbers as a matrix of weights.
    DenseMatrix dense() const {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
        return {bytes, rows, cols, Storage::f32};
    }
};

inline Matrix unwritten(int rows, int cols) {
    return {unwritten(rows * cols), rows, cols};
}

template <class List>
Numbers numbers(const List& values) {
    return Numbers(values.begin(), values.end());
}

inline void append(Numbers& numbers, const auto& values) {
    numbers.insert(numbers.end(), values.begin(), values.end());
}

inline bool is_close(double got, double expected, double allowed) {
    if (got == expected) return true;            // infinities too
    return std::abs(got - expected) <= allowed;  // false for a NaN
}

// The first index that is off; -1 if none is.
inline int first_difference(const Numbers& got, const Numbers& expected) {
    double largest = 0;
    for (const double e : expected) {
        if (std::isfinite(e)) largest = std::max(largest, std::abs(e));
    }
    const std::size_t n = std::min(got.size(), expected.size());
    for (std::size_t i = 0; i < n; ++i) {
        if (!is_close(got[i], expected[i], kTolerance * largest)) return int(i);
    }
    return got.size() == expected.size() ? -1 : int(n);
}

inline std::string number_text(double number) {
    char text[40];
    std::snprintf(text, sizeof text, "%.8g", number);
    return text;
}

// Inputs of the hidden part: a pure function of the seed and of the exercise's name.
class Random {
public:
    Random(std::uint64_t seed, std::string_view name) : key_(generator_key(seed, name)) {}

    std::uint64_t word() { return generator_word(key_, next_++); }
    int below(int n) { return int(word() % std::uint64_t(n)); }
    int between(int first, int last) { return first + below(last - first + 1); }
    // Uniform in [-size, size), never 0.
    float number(float size = 1) {
        const double unit = (double(word() >> 40) + 0.5) / double(1 << 23) - 1.0;
        return float(unit) * size;
    }
    Floats floats(int n, float size = 1) {
        Floats values;
        for (int i = 0; i < n; ++i) {
            values.push_back(number(size));
        }
        return values;
    }
    Matrix matrix(int rows, int cols, float size = 1) {
        return {floats(rows * cols, size), rows, cols};
    }
    std::vector<std::uint8_t> bytes(int n, int first, int last) {
        std::vector<std::uint8_t> values;
        for (int i = 0; i < n; ++i) {
            values.push_back(std::uint8_t(between(first, last)));
        }
        return values;
    }

private:
    std::uint64_t key_;
    std::uint64_t next_ = 0;
};

struct WorkedCase {
    std::string name;  // what it shows, with the arithmetic if that is short
    Numbers expected;
    Numbers (*run)();
};

// What a run makes of the model: where it leaves the right one, and why.
struct Finding {
    bool is_right = false;
    std::string text = {};     // "block.0.attn.q_rope[1, 3] is 0.5, expected 0.25"
    std::string pitfall = {};  // its name, where diagnose knows it
    std::string mistake = {};  // and in words
};

struct Exercise {
    const char* name;
    std::vector<WorkedCase> worked;
    Numbers (*hidden)(Random& random);
    Numbers (*place)() = nullptr;  // instead of in a model
    const char* where = "";        // that place, in words
    Finding (*run)() = nullptr;    // another way to run it in a model
};

}  // namespace gptoss::course

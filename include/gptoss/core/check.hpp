// Errors: one line that names the operation, the operand, what it got and what it expected.
//
//     linear: w.cols is 2880, expected 4096 (x.cols)
//
// Error is thrown for what a user can mend (a file, a flag, a shape that does not fit).
// ShapeError is the special case of two extents that disagree. The checks run once per call of an
// op, never inside its loops, and are always on.
#pragma once
#include <stdexcept>
#include <string>

#include "gptoss/core/printable.hpp"

namespace gptoss {

// Its text is fit to be shown, whatever bytes of a file are in it (printable.hpp).
struct Error : std::runtime_error {
    explicit Error(const std::string& text) : std::runtime_error(error_text(text)) {}
};

struct ShapeError : Error {
    using Error::Error;
};

// require_extent("linear", "w.cols", w.cols, x.cols, "x.cols")
inline void require_extent(const char* op, const char* operand, long long got, long long expected,
                           const char* expected_name) {
    if (got == expected) return;
    throw ShapeError(std::string(op) + ": " + operand + " is " + std::to_string(got) +
                     ", expected " + std::to_string(expected) + " (" + expected_name + ")");
}

// require_at_least("attend", "keys.rows", keys.rows, n_visible, "visible positions")
inline void require_at_least(const char* op, const char* operand, long long got, long long least,
                             const char* least_name) {
    if (got >= least) return;
    throw ShapeError(std::string(op) + ": " + operand + " is " + std::to_string(got) +
                     ", expected at least " + std::to_string(least) + " (" + least_name + ")");
}

// Parts of equal size: require_multiple("rope", "x.cols", x.cols, head_dim, "head_dim")
inline void require_multiple(const char* op, const char* operand, long long got, long long unit,
                             const char* unit_name) {
    if (got > 0 && unit > 0 && got % unit == 0) return;
    throw ShapeError(std::string(op) + ": " + operand + " is " + std::to_string(got) +
                     ", expected a multiple of " + std::to_string(unit) + " (" + unit_name + ")");
}

// A vector operand: require_size("rmsnorm", "gain", gain, x.cols, "x.cols")
template <class Vector>
void require_size(const char* op, const char* operand, const Vector& v, int expected,
                  const char* expected_name) {
    if (v.size == expected) return;
    throw ShapeError(std::string(op) + ": " + operand + " has " + std::to_string(v.size) +
                     " elements, expected " + std::to_string(expected) + " (" + expected_name +
                     ")");
}

// A matrix operand: require_shape("rmsnorm", "y", y, x.rows, x.cols)
template <class Matrix>
void require_shape(const char* op, const char* operand, const Matrix& m, int rows, int cols) {
    if (m.rows == rows && m.cols == cols) return;
    throw ShapeError(std::string(op) + ": " + operand + " is (" + std::to_string(m.rows) + ", " +
                     std::to_string(m.cols) + "), expected (" + std::to_string(rows) + ", " +
                     std::to_string(cols) + ")");
}

}  // namespace gptoss

// An op of the CUDA path against the scalar op.
#pragma once
#include <vector>

#include "catch.hpp"
#include "device.hpp"
#include "golden.hpp"

namespace gptoss::test {

// A device fuses multiply and add, sums in trees and has its own exp: in sums of up to 2880 floats
// that moves a result by some 1e-6 of the largest ones.
inline constexpr double kBound = 5e-6;

inline ConstMatrixView matrix(const std::vector<float>& values, int rows, int cols) {
    return {values.data(), rows, cols};
}

// The result of both paths for one output of rows * cols; run(table, y) calls the op.
template <class Device = DeviceOps, class Run>
void check_twin(int rows, int cols, const Run& run, double bound = kBound) {
    std::vector<float> expected(std::size_t(rows * cols), 7.0f), got = expected;
    run(ScalarOps{}, MatrixView{expected.data(), rows, cols});
    run(Device{}, MatrixView{got.data(), rows, cols});
    const Difference d = difference(matrix(got, rows, cols), matrix(expected, rows, cols));
    INFO("(" << rows << ", " << cols << "), worst at [" << d.row << ", " << d.col << "]: got "
             << d.got << ", expected " << d.expected);
    CHECK(d.same_infinities);
    CHECK(d.error <= bound);
}

}  // namespace gptoss::test

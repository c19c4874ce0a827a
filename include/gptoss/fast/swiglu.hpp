// Twin of layers/swiglu.hpp, which holds formula, shapes and pitfalls. What differs: rows are
// shared among threads, and exp is a polynomial that runs on many channels at once
// (fast/kernels/exponentials.hpp).
#pragma once
#include "gptoss/fast/kernels/kernels.hpp"
#include "gptoss/fast/kernels/parallel.hpp"
#include "gptoss/layers/swiglu.hpp"

namespace gptoss::fast {

inline void swiglu_with(const Kernels& k, ConstMatrixView h, float limit, double alpha,
                        MatrixView y) {
    const int intermediate_size = h.cols / 2;
    require_swiglu_shapes(h, y);
    const std::int64_t work = std::int64_t(h.rows) * h.cols * 8;  // about 16 operations per channel
    for_ranges(h.rows, work, [&](int first, int last) {
        for (int row = first; row < last; ++row) {
            k.swiglu(h.row(row), limit, float(alpha), intermediate_size, y.row(row));
        }
    });
}

inline void swiglu(ConstMatrixView h, float limit, double alpha, MatrixView y) {
    swiglu_with(kernels(), h, limit, alpha, y);
}

}  // namespace gptoss::fast

// Twin of layers/linear.hpp, which holds formula, shapes and pitfalls. What differs: weight rows
// are shared among threads, and sums run in another order (fast/kernels/matmul.hpp), so last bits differ.
#pragma once
#include "gptoss/fast/kernels/matmul.hpp"
#include "gptoss/layers/linear.hpp"

namespace gptoss::fast {

inline void linear_with(const Kernels& k, MultiplyBf16 unit, ConstMatrixView x, DenseMatrix w,
                        ConstVectorView bias, MatrixView y) {
    require_linear_shapes(x, w, bias, y);
    multiply_dense(k, unit, x, w, bias.data, y);
}

inline void linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    linear_with(kernels(), nullptr, x, w, bias, y);
}

// From eight tokens on, x is rounded to BF16 if this machine has a unit for it.
inline void tile_linear(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
    linear_with(kernels(), bf16_unit().multiply, x, w, bias, y);
}

}  // namespace gptoss::fast

// Twin of layers/unembedding.hpp, which holds formula, shapes and pitfalls. What differs: as in
// fast/linear.hpp.
#pragma once
#include "gptoss/fast/kernels/matmul.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss::fast {

inline void unembed_with(const Kernels& k, ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    require_unembed_shapes(x, w, logits);
    multiply_dense(k, nullptr, x, w, nullptr, logits);
}

inline void unembed(ConstMatrixView x, DenseMatrix w, MatrixView logits) {
    unembed_with(kernels(), x, w, logits);
}

}  // namespace gptoss::fast

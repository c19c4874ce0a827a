// Twin of layers/expert_linear.hpp, which holds formula, shapes and pitfalls. What differs: tokens
// are grouped by expert, so that every expert's weights are read once, the experts of a token side
// by side; sums run in another order (fast/kernels/matmul.hpp), so last bits differ.
//
// Experts that are not MXFP4 take the plain way.
#pragma once
#include "gptoss/fast/kernels/matmul.hpp"
#include "gptoss/layers/expert_linear.hpp"

namespace gptoss::fast {

// Rows of y in the order of their experts; an expert that nobody chose has an empty group.
inline TokenGroups groups_by_expert(XRows x_rows, ConstIdsView ids, int n_experts) {
    const int n_rows = ids.rows * ids.cols;
    TokenGroups all;
    for (int e = 0; e < n_experts; ++e) {
        const int first = int(all.rows.size());
        for (int row = 0; row < n_rows; ++row) {
            if (ids.data[row] == e)
                all.rows.push_back({x_rows == XRows::per_rank ? row : row / ids.cols, row});
        }
        all.groups.push_back({e, first, int(all.rows.size()) - first});
    }
    return all;
}

inline std::vector<float> split_rows(ConstMatrixView x) {
    std::vector<float> split(std::size_t(x.rows) * std::size_t(x.cols));
    for (int t = 0; t < x.rows; ++t) {
        split_row(x.row(t), x.cols, split.data() + std::ptrdiff_t(t) * x.cols);
    }
    return split;
}

inline void expert_linear_with(const Kernels& k, MultiplyBf16 unit, ConstMatrixView x, XRows x_rows,
                               ConstIdsView ids, ExpertStack all_experts, ConstMatrixView bias,
                               MatrixView y) {
    if (!all_experts.is_mxfp4()) {
        gptoss::expert_linear(x, x_rows, ids, all_experts, bias, y);
        return;
    }
    require_expert_linear_shapes(x, x_rows, ids, all_experts, bias, y);
    const TokenGroups groups = groups_by_expert(x_rows, ids, all_experts.n_experts);
    const bool is_gguf = all_experts.gguf.n_tensors > 0;
    const std::vector<float> split = is_gguf ? std::vector<float>{} : split_rows(x);
    const ConstMatrixView x_split{is_gguf ? x.data : split.data(), x.rows, x.cols};
    multiply_groups(k, unit, Mxfp4Source{all_experts, bias}, x_split, groups, y);
}

inline void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                          ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    expert_linear_with(kernels(), nullptr, x, x_rows, ids, all_experts, bias, y);
}

// For an expert with eight tokens or more, x is rounded to BF16 if this machine has a unit for it.
inline void tile_expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                               ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
    expert_linear_with(kernels(), bf16_unit().multiply, x, x_rows, ids, all_experts, bias, y);
}

}  // namespace gptoss::fast

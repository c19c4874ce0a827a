// Matmul: token vectors times one or several stored matrices; the core of linear, unembed and
// expert_linear.
//
//     y[row.y] = w[group.matrix] * x[row.x] + bias[group.matrix]      for each row of each group
//
// Few rows in a group: one dot product per weight row and token, straight from the stored weights,
// as fast as memory delivers them. Many rows: panels (fast/kernels/matmul_panels.hpp).
//
//   x  (any, in)    rows are picked by row.x; split (fast/kernels/bodies.hpp) if Source is MXFP4
//   y  (any, out)   rows are filled by row.y
//
// Where    in front of the kernels (fast/kernels/kernels.hpp).
// Errors   none: the ops check shapes.
// Pitfalls The borders are where a token more costs less than decoding the row again.
#pragma once
#include "gptoss/fast/kernels/matmul_panels.hpp"

namespace gptoss::fast {

inline constexpr int kFewestRowsForPanels = 5;
inline constexpr int kFewestRowsForUnit = 8;  // AVX-512 multiplies eights, AMX always 32

// Outputs [first_o, last_o) of the tokens of a group.
template <class Source>
void dots_of_group(const Kernels& k, const Source& w, ConstMatrixView x,
                   const std::vector<TokenRow>& all_rows, const TokenGroup& group, int first_o,
                   int last_o, MatrixView y) {
    const TokenRow* rows = all_rows.data() + group.first;
    const auto tokens = w.tokens(k, x, rows, group.count);
    for (int o = first_o; o < last_o; o += kRowsOfDots) {
        const int n = std::min(kRowsOfDots, last_o - o);
        for (int i = 0; i < group.count; ++i) {
            float* y_o = y.row(rows[i].y) + o;
            w.dots(k, group.matrix, o, n, tokens[std::size_t(i)], y_o);
            for (int r = 0; r < n; ++r) {
                y_o[r] += w.bias(group.matrix, o + r);
            }
        }
    }
}

template <class Source>
void multiply_by_dots(const Kernels& k, const Source& w, ConstMatrixView x,
                      const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                      MatrixView y) {
    const int out_size = w.rows();
    const auto some_outputs = [&](int first, int last) {
        for (int item = first; item < last;) {
            const int first_o = item % out_size;
            const int last_o = std::min(out_size, first_o + last - item);
            dots_of_group(k, w, x, rows, groups[std::size_t(item / out_size)], first_o, last_o, y);
            item += last_o - first_o;
        }
    };
    const int n_items = int(groups.size()) * out_size;
    for_ranges(n_items, std::int64_t(n_items) * x.cols, some_outputs);
}

// With a unit, where the weights fit BF16, many rows are rounded to it; without one, a null pointer,
// they are not.
template <class Source>
void multiply_groups(const Kernels& k, MultiplyBf16 unit, const Source& w, ConstMatrixView x,
                     const TokenGroups& all, MatrixView y) {
    const bool rounds = unit != nullptr && w.fits_bf16() && x.cols % kAmxColumns == 0;
    std::vector<TokenGroup> few, many, of_unit;
    for (const TokenGroup& group : all.groups) {
        if (rounds && group.count >= kFewestRowsForUnit) {
            of_unit.push_back(group);
        } else if (group.count >= kFewestRowsForPanels) {
            many.push_back(group);
        } else if (group.count > 0) {
            few.push_back(group);
        }
    }
    if (!few.empty()) multiply_by_dots(k, w, x, all.rows, few, y);
    if (!many.empty()) multiply_in_panels(FloatPanels{k}, w, x, all.rows, many, y);
    if (!of_unit.empty()) multiply_in_panels(Bf16Panels{k, unit}, w, x, all.rows, of_unit, y);
}

// A dense matrix; no bias is a null pointer.
inline void multiply_dense(const Kernels& k, MultiplyBf16 unit, ConstMatrixView x, DenseMatrix w,
                           const float* biases, MatrixView y) {
    multiply_groups(k, unit, DenseSource{w, biases}, x, one_group(x.rows), y);
}

}  // namespace gptoss::fast

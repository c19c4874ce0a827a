// Matmul: many token vectors times one or several stored matrices; the core of linear, unembed and
// expert_linear.
//
//     y[row.y] = w[group.matrix] * x[row.x] + bias[group.matrix]      for each row of each group
//
// Few rows in a group: one dot product per weight row and token, straight from the stored weights,
// as fast as memory delivers them. Many rows: 32 weight rows at a time are widened into a panel
// that stays in cache, and meet blocks of 16 or 32 tokens that were laid out token by token, so
// that a token is a lane: each weight is decoded once and used for every token.
//
//   x      (any, in)    rows are picked by row.x; split (leaf_bodies.hpp) if Source is MXFP4
//   y      (any, out)   rows are filled by row.y
//   panel  (32, in)     weights as floats
//   block  (in, lanes)  tokens as lanes, the last ones zero
//
// Where    in front of the kernels (fast/kernels.hpp).
// Errors   none: the ops check shapes.
// Pitfalls The border is where a lane more costs less than decoding the row again. Panels are
//          counted before groups, so that a cut between threads divides every group.
#pragma once
#include <cstddef>
#include <vector>

#include "gptoss/fast/kernels.hpp"
#include "gptoss/fast/parallel.hpp"

namespace gptoss::fast {

inline constexpr int kPanelRows = 32;
inline constexpr int kMostLanes = 32;
inline constexpr int kFewestRowsForBlocks = 8;

struct TokenRow {
    int x = 0;
    int y = 0;
};

// The rows [first, first + count) of a list, all for one matrix.
struct TokenGroup {
    int matrix = 0;
    int first = 0;
    int count = 0;
};

struct TokenGroups {
    std::vector<TokenRow> rows;
    std::vector<TokenGroup> groups;
};

inline TokenGroups one_group(int n_tokens) {
    TokenGroups all;
    for (int t = 0; t < n_tokens; ++t) {
        all.rows.push_back({t, t});
    }
    all.groups.push_back({0, 0, n_tokens});
    return all;
}

// A BF16 matrix as multiply_groups reads it; no bias is a null pointer.
struct Bf16Source {
    Bf16Matrix w;
    const float* biases = nullptr;  // (out)

    int rows() const { return w.rows; }
    float bias(int, int o) const { return biases == nullptr ? 0.0f : biases[o]; }
    float dot(const Kernels& k, int, int o, const float* x) const {
        return k.dot_bf16(w.row(o).bytes, x, w.cols);
    }
    void widen(const Kernels& k, int, int o, float* weights) const {
        k.widen_bf16(w.row(o).bytes, w.cols, weights);
    }
};

// The MXFP4 matrices of all experts; x is split.
struct Mxfp4Source {
    ExpertStack experts;
    ConstMatrixView biases;  // (n_experts, out)

    int rows() const { return experts.rows; }
    int n_blocks() const { return experts.cols / kMxfp4BlockSize; }
    float bias(int e, int o) const { return biases.row(e)[o]; }
    float dot(const Kernels& k, int e, int o, const float* x) const {
        return k.dot_mxfp4(experts.mxfp4(e).row(o), x, n_blocks());
    }
    void widen(const Kernels& k, int e, int o, float* weights) const {
        k.widen_mxfp4(experts.mxfp4(e).row(o), n_blocks(), weights);
    }
};

// --- Few rows: dot products -------------------------------------------------------------------

template <class Source>
void multiply_by_dots(const Kernels& k, const Source& w, ConstMatrixView x,
                      const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                      MatrixView y) {
    const int out_size = w.rows();
    const auto some_outputs = [&](int first, int last) {
        for (int item = first; item < last; ++item) {
            const TokenGroup& group = groups[std::size_t(item / out_size)];
            const int o = item % out_size;
            for (int i = group.first; i < group.first + group.count; ++i) {
                const TokenRow row = rows[std::size_t(i)];
                const float sum = w.dot(k, group.matrix, o, x.row(row.x));
                y.row(row.y)[o] = sum + w.bias(group.matrix, o);
            }
        }
    };
    const int n_items = int(groups.size()) * out_size;
    for_ranges(n_items, std::int64_t(n_items) * x.cols, some_outputs);
}

// --- Many rows: panels of weights and blocks of tokens ----------------------------------------

struct TokenBlock {
    int first = 0;  // of the list of rows
    int count = 0;
    int lanes = 0;           // count, rounded up to 16 or 32
    std::size_t offset = 0;  // of its floats
};

inline std::vector<TokenBlock> blocks_of(const TokenGroup& group, int in_size,
                                         std::size_t& n_floats) {
    std::vector<TokenBlock> blocks;
    for (int done = 0; done < group.count; done += kMostLanes) {
        const int count = std::min(kMostLanes, group.count - done);
        const int lanes = count <= 16 ? 16 : kMostLanes;
        blocks.push_back({group.first + done, count, lanes, n_floats});
        n_floats += std::size_t(lanes) * std::size_t(in_size);
    }
    return blocks;
}

inline void pack(ConstMatrixView x, const std::vector<TokenRow>& rows, const TokenBlock& block,
                 float* packed) {
    for (int l = 0; l < block.count; ++l) {
        const float* x_row = x.row(rows[std::size_t(block.first + l)].x);  // (in)
        for (int i = 0; i < x.cols; ++i) {
            packed[i * block.lanes + l] = x_row[i];
        }
    }
}

template <class Source>
void multiply_by_panels(const Kernels& k, const Source& w, ConstMatrixView x,
                        const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                        MatrixView y) {
    const int in_size = x.cols;
    std::size_t n_floats = 0;
    std::int64_t n_rows = 0;
    std::vector<std::vector<TokenBlock>> blocks;  // of each group
    for (const TokenGroup& group : groups) {
        blocks.push_back(blocks_of(group, in_size, n_floats));
        n_rows += group.count;
    }
    std::vector<float> packed(n_floats);
    const int n_groups = int(groups.size());
    for_ranges(n_groups, n_rows * in_size, [&](int first, int last) {
        for (int g = first; g < last; ++g) {
            for (const TokenBlock& block : blocks[std::size_t(g)]) {
                pack(x, rows, block, packed.data() + block.offset);
            }
        }
    });

    const int n_panels = (w.rows() + kPanelRows - 1) / kPanelRows;
    const auto some_panels = [&](int first, int last) {
        std::vector<float> panel(std::size_t(kPanelRows) * std::size_t(in_size));
        for (int item = first; item < last; ++item) {
            const TokenGroup& group = groups[std::size_t(item % n_groups)];
            const int first_o = item / n_groups * kPanelRows;
            const int n_outputs = std::min(kPanelRows, w.rows() - first_o);
            for (int o = 0; o < n_outputs; ++o) {
                float* weights = panel.data() + std::ptrdiff_t(o) * in_size;  // (in)
                w.widen(k, group.matrix, first_o + o, weights);
            }
            const StridedMatrix panel_view{panel.data(), in_size, 1, n_outputs, in_size};
            for (const TokenBlock& block : blocks[std::size_t(item % n_groups)]) {
                float sums[kPanelRows * kMostLanes] = {};
                k.multiply_add(panel_view, packed.data() + block.offset, block.lanes, sums);
                for (int l = 0; l < block.count; ++l) {
                    float* y_row = y.row(rows[std::size_t(block.first + l)].y) + first_o;
                    for (int o = 0; o < n_outputs; ++o) {
                        y_row[o] = sums[o * block.lanes + l] + w.bias(group.matrix, first_o + o);
                    }
                }
            }
        }
    };
    for_ranges(n_panels * n_groups, n_rows * in_size * w.rows(), some_panels);
}

template <class Source>
void multiply_groups(const Kernels& k, const Source& w, ConstMatrixView x, const TokenGroups& all,
                     MatrixView y) {
    std::vector<TokenGroup> few, many;
    for (const TokenGroup& group : all.groups) {
        if (group.count >= kFewestRowsForBlocks) {
            many.push_back(group);
        } else if (group.count > 0) {
            few.push_back(group);
        }
    }
    if (!few.empty()) multiply_by_dots(k, w, x, all.rows, few, y);
    if (!many.empty()) multiply_by_panels(k, w, x, all.rows, many, y);
}

}  // namespace gptoss::fast

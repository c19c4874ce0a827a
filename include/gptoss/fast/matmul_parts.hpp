// What matmul works on: stored matrices as sources of rows, tokens in groups and blocks.
//
//   source  rows() outputs; dot, widen and bias of output o of one matrix of several
//   group   rows of x and y that belong to one matrix (an expert, or the only one)
//   block   (in, lanes) up to 32 rows of a group, laid out so that a token is a lane, the last
//           ones zero
//
// Where    behind fast/matmul.hpp.
// Errors   none: the ops check shapes.
#pragma once
#include <cstddef>
#include <vector>

#include "gptoss/fast/kernels.hpp"
#include "gptoss/fast/parallel.hpp"

namespace gptoss::fast {

inline constexpr int kMostLanes = 32;

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
    static constexpr bool fits_bf16 = true;  // what widen gives
    const std::uint8_t* stored_bf16(int o) const { return w.row(o).bytes; }
};

// The same matrix from its copy in 8 bits.
struct Int8Source {
    Bf16Matrix w;
    const float* biases = nullptr;  // (out)

    int rows() const { return w.rows; }
    int n_blocks() const { return w.cols / kInt8BlockSize; }
    const std::uint8_t* row(int o) const {
        return w.int8 + std::ptrdiff_t(o) * n_blocks() * kInt8BlockBytes;
    }
    float bias(int, int o) const { return biases == nullptr ? 0.0f : biases[o]; }
    float dot(const Kernels& k, int, int o, const float* x) const {
        return k.dot_int8(row(o), x, n_blocks());
    }
    void widen(const Kernels& k, int, int o, float* weights) const {
        k.widen_int8(row(o), n_blocks(), weights);
    }
    static constexpr bool fits_bf16 = false;
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
    static constexpr bool fits_bf16 = true;
    const std::uint8_t* stored_bf16(int) const { return nullptr; }
};

// --- Blocks of tokens -------------------------------------------------------------------------

struct TokenBlock {
    int first = 0;  // of the list of rows
    int count = 0;
    int lanes = 0;           // count, rounded up to 16 or 32
    std::size_t offset = 0;  // of its floats
};

inline std::vector<TokenBlock> blocks_of(const TokenGroup& group, int in_size, int fewest_lanes,
                                         std::size_t& n_floats) {
    std::vector<TokenBlock> blocks;
    for (int done = 0; done < group.count; done += kMostLanes) {
        const int count = std::min(kMostLanes, group.count - done);
        const int lanes = count <= fewest_lanes ? fewest_lanes : kMostLanes;
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

// The blocks of each group, and their tokens as lanes.
struct PackedTokens {
    std::vector<std::vector<TokenBlock>> blocks;
    std::int64_t n_rows = 0;
    std::size_t n_floats = 0;
};

inline PackedTokens blocks_of_all(const std::vector<TokenGroup>& groups, int in_size,
                                  int fewest_lanes) {
    PackedTokens all;
    for (const TokenGroup& group : groups) {
        all.blocks.push_back(blocks_of(group, in_size, fewest_lanes, all.n_floats));
        all.n_rows += group.count;
    }
    return all;
}

// Calls work(group, block) for every block.
template <class Work>
void for_blocks(const PackedTokens& all, int in_size, const Work& work) {
    for_ranges(int(all.blocks.size()), all.n_rows * in_size, [&](int first, int last) {
        for (int g = first; g < last; ++g) {
            for (const TokenBlock& block : all.blocks[std::size_t(g)]) {
                work(block);
            }
        }
    });
}

// sums (n_outputs, lanes) to the rows of y that they belong to
template <class Source>
void store_sums(const Source& w, int matrix, int first_o, int n_outputs,
                const std::vector<TokenRow>& rows, const TokenBlock& block, const float* sums,
                MatrixView y) {
    for (int l = 0; l < block.count; ++l) {
        float* y_row = y.row(rows[std::size_t(block.first + l)].y) + first_o;
        for (int o = 0; o < n_outputs; ++o) {
            y_row[o] = sums[o * block.lanes + l] + w.bias(matrix, first_o + o);
        }
    }
}

}  // namespace gptoss::fast

// What matmul works on: stored matrices as sources of rows, tokens in groups and blocks.
//
//   source  rows() outputs; of one matrix of several: dots of up to 16 outputs, widen and bias of one
//   group   rows of x and y that belong to one matrix (an expert, or the only one)
//   block   (in, lanes) up to most_lanes rows of a group, laid out so that a token is a lane, the last
//           ones zero
//
// Where    behind fast/kernels/matmul.hpp.
// Errors   none: the ops check shapes.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "gptoss/fast/kernels/kernels.hpp"
#include "gptoss/fast/kernels/parallel.hpp"

namespace gptoss::fast {

inline constexpr int kRowsOfDots = 16;  // few enough to stay in the first cache, for the next token

struct TokenRow {
    int x = 0;
    int y = 0;
};

// [first, first + count) of a list of rows, or of blocks of them, all for one matrix.
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

// A dense matrix as multiply_groups reads it; no bias is a null pointer.
struct DenseSource {
    DenseMatrix w;
    const float* biases = nullptr;  // (out)

    int rows() const { return w.rows; }
    float bias(int, int o) const { return biases == nullptr ? 0.0f : biases[o]; }
    // What dots takes for some rows of x.
    std::vector<const float*> tokens(const Kernels&, ConstMatrixView x, const TokenRow* rows,
                                     int n) const {
        std::vector<const float*> all;
        for (int i = 0; i < n; ++i) {
            all.push_back(x.row(rows[i].x));
        }
        return all;
    }
    void dots(const Kernels& k, int, int first_o, int n, const float* x, float* sums) const {
        for (int i = 0; i < n; ++i) {
            sums[i] = dot(k, first_o + i, x);
        }
    }
    float dot(const Kernels& k, int o, const float* x) const {
        const std::uint8_t* w_o = w.row(o).bytes;
        switch (w.storage) {
            case Storage::bf16:
                return k.dot_bf16(w_o, x, w.cols);
            case Storage::f16:
                return k.dot_f16(w_o, x, w.cols);
            case Storage::f32:
                return k.dot_f32(w_o, x, w.cols);
            case Storage::q8_0:
                return k.dot_q8_0(w_o, x, w.cols);
        }
        return 0;
    }
    void widen(const Kernels& k, int, int o, float* weights) const {
        const std::uint8_t* w_o = w.row(o).bytes;
        switch (w.storage) {
            case Storage::bf16:
                return k.widen_bf16(w_o, w.cols, weights);
            case Storage::f16:
                return k.widen_f16(w_o, w.cols, weights);
            case Storage::f32:
                return k.widen_f32(w_o, w.cols, weights);
            case Storage::q8_0:
                return k.widen_q8_0(w_o, w.cols, weights);
        }
    }
    bool fits_bf16() const { return w.storage == Storage::bf16; }
    const std::uint8_t* stored_bf16(int o) const { return w.row(o).bytes; }
    void unpack(const Kernels&, int, int o, std::uint16_t* weights) const {
        std::memcpy(weights, w.row(o).bytes, 2 * std::size_t(w.cols));
    }
};

struct Mxfp4Tokens {
    std::vector<FixedPair> fixed;
    std::vector<Mxfp4Token> tokens;
    Mxfp4Token operator[](std::size_t i) const { return tokens[i]; }
};

// The MXFP4 matrices of all experts; x is split.
struct Mxfp4Source {
    ExpertStack experts;
    ConstMatrixView biases;  // (n_experts, out)

    int rows() const { return experts.rows; }
    int n_blocks() const { return experts.cols / kMxfp4BlockSize; }
    float bias(int e, int o) const { return biases.row(e)[o]; }
    Mxfp4Tokens tokens(const Kernels& k, ConstMatrixView x, const TokenRow* rows, int n) const {
        Mxfp4Tokens all;
        const int n_pairs = k.to_fixed_point != nullptr ? (n_blocks() + 1) / 2 : 0;
        all.fixed.resize(std::size_t(n) * std::size_t(n_pairs));
        for (int i = 0; i < n; ++i) {
            const float* x_split = x.row(rows[i].x);
            FixedPair* fixed = all.fixed.data() + std::ptrdiff_t(i) * n_pairs;
            if (k.to_fixed_point != nullptr) k.to_fixed_point(x_split, n_blocks(), fixed);
            all.tokens.push_back({x_split, fixed});
        }
        return all;
    }
    void dots(const Kernels& k, int e, int first_o, int n, Mxfp4Token x, float* sums) const {
        Mxfp4Row some_rows[kRowsOfDots];
        for (int i = 0; i < n; ++i) {
            some_rows[i] = experts.mxfp4_row(e, first_o + i);
        }
        k.dots_mxfp4(some_rows, n, x, n_blocks(), sums);
    }
    void widen(const Kernels& k, int e, int o, float* weights) const {
        k.widen_mxfp4(experts.mxfp4_row(e, o), n_blocks(), weights);
    }
    bool fits_bf16() const { return true; }
    const std::uint8_t* stored_bf16(int) const { return nullptr; }
    void unpack(const Kernels& k, int e, int o, std::uint16_t* weights) const {
        k.unpack_mxfp4(experts.mxfp4_row(e, o), n_blocks(), weights);
    }
};

// --- Blocks of tokens -------------------------------------------------------------------------

struct TokenBlock {
    int first = 0;  // of the list of rows
    int count = 0;
    int lanes = 0;           // count, rounded up to a multiple of fewest_lanes
    std::size_t offset = 0;  // of its numbers among those of all blocks
};

struct TokenBlocks {
    std::vector<TokenBlock> blocks;
    std::vector<TokenGroup> groups;  // of blocks
    std::int64_t n_rows = 0;
    std::size_t n_numbers = 0;
};

inline int round_up(int n, int step) {
    return (n + step - 1) / step * step;
}

// Blocks of a group are as alike as steps of fewest_lanes allow: 16 and 16 tokens, not 24 and 8.
inline TokenBlocks blocks_of(const std::vector<TokenGroup>& groups, int in_size, int fewest_lanes,
                             int most_lanes) {
    TokenBlocks all;
    for (const TokenGroup& group : groups) {
        const int first_block = int(all.blocks.size());
        for (int done = 0; done < group.count;) {
            const int n_left = group.count - done;
            const int n_blocks = (n_left + most_lanes - 1) / most_lanes;
            const int lanes = round_up((n_left + n_blocks - 1) / n_blocks, fewest_lanes);
            const int count = std::min(lanes, n_left);
            all.blocks.push_back({group.first + done, count, lanes, all.n_numbers});
            done += count;
            all.n_numbers += std::size_t(lanes) * std::size_t(in_size);
        }
        all.groups.push_back({group.matrix, first_block, int(all.blocks.size()) - first_block});
        all.n_rows += group.count;
    }
    return all;
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

// Stored matrices as matmul reads them: rows of bytes as sources of dot products and of panels.
//
//   source  one or several matrices of rows() outputs: dots of up to 16 outputs, a panel of them, the
//           bias of one
//   panel   up to kMostLanes outputs. widen makes floats of n columns, a multiple of 32 but at a row's
//           end: (n, lanes), an output a lane. The last output fills lanes up to a multiple of 8
//
// Where    behind fast/kernels/matmul_panels.hpp.
// Errors   none: the ops check shapes.
// Pitfalls A panel's rows are read in pieces, which is no stream that hardware sees: each piece also
//          asks for the one in its place in the next panel.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "gptoss/fast/kernels/matmul_parts.hpp"

namespace gptoss::fast {

// Into the second cache: the first has the panel at hand.
inline void prefetch_bytes(const std::uint8_t* bytes, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 64) {
        __builtin_prefetch(bytes + i, 0, 2);
    }
}

// --- Panels -----------------------------------------------------------------------------------

inline constexpr int kLanesAtOnce = 8;  // of Kernels::widen_mxfp4 and transpose

// 9 to 12 KiB of floats, which stay in the first cache. With 128 columns, 512 tokens took a tenth longer
// on a Zen 3, with 64 a few per cent.
inline constexpr int kColumnsOfPanel = 96;

struct DensePanel {
    DenseMatrix w;
    int first_o = 0;
    int n_outputs = 0;

    void widen(const Kernels& k, int first, int n, float* panel, int lanes) const {
        const std::size_t skipped = storage_bytes(w.storage, std::size_t(first));
        const std::size_t n_bytes = storage_bytes(w.storage, std::size_t(n));
        float rows[kLanesAtOnce * kColumnsOfPanel];  // (kLanesAtOnce, n)
        for (int lane = 0; lane < lanes; lane += kLanesAtOnce) {
            for (int r = 0; r < kLanesAtOnce; ++r) {
                const int o = first_o + std::min(lane + r, n_outputs - 1);
                prefetch_bytes(w.row(o + n_outputs).bytes + skipped, n_bytes);
                k.widen(w.storage, w.row(o).bytes + skipped, n, rows + r * n);
            }
            k.transpose(rows, n, panel + lane, lanes);
        }
    }
};

struct Mxfp4Panel {
    Mxfp4Row w[kMostLanes];
    std::ptrdiff_t bytes_to_next = 0;  // from a row's codes to those in its place in the next panel

    void widen(const Kernels& k, int first, int n, float* panel, int lanes) const {
        const int first_block = first / kMxfp4BlockSize;
        const int n_blocks = n / kMxfp4BlockSize;
        const std::size_t n_bytes = std::size_t(n_blocks * w[0].layout.bytes_to_next_codes);
        for (int lane = 0; lane < lanes; ++lane) {
            prefetch_bytes(w[lane].codes_of(first_block) + bytes_to_next, n_bytes);
        }
        for (int lane = 0; lane < lanes; lane += kLanesAtOnce) {
            k.widen_mxfp4(w + lane, first_block, n_blocks, panel + lane, lanes);
        }
    }
};

// --- Sources ----------------------------------------------------------------------------------

inline constexpr int kRowsOfDots = 16;  // few enough to stay in the first cache, for the next token

// Each whole block of 32 in split order: the 16 of even index, then the 16 of odd index.
inline void split_row(const float* x, int n, float* split) {
    const int n_in_blocks = n / kMxfp4BlockSize * kMxfp4BlockSize;
    for (int i = 0; i < n_in_blocks; i += kMxfp4BlockSize) {
        for (int l = 0; l < 16; ++l) {
            split[i + l] = x[i + 2 * l];
            split[i + 16 + l] = x[i + 2 * l + 1];
        }
    }
    std::copy(x + n_in_blocks, x + n, split + n_in_blocks);
}

struct alignas(64) SixteenFloats {
    float values[16];
};

// Copies of tokens, each aligned to a cache line: a load that crosses a line costs two.
struct DenseTokens {
    std::size_t lines_of_token = 0;
    std::vector<SixteenFloats> lines;
    DenseTokens(int n_tokens, int in_size)
        : lines_of_token(std::size_t(in_size + 15) / 16),
          lines(std::size_t(n_tokens) * lines_of_token) {}
    float* token(int i) {
        return reinterpret_cast<float*>(lines.data() + std::size_t(i) * lines_of_token);
    }
    const float* operator[](std::size_t i) const {
        return reinterpret_cast<const float*>(lines.data() + i * lines_of_token);
    }
};

// A dense matrix as multiply_groups reads it; no bias is a null pointer.
struct DenseSource {
    DenseMatrix w;
    const float* biases = nullptr;  // (out)

    int rows() const { return w.rows; }
    float bias(int, int o) const { return biases == nullptr ? 0.0f : biases[o]; }
    // What dots takes for some rows of x.
    DenseTokens tokens(const Kernels&, ConstMatrixView x, const TokenRow* rows, int n) const {
        DenseTokens all(n, x.cols);
        for (int i = 0; i < n; ++i) {
            const float* x_i = x.row(rows[i].x);
            if (w.storage == Storage::bf16) {
                split_row(x_i, x.cols, all.token(i));
            } else {
                std::copy_n(x_i, x.cols, all.token(i));
            }
        }
        return all;
    }
    void dots(const Kernels& k, int, int first_o, int n, const float* x, float* sums) const {
        for (int i = 0; i < n; ++i) {
            sums[i] = k.dot(w.storage, w.row(first_o + i).bytes, x, w.cols);
        }
    }
    DensePanel panel(int, int first_o, int n) const { return {w, first_o, n}; }
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
    Mxfp4Panel panel(int e, int first_o, int n) const {
        Mxfp4Panel all;
        for (int lane = 0; lane < round_up(n, kLanesAtOnce); ++lane) {
            all.w[lane] = experts.mxfp4_row(e, first_o + std::min(lane, n - 1));
        }
        all.bytes_to_next = experts.mxfp4_row(e, first_o + n).codes - all.w[0].codes;
        return all;
    }
    bool fits_bf16() const { return true; }
    const std::uint8_t* stored_bf16(int) const { return nullptr; }
    void unpack(const Kernels& k, int e, int o, std::uint16_t* weights) const {
        k.unpack_mxfp4(experts.mxfp4_row(e, o), n_blocks(), weights);
    }
};

}  // namespace gptoss::fast

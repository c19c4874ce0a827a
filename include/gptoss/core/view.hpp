// Views: a pointer, its extents and row(). They own nothing and are passed by value.
//
// Said once and relied on everywhere: arrays are row-major, the last index is contiguous, position
// 0 is the first token, ranges are half open, and weight matrices are (out, in).
//
//   VectorView, ConstVectorView   float   (size)
//   MatrixView, ConstMatrixView   float   (rows, cols)
//   IdsView, ConstIdsView         int32   (rows, cols); positions and token ids have one column
//   DenseMatrix                   BF16, F16, F32 or Q8_0  (rows, cols)  as stored in the file
//   Mxfp4Matrix                   MXFP4   (rows, cols)             as stored in the file
//   ExpertStack                   the same matrix of every expert, (n_experts, rows, cols)
//
// A three-dimensional activation is a matrix whose rows are its first two indices flattened:
// gate_up (n_tokens, top_k, 2 * intermediate_size) has row t * top_k + j.
// Weights point into the mapped checkpoint, at any alignment, so they are read through bytes.
//
// Values are stored as float; the plain ops compute in double and round once, where they store. A
// sum of 2880 products in one float is a hundred times less exact than the blocked sums of PyTorch,
// and a reference has to be closer to the truth than whatever it judges. The bits then do not
// depend on whether a compiler fuses multiplication and addition: the product of two floats is
// exact in double.
#pragma once
#include <cstddef>
#include <cstdint>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/core/storage.hpp"

namespace gptoss {

struct ConstVectorView {
    const float* data = nullptr;
    int size = 0;
};

struct VectorView {
    float* data = nullptr;
    int size = 0;
    constexpr operator ConstVectorView() const { return {data, size}; }
};

struct ConstMatrixView {
    const float* data = nullptr;
    int rows = 0;
    int cols = 0;
    constexpr const float* row(int r) const { return data + std::size_t(r) * std::size_t(cols); }
};

struct MatrixView {
    float* data = nullptr;
    int rows = 0;
    int cols = 0;
    constexpr float* row(int r) const { return data + std::size_t(r) * std::size_t(cols); }
    constexpr operator ConstMatrixView() const { return {data, rows, cols}; }
};

struct ConstIdsView {
    const std::int32_t* data = nullptr;
    int rows = 0;
    int cols = 1;
    constexpr const std::int32_t* row(int r) const {
        return data + std::size_t(r) * std::size_t(cols);
    }
};

struct IdsView {
    std::int32_t* data = nullptr;
    int rows = 0;
    int cols = 1;
    constexpr std::int32_t* row(int r) const { return data + std::size_t(r) * std::size_t(cols); }
    constexpr operator ConstIdsView() const { return {data, rows, cols}; }
};

// The rows [first, first + count) of a matrix.
constexpr ConstMatrixView rows_of(ConstMatrixView m, int first, int count) {
    return {m.row(first), count, m.cols};
}

struct DenseRow {
    const std::uint8_t* bytes = nullptr;
    Storage storage = Storage::bf16;
    float operator[](int i) const { return load_stored(storage, bytes, std::size_t(i)); }
};

struct DenseMatrix {
    const std::uint8_t* bytes = nullptr;
    int rows = 0;
    int cols = 0;
    Storage storage = Storage::bf16;
    constexpr std::size_t row_bytes() const { return storage_bytes(storage, std::size_t(cols)); }
    constexpr DenseRow row(int r) const { return {bytes + std::size_t(r) * row_bytes(), storage}; }
};

struct Mxfp4Row {
    const std::uint8_t* codes = nullptr;   // (cols / 32, 16)
    const std::uint8_t* scales = nullptr;  // (cols / 32)
    void decode_block(int block, float* weights) const {
        mxfp4_decode_block(codes + block * kMxfp4BlockBytes, scales[block], weights);
    }
};

struct Mxfp4Matrix {
    const std::uint8_t* codes = nullptr;   // (rows, cols / 32, 16)
    const std::uint8_t* scales = nullptr;  // (rows, cols / 32)
    int rows = 0;
    int cols = 0;
    constexpr Mxfp4Row row(int r) const {
        const std::size_t first_block = std::size_t(r) * std::size_t(cols / kMxfp4BlockSize);
        return {codes + first_block * kMxfp4BlockBytes, scales + first_block};
    }
};

// The matrices (rows = out, cols = in) of all experts, in one of the two forms that files hold.
// MXFP4 is the released one. Files that were unpacked to BF16 hold [expert][in][out] instead,
// transposed; bf16_transposed is set exactly then. decode_block hides the difference.
struct ExpertStack {
    const std::uint8_t* codes = nullptr;            // (n_experts, rows, cols / 32, 16)
    const std::uint8_t* scales = nullptr;           // (n_experts, rows, cols / 32)
    const std::uint8_t* bf16_transposed = nullptr;  // (n_experts, cols, rows)
    int n_experts = 0;
    int rows = 0;
    int cols = 0;

    constexpr Mxfp4Matrix mxfp4(int e) const {
        const std::size_t first_block =
            std::size_t(e) * std::size_t(rows) * std::size_t(cols / kMxfp4BlockSize);
        return {codes + first_block * kMxfp4BlockBytes, scales + first_block, rows, cols};
    }

    // Weights [32 * block, 32 * block + 32) of row o of expert e.
    void decode_block(int e, int o, int block, float* weights) const {
        if (bf16_transposed == nullptr) {
            mxfp4(e).row(o).decode_block(block, weights);
            return;
        }
        for (int i = 0; i < kMxfp4BlockSize; ++i) {
            const std::size_t in =
                std::size_t(e) * std::size_t(cols) + std::size_t(block * kMxfp4BlockSize + i);
            weights[i] = load_bf16(bf16_transposed, in * std::size_t(rows) + std::size_t(o));
        }
    }
};

}  // namespace gptoss

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
    constexpr bool operator==(const DenseMatrix&) const = default;  // the same place, not numbers
};

// How the blocks of a row follow each other: as released, codes and scales in arrays of their own, or
// as in a GGUF file, where a block is its scale and then its codes.
struct Mxfp4Layout {
    int bytes_to_next_codes = kMxfp4BlockBytes;
    int bytes_to_next_scale = 1;
    bool is_gguf = false;
};
inline constexpr Mxfp4Layout kGgufMxfp4Layout{kGgufMxfp4BlockBytes, kGgufMxfp4BlockBytes, true};

struct Mxfp4Row {
    const std::uint8_t* codes = nullptr;   // (cols / 32, 16)
    const std::uint8_t* scales = nullptr;  // (cols / 32)
    Mxfp4Layout layout = {};
    constexpr const std::uint8_t* codes_of(int block) const {
        return codes + std::ptrdiff_t(block) * layout.bytes_to_next_codes;
    }
    constexpr std::uint8_t scale_of(int block) const {
        return scales[std::ptrdiff_t(block) * layout.bytes_to_next_scale];
    }
    void decode_block(int block, float* weights) const {
        if (layout.is_gguf) {
            mxfp4_decode_gguf_codes(codes_of(block), scale_of(block), weights);
        } else {
            mxfp4_decode_block(codes_of(block), scale_of(block), weights);
        }
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

// The same as GGUF files hold it: row after row, in MXFP4 or in a form of dense matrices. Gate and up
// are tensors of their own there, so row o is row o / 2 of tensor o % 2; down is one tensor.
struct GgufExperts {
    const std::uint8_t* tensors[2] = {};  // (n_experts, rows / n_tensors, cols)
    int n_tensors = 0;                    // 0: the experts are no GGUF's
    bool is_mxfp4 = false;
    Storage storage = Storage::bf16;  // if they are not MXFP4
    constexpr bool operator==(const GgufExperts&) const = default;
};

// The matrices (rows = out, cols = in) of all experts, in one of the three forms that files hold.
// MXFP4 is the released one. Files that were unpacked, to BF16, F16 or F32, hold [expert][in][out]
// instead; transposed is set exactly then. decode_block hides the difference.
struct ExpertStack {
    const std::uint8_t* codes = nullptr;       // (n_experts, rows, cols / 32, 16)
    const std::uint8_t* scales = nullptr;      // (n_experts, rows, cols / 32)
    const std::uint8_t* transposed = nullptr;  // (n_experts, cols, rows)
    int n_experts = 0;
    int rows = 0;
    int cols = 0;
    GgufExperts gguf = {};
    Storage storage = Storage::bf16;                                // of transposed
    constexpr bool operator==(const ExpertStack&) const = default;  // the same place

    constexpr bool is_mxfp4() const {
        const bool is_packed = gguf.n_tensors == 0 || gguf.is_mxfp4;
        return transposed == nullptr && is_packed;
    }

    constexpr Mxfp4Matrix mxfp4(int e) const {
        const std::size_t first_block =
            std::size_t(e) * std::size_t(rows) * std::size_t(cols / kMxfp4BlockSize);
        return {codes + first_block * kMxfp4BlockBytes, scales + first_block, rows, cols};
    }

    // Row o of expert e in a GGUF file.
    constexpr const std::uint8_t* gguf_row(int e, int o) const {
        const std::size_t mxfp4_bytes = std::size_t(cols / kMxfp4BlockSize) * kGgufMxfp4BlockBytes;
        const std::size_t row_bytes =
            gguf.is_mxfp4 ? mxfp4_bytes : storage_bytes(gguf.storage, std::size_t(cols));
        const int rows_of_tensor = rows / gguf.n_tensors;
        const std::size_t row =
            std::size_t(e) * std::size_t(rows_of_tensor) + std::size_t(o / gguf.n_tensors);
        return gguf.tensors[o % gguf.n_tensors] + row * row_bytes;
    }

    // Row o of expert e, if the experts are MXFP4.
    constexpr Mxfp4Row mxfp4_row(int e, int o) const {
        if (gguf.n_tensors == 0) return mxfp4(e).row(o);
        const std::uint8_t* block = gguf_row(e, o);
        return {block + 1, block, kGgufMxfp4Layout};
    }

    // Weights [32 * block, 32 * block + 32) of row o of expert e.
    void decode_block(int e, int o, int block, float* weights) const {
        if (is_mxfp4()) {
            mxfp4_row(e, o).decode_block(block, weights);
            return;
        }
        for (int i = 0; i < kMxfp4BlockSize; ++i) {
            const int in = block * kMxfp4BlockSize + i;
            weights[i] = unpacked_weight(e, o, in);
        }
    }

    // Weight (o, in) of expert e, if the experts are not MXFP4.
    float unpacked_weight(int e, int o, int in) const {
        if (transposed == nullptr) return DenseRow{gguf_row(e, o), gguf.storage}[in];
        const std::size_t row_of_in =
            std::size_t(e) * std::size_t(cols) + std::size_t(in);  // (rows)
        return load_stored(storage, transposed, row_of_in * std::size_t(rows) + std::size_t(o));
    }
};

}  // namespace gptoss

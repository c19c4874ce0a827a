// The slices of a tile (cuda/tile.cuh): 32 channels of its 128 tokens and of its 128 outputs, as BF16,
// brought to shared memory while the slice before is multiplied.
//
//     Bf16Pieces, Mxfp4Pieces    what this thread brings of each slice, two pieces of 8 channels
//     begin_slice(pieces, ...)   asks for them and does not wait
//     end_slice(pieces, ...)     behind the products: what came as codes is decoded and stored
//     wait_for_copies, barrier   then all threads may read the slice
//
//     one of two    slice 0 multiplied   slice 2 on its way   slice 2 multiplied    at each | a wait for what
//     the other     slice 1 on its way | slice 1 multiplied | slice 3 on its way    a thread has asked for,
//                                                                                   and a barrier
//
//     Thread p has the channels 8 (p % 4) to 8 (p % 4) + 7 of the rows p / 4 and 64 + p / 4: four
//     neighbours share a row, so a warp reads 64 bytes (MXFP4: 16) of each of 8 rows.
//
// Pitfalls Rows of a slice are 40 long in memory: with 32, the rows of a fragment would lie in the
//          same banks. Beyond the last channel and the last row there are zeros.
#pragma once
#include <cstdint>

#include "gptoss/core/view.hpp"
#include "gptoss/cuda/copy_async.cuh"
#include "gptoss/cuda/mxfp4_bf16.cuh"
#include "gptoss/cuda/rounded.cuh"

namespace gptoss::cuda {

// 128 x 128: a weight is used 128 times for each time it is read, and the sums of a thread are 64
// registers, which leaves room for two blocks at a time.
inline constexpr int kTileRows = 128;  // tokens, and as many outputs
inline constexpr int kTileWarps = 8;
inline constexpr int kTileThreads = kTileWarps * kWarpSize;
inline constexpr int kTileBlocksOfSm = 2;
inline constexpr int kSliceChannels = 32;  // a block of MXFP4 has one scale
inline constexpr int kPiecesOfRow = kSliceChannels / kPieceChannels;
inline constexpr int kSliceStride = kSliceChannels + 8;  // see Pitfalls
inline constexpr int kPiecesOfThread = kTileRows * kPiecesOfRow / kTileThreads;

struct alignas(kFragmentAlignment) Slice {
    std::uint16_t rows[kTileRows][kSliceStride];
};

// The first channel of this thread in every slice, and the row of its piece n.
__device__ inline int channel_of_thread() {
    return int(threadIdx.x) % kPiecesOfRow * kPieceChannels;
}
__device__ inline int row_of_piece(int n) {
    return int(threadIdx.x) / kPiecesOfRow + n * (kTileThreads / kPiecesOfRow);
}
__device__ inline std::uint16_t* piece_of_slice(Slice& slice, int n) {
    return &slice.rows[row_of_piece(n)][channel_of_thread()];
}

// --- Numbers in BF16: activations that were rounded, and weights ------------------------------

struct Bf16Pieces {
    const std::uint16_t* from[kPiecesOfThread];  // in the slice of channel 0
    int end[kPiecesOfThread];  // of a slice's first channels: none is there from it on
};

__device__ inline Bf16Pieces pieces_of(const DenseMatrix& w, int first_o) {
    Bf16Pieces pieces;
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        const int o = first_o + row_of_piece(n);
        const bool is_there = o < w.rows;
        const std::uint8_t* row = w.row(is_there ? o : 0).bytes;
        pieces.from[n] = reinterpret_cast<const std::uint16_t*>(row) + channel_of_thread();
        pieces.end[n] = is_there ? w.cols - channel_of_thread() : 0;
    }
    return pieces;
}

__device__ inline void begin_slice(const Bf16Pieces& pieces, int i, Slice& slice) {
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        copy_async(piece_of_slice(slice, n), pieces.from[n] + i, i < pieces.end[n]);
    }
}

__device__ inline void end_slice(const Bf16Pieces&, Slice&) {}

// --- Weights in MXFP4 -------------------------------------------------------------------------

struct Mxfp4Pieces {
    const std::uint8_t* codes[kPiecesOfThread];   // in the slice of channel 0
    const std::uint8_t* scales[kPiecesOfThread];  // of the row
    int end[kPiecesOfThread];
    std::uint32_t begun_codes[kPiecesOfThread];  // of the slice that was begun
    std::uint8_t begun_scales[kPiecesOfThread];
};

__device__ inline Mxfp4Pieces pieces_of(const Mxfp4Matrix& w, int first_o) {
    Mxfp4Pieces pieces;
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        const int o = first_o + row_of_piece(n);
        const bool is_there = o < w.rows;
        const Mxfp4Row row = w.row(is_there ? o : 0);
        pieces.codes[n] = row.codes + channel_of_thread() / 2;
        pieces.scales[n] = row.scales;
        pieces.end[n] = is_there ? w.cols - channel_of_thread() : 0;
    }
    return pieces;
}

__device__ inline void begin_slice(Mxfp4Pieces& pieces, int i, Slice&) {
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        pieces.begun_codes[n] = 0;  // which are zeros
        pieces.begun_scales[n] = 0;
        if (i >= pieces.end[n]) continue;
        pieces.begun_codes[n] = *reinterpret_cast<const std::uint32_t*>(pieces.codes[n] + i / 2);
        pieces.begun_scales[n] = pieces.scales[n][i / kMxfp4BlockSize];
    }
}

__device__ inline void end_slice(const Mxfp4Pieces& pieces, Slice& slice) {
#pragma unroll
    for (int n = 0; n < kPiecesOfThread; ++n) {
        store_piece(piece_of_slice(slice, n),
                    decoded_piece(pieces.begun_codes[n], pieces.begun_scales[n]));
    }
}

}  // namespace gptoss::cuda

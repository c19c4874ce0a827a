// Matmul of many tokens: panels of 32 weight rows that stay in cache meet blocks of 16 or 32 tokens,
// so that each weight is decoded once and used for every token.
//
//   panel  (32, in)      weights as floats; for a BF16 unit as BF16, straight from the file where it can
//   block  (in, lanes)   tokens (fast/matmul_parts.hpp)
//
// Where    behind fast/matmul.hpp.
// Errors   none: the ops check shapes.
// Pitfalls Panels are counted before groups, so that a cut between threads divides every group.
#pragma once
#include <bit>

#include "gptoss/fast/bf16_unit.hpp"
#include "gptoss/fast/matmul_parts.hpp"

namespace gptoss::fast {

inline constexpr int kPanelRows = 32;

template <class Source>
void multiply_by_panels(const Kernels& k, const Source& w, ConstMatrixView x,
                        const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                        MatrixView y) {
    const int in_size = x.cols;
    const PackedTokens all = blocks_of_all(groups, in_size, 16);
    std::vector<float> packed(all.n_floats);
    for_blocks(all, in_size, [&](const TokenBlock& block) {
        pack(x, rows, block, packed.data() + block.offset);
    });

    const int n_groups = int(groups.size());
    const int n_panels = (w.rows() + kPanelRows - 1) / kPanelRows;
    const auto some_panels = [&](int first, int last) {
        std::vector<float> panel(std::size_t(kPanelRows) * std::size_t(in_size));
        for (int item = first; item < last; ++item) {
            const int matrix = groups[std::size_t(item % n_groups)].matrix;
            const int first_o = item / n_groups * kPanelRows;
            const int n_outputs = std::min(kPanelRows, w.rows() - first_o);
            for (int o = 0; o < n_outputs; ++o) {
                float* weights = panel.data() + std::ptrdiff_t(o) * in_size;  // (in)
                w.widen(k, matrix, first_o + o, weights);
            }
            const StridedMatrix panel_view{panel.data(), in_size, 1, n_outputs, in_size};
            for (const TokenBlock& block : all.blocks[std::size_t(item % n_groups)]) {
                float sums[kPanelRows * kMostLanes] = {};
                k.multiply_add(panel_view, packed.data() + block.offset, block.lanes, sums);
                store_sums(w, matrix, first_o, n_outputs, rows, block, sums, y);
            }
        }
    };
    for_ranges(n_panels * n_groups, all.n_rows * in_size * w.rows(), some_panels);
}

// --- The same by a BF16 unit: tokens and weights in BF16 (fast/bf16_unit.hpp) -----------------

// Lane l of a block of 32: half l / 16, then pairs of channels, then lanes.
inline void pack_pairs(ConstMatrixView x, const std::vector<TokenRow>& rows,
                       const TokenBlock& block, std::uint16_t* packed) {
    for (int l = 0; l < block.count; ++l) {
        const float* x_row = x.row(rows[std::size_t(block.first + l)].x);  // (in)
        std::uint16_t* lane = packed + l / 16 * x.cols * 16 + l % 16 * 2;
        for (int i = 0; i < x.cols; ++i) {
            lane[i / 2 * 32 + i % 2] = float_to_bf16(x_row[i]);
        }
    }
}

template <class Source>
void multiply_by_tiles(const Kernels& k, MultiplyBf16 multiply, const Source& w, ConstMatrixView x,
                       const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                       MatrixView y) {
    const int in_size = x.cols;
    const PackedTokens all = blocks_of_all(groups, in_size, kMostLanes);
    std::vector<std::uint16_t> packed(all.n_floats);
    for_blocks(all, in_size, [&](const TokenBlock& block) {
        pack_pairs(x, rows, block, packed.data() + block.offset);
    });

    const int n_groups = int(groups.size());
    const int n_panels = (w.rows() + kAmxRows - 1) / kAmxRows;
    const auto some_panels = [&](int first, int last) {
        std::vector<float> weights(std::size_t(in_size), 0.0f);
        std::vector<std::uint16_t> panel(std::size_t(kAmxRows) * std::size_t(in_size), 0);
        for (int item = first; item < last; ++item) {
            const int matrix = groups[std::size_t(item % n_groups)].matrix;
            const int first_o = item / n_groups * kAmxRows;
            const int n_outputs = std::min(kAmxRows, w.rows() - first_o);
            const std::uint8_t* tiles = n_outputs == kAmxRows ? w.stored_bf16(first_o) : nullptr;
            for (int o = 0; o < n_outputs && tiles == nullptr; ++o) {
                w.widen(k, matrix, first_o + o, weights.data());
                for (int i = 0; i < in_size; ++i) {  // exact: they come from BF16 or less
                    const std::uint32_t bits =
                        std::bit_cast<std::uint32_t>(weights[std::size_t(i)]);
                    panel[std::size_t(o * in_size + i)] = std::uint16_t(bits >> 16);
                }
            }
            if (tiles == nullptr) tiles = reinterpret_cast<const std::uint8_t*>(panel.data());
            for (const TokenBlock& block : all.blocks[std::size_t(item % n_groups)]) {
                float sums[kAmxRows * kMostLanes];
                multiply(tiles, 2 * in_size, packed.data() + block.offset, in_size, sums);
                store_sums(w, matrix, first_o, n_outputs, rows, block, sums, y);
            }
        }
    };
    for_ranges(n_panels * n_groups, all.n_rows * in_size * w.rows(), some_panels);
}

}  // namespace gptoss::fast

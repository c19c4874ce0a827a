// Matmul of many tokens: panels of weight rows that stay in cache meet blocks of up to 32 tokens, so
// that each weight is decoded once and used for every token.
//
//     FloatPanels   32 rows as floats; a token is a lane of the kernels (fast/kernels/kernels.hpp)
//     Bf16Panels    96 rows in BF16, straight from the file where they lie so; tokens rounded to
//                   BF16, for a BF16 unit (fast/kernels/bf16_unit.hpp)
//
// Where    behind fast/kernels/matmul.hpp.
// Errors   none: the ops check shapes.
// Pitfalls All panels of a group come one after the other, so that its tokens stay in cache too. A
//          thread gets a share of the work, not of the groups, which have any number of tokens.
#pragma once
#include <algorithm>
#include <cstring>

#include "gptoss/fast/kernels/bf16_unit.hpp"
#include "gptoss/fast/kernels/matmul_parts.hpp"

namespace gptoss::fast {

struct FloatPanels {
    using Number = float;
    static constexpr int kRows = 32;
    static constexpr int kColumns = 128;  // of so many channels all lanes fit the first cache
    const Kernels& k;

    int fewest_lanes() const { return k.fewest_lanes; }
    int most_lanes() const { return k.most_lanes; }

    // Channel by channel, a lane for each token.
    static void pack(ConstMatrixView x, const std::vector<TokenRow>& rows, const TokenBlock& block,
                     float* packed) {
        for (int l = 0; l < block.count; ++l) {
            const float* x_row = x.row(rows[std::size_t(block.first + l)].x);  // (in)
            for (int i = 0; i < x.cols; ++i) {
                packed[i * block.lanes + l] = x_row[i];
            }
        }
    }

    template <class Source>
    const float* weights(const Source& w, int matrix, int first_o, int n_outputs, int in_size,
                         float* panel) const {
        for (int o = 0; o < n_outputs; ++o) {
            w.widen(k, matrix, first_o + o, panel + std::ptrdiff_t(o) * in_size);
        }
        return panel;
    }

    void multiply(const float* weights, int n_outputs, int in_size, const float* packed, int lanes,
                  float* sums) const {
        std::fill_n(sums, n_outputs * lanes, 0.0f);
        for (int i = 0; i < in_size; i += kColumns) {
            const int n_columns = std::min(kColumns, in_size - i);
            k.multiply_add({weights + i, in_size, 1, n_outputs, n_columns}, packed + i * lanes,
                           lanes, sums);
        }
    }
};

struct Bf16Panels {
    using Number = std::uint16_t;
    static constexpr int kRows = 3 * kAmxRows;
    const Kernels& k;
    MultiplyBf16 unit;

    static int fewest_lanes() { return kMostLanes; }
    static int most_lanes() { return kMostLanes; }

    // Lane l of 32 stands in half l / 16; there pairs of channels, and of each pair 16 lanes.
    static void pack(ConstMatrixView x, const std::vector<TokenRow>& rows, const TokenBlock& block,
                     std::uint16_t* packed) {
        std::vector<std::uint16_t> rounded(std::size_t(x.cols));
        for (int l = 0; l < block.count; ++l) {
            const float* x_row = x.row(rows[std::size_t(block.first + l)].x);  // (in)
            for (int i = 0; i < x.cols; ++i) {
                rounded[std::size_t(i)] = float_to_bf16(x_row[i]);
            }
            std::uint16_t* lane = packed + l / 16 * x.cols * 16 + l % 16 * 2;
            for (int i = 0; i < x.cols; i += 2) {
                std::memcpy(lane + i * 16, &rounded[std::size_t(i)], 2 * sizeof rounded[0]);
            }
        }
    }

    template <class Source>
    const std::uint8_t* weights(const Source& w, int matrix, int first_o, int n_outputs,
                                int in_size, std::uint16_t* panel) const {
        const std::uint8_t* stored = w.stored_bf16(first_o);
        if (stored != nullptr && n_outputs % kAmxRows == 0) return stored;
        for (int o = 0; o < n_outputs; ++o) {
            w.unpack(k, matrix, first_o + o, panel + std::ptrdiff_t(o) * in_size);
        }
        return reinterpret_cast<const std::uint8_t*>(panel);
    }

    void multiply(const std::uint8_t* weights, int n_outputs, int in_size,
                  const std::uint16_t* packed, int lanes, float* sums) const {
        const std::ptrdiff_t row_bytes = 2 * std::ptrdiff_t(in_size);
        for (int o = 0; o < n_outputs; o += kAmxRows) {
            unit(weights + o * row_bytes, row_bytes, packed, in_size, sums + o * lanes);
        }
    }
};

template <class Panels, class Source>
void multiply_in_panels(const Panels& panels, const Source& w, ConstMatrixView x,
                        const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                        MatrixView y) {
    const int in_size = x.cols;
    const TokenBlocks all = blocks_of(groups, in_size, panels.fewest_lanes(), panels.most_lanes());
    std::vector<typename Panels::Number> packed(all.n_numbers);
    const auto pack_some = [&](int first, int last) {
        for (int b = first; b < last; ++b) {
            const TokenBlock& block = all.blocks[std::size_t(b)];
            panels.pack(x, rows, block, packed.data() + block.offset);
        }
    };
    for_ranges(int(all.blocks.size()), all.n_rows * in_size, pack_some);

    // A panel costs a unit of work for its weights and one for each block of tokens.
    const int n_panels = (w.rows() + Panels::kRows - 1) / Panels::kRows;
    const int n_units = n_panels * int(all.groups.size() + all.blocks.size());
    const auto some_panels = [&](int first_unit, int last_unit) {
        std::vector<typename Panels::Number> panel(std::size_t(Panels::kRows) *
                                                   std::size_t(in_size));
        std::vector<float> sums(Panels::kRows * kMostLanes);
        int unit = 0;
        for (const TokenGroup& group : all.groups) {
            for (int first_o = 0; first_o < w.rows(); first_o += Panels::kRows) {
                const bool is_mine = first_unit <= unit && unit < last_unit;
                unit += 1 + group.count;
                if (!is_mine) continue;
                const int n_outputs = std::min(Panels::kRows, w.rows() - first_o);
                const auto* weights =
                    panels.weights(w, group.matrix, first_o, n_outputs, in_size, panel.data());
                for (int b = group.first; b < group.first + group.count; ++b) {
                    const TokenBlock& block = all.blocks[std::size_t(b)];
                    panels.multiply(weights, n_outputs, in_size, packed.data() + block.offset,
                                    block.lanes, sums.data());
                    store_sums(w, group.matrix, first_o, n_outputs, rows, block, sums.data(), y);
                }
            }
        }
    };
    for_ranges(n_units, all.n_rows * in_size * w.rows(), some_panels);
}

}  // namespace gptoss::fast

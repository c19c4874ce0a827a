// Matmul of many tokens: panels of weight rows meet blocks of tokens, so that each weight is decoded
// once for all tokens of a block.
//
//     FloatPanels   16 to 32 rows as floats, a row in a lane of the kernels (fast/kernels/kernels.hpp), 96
//                   columns at a time, which stay in the first cache; up to 512 tokens
//     Bf16Panels    96 rows in BF16, straight from the file where they lie so; up to 32 tokens, rounded
//                   to BF16, for a BF16 unit (fast/kernels/bf16_unit.hpp)
//
// Where    behind fast/kernels/matmul.hpp.
// Errors   none: the ops check shapes.
// Pitfalls All panels of a group come one after the other, so that its tokens stay in cache too. A
//          thread gets a share of the work, not of the groups, which have any number of tokens. Were a
//          token a lane of FloatPanels, an expert of 17 would be computed as one of 24.
#pragma once
#include <algorithm>
#include <cstring>

#include "gptoss/fast/kernels/bf16_unit.hpp"
#include "gptoss/fast/kernels/matmul_sources.hpp"

namespace gptoss::fast {

struct FloatPanels {
    using Number = float;
    static constexpr int kTokenStep = 1;
    static constexpr int kMostTokens = 512;
    static constexpr int kMostSums = kMostTokens * kMostLanes;
    const Kernels& k;

    int rows() const { return k.panel_lanes; }

    // Token t of a block: (tokens, kColumnsOfPanel) of the first channels, then of the next ones.
    static void pack(const float* x_t, int in_size, int t, int n_tokens, float* packed) {
        for (int i = 0; i < in_size; i += kColumnsOfPanel) {
            const int n_columns = std::min(kColumnsOfPanel, in_size - i);
            std::copy_n(x_t + i, n_columns, packed + i * n_tokens + t * n_columns);
        }
    }

    template <class Source>
    static auto weights(const Source& w, int matrix, int first_o, int n_outputs, int,
                        std::vector<float>&) {
        return w.panel(matrix, first_o, n_outputs);
    }

    // sums (tokens, lanes)
    template <class Panel>
    StridedMatrix multiply(const Panel& panel, int n_outputs, int in_size, const float* packed,
                           int n_tokens, float* sums) const {
        alignas(64) float widened[kColumnsOfPanel * kMostLanes];  // (n_columns, lanes)
        const int lanes = round_up(n_outputs, kLanesAtOnce);
        std::fill_n(sums, n_tokens * lanes, 0.0f);
        for (int i = 0; i < in_size; i += kColumnsOfPanel) {
            const int n_columns = std::min(kColumnsOfPanel, in_size - i);
            panel.widen(k, i, n_columns, widened, lanes);
            k.multiply_add({packed, n_columns, 1, n_tokens, n_columns}, widened, lanes, sums);
            packed += n_tokens * n_columns;
        }
        return {sums, lanes, 1, n_tokens, n_outputs};
    }
};

struct Bf16Panels {
    using Number = std::uint16_t;
    static constexpr int kRows = 3 * kAmxRows;
    static constexpr int kTokenStep = kAmxRows / 2;
    static constexpr int kMostTokens = kAmxRows;
    static constexpr int kMostSums = kRows * kMostTokens;
    const Kernels& k;
    MultiplyBf16 unit;

    static int rows() { return kRows; }

    // Token t of 32 stands in half t / 16; there pairs of channels, and of each pair 16 tokens.
    static void pack(const float* x_t, int in_size, int t, int, std::uint16_t* packed) {
        std::uint16_t* first_pair = packed + t / 16 * in_size * 16 + t % 16 * 2;
        for (int i = 0; i < in_size; i += 2) {
            const std::uint16_t pair[2] = {float_to_bf16(x_t[i]), float_to_bf16(x_t[i + 1])};
            std::memcpy(first_pair + i * 16, pair, sizeof pair);
        }
    }

    template <class Source>
    const std::uint8_t* weights(const Source& w, int matrix, int first_o, int n_outputs,
                                int in_size, std::vector<std::uint16_t>& panel) const {
        const std::uint8_t* stored = w.stored_bf16(first_o);
        if (stored != nullptr && n_outputs % kAmxRows == 0) return stored;
        panel.resize(std::size_t(kRows) * std::size_t(in_size));
        for (int o = 0; o < n_outputs; ++o) {
            w.unpack(k, matrix, first_o + o, panel.data() + std::ptrdiff_t(o) * in_size);
        }
        return reinterpret_cast<const std::uint8_t*>(panel.data());
    }

    // sums (outputs, kMostTokens)
    StridedMatrix multiply(const std::uint8_t* weights, int n_outputs, int in_size,
                           const std::uint16_t* packed, int n_tokens, float* sums) const {
        const std::ptrdiff_t row_bytes = 2 * std::ptrdiff_t(in_size);
        for (int o = 0; o < n_outputs; o += kAmxRows) {
            unit(weights + o * row_bytes, row_bytes, packed, in_size, n_tokens,
                 sums + o * kMostTokens);
        }
        return {sums, 1, kMostTokens, n_tokens, n_outputs};
    }
};

// To decode a panel costs as much as to multiply it by so many tokens.
inline constexpr int kTokensPerDecoding = 4;

template <class Panels, class Source>
void multiply_in_panels(const Panels& panels, const Source& w, ConstMatrixView x,
                        const std::vector<TokenRow>& rows, const std::vector<TokenGroup>& groups,
                        MatrixView y) {
    const int in_size = x.cols;
    const TokenBlocks all = blocks_of(groups, in_size, Panels::kTokenStep, Panels::kMostTokens);
    std::vector<typename Panels::Number> packed(all.n_numbers);
    const auto pack_some = [&](int first, int last) {
        int row = 0;  // of all blocks
        for (const TokenBlock& block : all.blocks) {
            const int end = std::min(block.count, last - row);
            for (int t = std::max(0, first - row); t < end; ++t) {
                const float* x_t = x.row(rows[std::size_t(block.first + t)].x);  // (in)
                panels.pack(x_t, in_size, t, block.count, packed.data() + block.offset);
            }
            row += block.count;
        }
    };
    for_ranges(int(all.n_rows), all.n_rows * in_size, pack_some);

    // A unit of work is a token times a panel.
    const int n_panels = (w.rows() + panels.rows() - 1) / panels.rows();
    const int n_tokens = int(all.n_numbers) / in_size;  // with those that fill up blocks
    const int n_units = n_panels * (kTokensPerDecoding * int(groups.size()) + n_tokens);
    const auto some_panels = [&](int first_unit, int last_unit) {
        std::vector<typename Panels::Number> panel;
        std::vector<float> sums(Panels::kMostSums);
        int unit = 0;
        for (std::size_t g = 0; g < groups.size(); ++g) {
            const TokenGroup& blocks = all.groups[g];
            for (int first_o = 0; first_o < w.rows(); first_o += panels.rows()) {
                const bool is_mine = first_unit <= unit && unit < last_unit;
                unit += kTokensPerDecoding + round_up(groups[g].count, Panels::kTokenStep);
                if (!is_mine) continue;
                const int n_outputs = std::min(panels.rows(), w.rows() - first_o);
                const auto weights =
                    panels.weights(w, blocks.matrix, first_o, n_outputs, in_size, panel);
                for (int b = blocks.first; b < blocks.first + blocks.count; ++b) {
                    const TokenBlock& block = all.blocks[std::size_t(b)];
                    const StridedMatrix block_sums =
                        panels.multiply(weights, n_outputs, in_size, packed.data() + block.offset,
                                        block.count, sums.data());
                    store_sums(w, blocks.matrix, first_o, rows, block, block_sums, y);
                }
            }
        }
    };
    for_ranges(n_units, all.n_rows * in_size * w.rows(), some_panels);
}

}  // namespace gptoss::fast

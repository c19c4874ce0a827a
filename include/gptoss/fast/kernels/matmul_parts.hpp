// How matmul sorts tokens: into groups and blocks.
//
//   group   rows of x and y that belong to one matrix (an expert, or the only one)
//   block   rows of a group, packed as fast/kernels/matmul_panels.hpp wants them
//
// Where    behind fast/kernels/matmul.hpp.
// Errors   none: the ops check shapes.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gptoss/fast/kernels/kernels.hpp"
#include "gptoss/fast/kernels/parallel.hpp"

namespace gptoss::fast {

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

inline int round_up(int n, int step) {
    return (n + step - 1) / step * step;
}

struct TokenBlock {
    int first = 0;  // of the list of rows
    int count = 0;
    std::size_t offset = 0;  // of its numbers among those of all blocks
};

struct TokenBlocks {
    std::vector<TokenBlock> blocks;
    std::vector<TokenGroup> groups;  // of blocks
    std::int64_t n_rows = 0;
    std::size_t n_numbers = 0;
};

// Cuts each group into blocks of most tokens and one of the rest; a block has room for a multiple of
// step.
inline TokenBlocks blocks_of(const std::vector<TokenGroup>& groups, int in_size, int step,
                             int most) {
    TokenBlocks all;
    for (const TokenGroup& group : groups) {
        const int first_block = int(all.blocks.size());
        for (int done = 0; done < group.count;) {
            const int count = std::min(most, group.count - done);
            all.blocks.push_back({group.first + done, count, all.n_numbers});
            done += count;
            all.n_numbers += std::size_t(round_up(count, step)) * std::size_t(in_size);
        }
        all.groups.push_back({group.matrix, first_block, int(all.blocks.size()) - first_block});
        all.n_rows += group.count;
    }
    return all;
}

// sums (tokens, outputs) to the rows of y that they belong to
template <class Source>
void store_sums(const Source& w, int matrix, int first_o, const std::vector<TokenRow>& rows,
                const TokenBlock& block, StridedMatrix sums, MatrixView y) {
    for (int t = 0; t < sums.rows; ++t) {
        float* y_row = y.row(rows[std::size_t(block.first + t)].y) + first_o;
        const float* sums_t = sums.data + t * sums.row_step;  // (outputs), strided
        for (int o = 0; o < sums.cols; ++o) {
            y_row[o] = sums_t[o * sums.col_step] + w.bias(matrix, first_o + o);
        }
    }
}

}  // namespace gptoss::fast

// Tiles: a product of two matrices, so many sums at a time as registers hold.
//
//     multiply_add_body  sums(rows, lanes) += w(rows, cols) * x(cols, lanes)
//
// The products of a call are added up in the order of the columns, then to what is there. So every tile
// gives the same bits, and few columns at a time are more exact than many: 2,880 products in calls of 96
// pass through 126 additions instead of 2,880.
//
// Where    behind fast/kernels/kernels.hpp: panels of weights (fast/kernels/matmul_panels.hpp), where a row
//          is a token and a lane an output; attention, where a row is a key or a channel and a lane a query.
// Pitfalls Rows of a tile need full unrolling to stay in registers. A processor adds as fast as it can
//          with eight or more registers of sums.
#pragma once
#include "gptoss/fast/kernels/bodies.hpp"

namespace gptoss::fast {

// A matrix read one element at a time: element (r, c) is data[r * row_step + c * col_step].
struct StridedMatrix {
    const float* data = nullptr;
    std::ptrdiff_t row_step = 0;
    std::ptrdiff_t col_step = 1;
    int rows = 0;
    int cols = 0;
};

// n_rows x n_lanes sums, held in registers while k runs over all columns.
template <bool fused>
struct Tile {
    template <int n_rows, int n_lanes>
    [[gnu::always_inline]] static void multiply_add(StridedMatrix w, int r, const float* x,
                                                    int lanes, int l, float* sums) {
        float tile[n_rows][n_lanes] = {};
        for (int k = 0; k < w.cols; ++k) {
            const float* x_k = x + std::ptrdiff_t(k) * lanes + l;         // (n_lanes)
            const float* w_k = w.data + w.row_step * r + w.col_step * k;  // (n_rows), strided
            GPTOSS_UNROLL
            for (int a = 0; a < n_rows; ++a) {
                const float factor = w_k[w.row_step * a];
                for (int b = 0; b < n_lanes; ++b) {
                    tile[a][b] = fast::multiply_add<fused>(factor, x_k[b], tile[a][b]);
                }
            }
        }
        for (int a = 0; a < n_rows; ++a) {
            for (int b = 0; b < n_lanes; ++b) {
                sums[(r + a) * lanes + l + b] += tile[a][b];
            }
        }
    }
};

// Tiles are as alike as they can be: 5 and 5 rows, not 8 and 2, since 2 take as long as 4.
constexpr int rows_of_tile(int n_left, int most) {
    const int n_tiles = (n_left + most - 1) / most;
    return (n_left + n_tiles - 1) / n_tiles;
}

// A tile of n rows, at most most_rows.
template <class AnyTile, int most_rows, int n_lanes>
[[gnu::always_inline]] inline void multiply_add_rows(int n, StridedMatrix w, int r, const float* x,
                                                     int lanes, int l, float* sums) {
    if constexpr (most_rows > 1) {
        if (n < most_rows) {
            multiply_add_rows<AnyTile, most_rows - 1, n_lanes>(n, w, r, x, lanes, l, sums);
            return;
        }
    }
    AnyTile::template multiply_add<most_rows, n_lanes>(w, r, x, lanes, l, sums);
}

// n_lanes of the sums of all rows, from lane l on.
template <class AnyTile, int most_rows, int n_lanes>
[[gnu::always_inline]] inline void multiply_add_lanes(StridedMatrix w, const float* x, int lanes,
                                                      int l, float* sums) {
    for (int r = 0; r < w.rows;) {
        const int n = rows_of_tile(w.rows - r, most_rows);
        multiply_add_rows<AnyTile, most_rows, n_lanes>(n, w, r, x, lanes, l, sums);
        r += n;
    }
}

// lanes is a multiple of 8.
template <class AnyTile, int most_rows, int n_lanes>
[[gnu::always_inline]] inline void multiply_add_body(StridedMatrix w, const float* x, int lanes,
                                                     float* sums) {
    int l = 0;
    for (; l + n_lanes <= lanes; l += n_lanes) {
        multiply_add_lanes<AnyTile, most_rows, n_lanes>(w, x, lanes, l, sums);
    }
    for (; l + 16 <= lanes; l += 16) {
        multiply_add_lanes<AnyTile, most_rows, 16>(w, x, lanes, l, sums);
    }
    if (l < lanes) multiply_add_lanes<AnyTile, 8, 8>(w, x, lanes, l, sums);
}

}  // namespace gptoss::fast

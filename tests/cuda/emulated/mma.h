// Warp matrix functions for the emulated device, as far as kernels of this project need them: 16 x 16
// fragments of BF16, sums in float32.
//
// On a GPU the lanes of a warp share a fragment. Here the first lane has all of it, and the others
// have none: nothing may look into a fragment. No function waits for other lanes, on neither device.
#pragma once
#include <cstdio>
#include <cstdlib>

#include "cuda_bf16.h"
#include "cuda_runtime.h"

namespace nvcuda::wmma {

struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int m, int n, int k, class Element, class Layout = void>
struct fragment {
    static_assert(m == 16 && n == 16 && k == 16);
    float values[16][16];  // rows, columns
};

inline bool is_first_lane() {
    return threadIdx.x % 32 == 0;
}

// What a device asks of memory that is loaded from or stored to.
inline void require_aligned(const void* memory, std::size_t stride_bytes) {
    if (reinterpret_cast<std::uintptr_t>(memory) % 32 == 0 && stride_bytes % 16 == 0) return;
    std::fprintf(stderr, "emulated device: a fragment at no multiple of 32 bytes\n");
    std::abort();
}

template <class Fragment>
void fill_fragment(Fragment& all, float value) {
    if (!is_first_lane()) return;
    for (auto& row : all.values) {
        for (float& element : row) {
            element = value;
        }
    }
}

template <class Use, class Layout>
void load_matrix_sync(fragment<Use, 16, 16, 16, __nv_bfloat16, Layout>& all,
                      const __nv_bfloat16* from, unsigned stride) {
    if (!is_first_lane()) return;
    require_aligned(from, stride * sizeof *from);
    for (unsigned r = 0; r < 16; ++r) {
        for (unsigned c = 0; c < 16; ++c) {
            const bool by_rows = std::is_same_v<Layout, row_major>;
            const unsigned element = by_rows ? r * stride + c : c * stride + r;
            all.values[r][c] = gptoss::bf16_to_float(from[element].bits);
        }
    }
}

inline void load_matrix_sync(fragment<accumulator, 16, 16, 16, float>& sums, const float* from,
                             unsigned stride, layout_t layout) {
    if (!is_first_lane() || layout != mem_row_major) return;
    require_aligned(from, stride * sizeof *from);
    for (unsigned r = 0; r < 16; ++r) {
        for (unsigned c = 0; c < 16; ++c) {
            sums.values[r][c] = from[r * stride + c];
        }
    }
}

template <class Sums, class A, class B>
void mma_sync(Sums& sums, const A& a, const B& b, const Sums& before) {
    if (!is_first_lane()) return;
    for (int r = 0; r < 16; ++r) {
        for (int c = 0; c < 16; ++c) {
            float sum = before.values[r][c];
            for (int i = 0; i < 16; ++i) {
                sum += a.values[r][i] * b.values[i][c];
            }
            sums.values[r][c] = sum;
        }
    }
}

template <class Sums>
void store_matrix_sync(float* to, const Sums& sums, unsigned stride, layout_t layout) {
    if (!is_first_lane() || layout != mem_row_major) return;
    require_aligned(to, stride * sizeof *to);
    for (unsigned r = 0; r < 16; ++r) {
        for (unsigned c = 0; c < 16; ++c) {
            to[r * stride + c] = sums.values[r][c];
        }
    }
}

}  // namespace nvcuda::wmma

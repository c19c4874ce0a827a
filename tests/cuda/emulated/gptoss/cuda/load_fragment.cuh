// cuda/load_fragment.cuh for the emulated device, which knows no PTX: the functions that it writes out.
#pragma once
#include "mma.h"

namespace gptoss::cuda {

inline constexpr int kFragment = 16;  // rows and columns
inline constexpr int kFragmentAlignment = 32;

template <class Use, class Layout>
using Bf16Fragment =
    nvcuda::wmma::fragment<Use, kFragment, kFragment, kFragment, __nv_bfloat16, Layout>;
using RowFragment = Bf16Fragment<nvcuda::wmma::matrix_a, nvcuda::wmma::row_major>;
using ColumnFragment = Bf16Fragment<nvcuda::wmma::matrix_b, nvcuda::wmma::col_major>;
using SecondRowFragment = Bf16Fragment<nvcuda::wmma::matrix_b, nvcuda::wmma::row_major>;
using SumFragment =
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, kFragment, kFragment, kFragment, float>;

template <class Fragment>
void load_fragment(Fragment& fragment, const std::uint16_t* corner, int stride) {
    const auto* numbers = reinterpret_cast<const __nv_bfloat16*>(corner);
    nvcuda::wmma::load_matrix_sync(fragment, numbers, unsigned(stride));
}

}  // namespace gptoss::cuda

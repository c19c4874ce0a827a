// cuda/load_fragment.cuh for the emulated device, which knows no PTX: the function that it writes out.
#pragma once
#include "gptoss/cuda/fragment.cuh"

namespace gptoss::cuda {

template <class Fragment>
void load_fragment(Fragment& fragment, const std::uint16_t* corner, int stride) {
    const auto* numbers = reinterpret_cast<const __nv_bfloat16*>(corner);
    nvcuda::wmma::load_matrix_sync(fragment, numbers, unsigned(stride));
}

}  // namespace gptoss::cuda

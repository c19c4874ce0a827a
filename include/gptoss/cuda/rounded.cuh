// Activations rounded to BF16, once for all tiles that read them.
//
//     const Rounded x_rounded(x);      kernels launched while it lives may read x_rounded.view()
//
// A thread rounds eight neighbours, which are 16 bytes of BF16.
//
// Where    cuda/tile_linear.cuh, cuda/tile_expert_linear.cuh, cuda/tile_unembedding.cuh.
// Units    off by 2^-8 of a value at most.
// Pitfalls Scratch, so not for a step that is recorded; a prompt never is. Rows of x are multiples of
//          8 long and begin where 16 bytes may be read: has_wide_rows asks before.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/fragment.cuh"
#include "gptoss/cuda/scratch.cuh"

namespace gptoss::cuda {

struct RoundedView {
    std::uint16_t* data = nullptr;  // the bits of BF16
    int rows = 0;
    int cols = 0;
    constexpr std::uint16_t* row(int r) const { return data + std::size_t(r) * std::size_t(cols); }
};

static __global__ void round_kernel(ConstMatrixView x, RoundedView rounded) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const float* x_t = x.row(t);  // (cols)
    for (int p = first_column(); p < x.cols / kPieceChannels; p += column_stride()) {
        store_piece(rounded.row(t) + p * kPieceChannels, rounded_piece(x_t + p * kPieceChannels));
    }
}

class Rounded {
public:
    explicit Rounded(ConstMatrixView x)
        : bits_(std::size_t(x.rows) * std::size_t(x.cols)), view_{bits_.data(), x.rows, x.cols} {
        const dim3 grid = thread_per_element(x.rows, x.cols / kPieceChannels);
        round_kernel<<<grid, kThreads>>>(x, view_);
        check_launch("cuda::Rounded");
    }
    RoundedView view() const { return view_; }

private:
    Scratch<std::uint16_t> bits_;
    RoundedView view_;
};

}  // namespace gptoss::cuda

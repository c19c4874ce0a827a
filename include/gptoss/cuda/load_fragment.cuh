// Loads the fragments of cuda/fragment.cuh from shared memory.
//
// New: the instructions of nvcuda::wmma::load_matrix_sync are written out with ".shared". Without it the
// compiler (nvcc 12.4 to 13.0) takes the address for one of any memory, and a fragment of BF16 for
// eight loads per lane instead of one.
//
// Source   PTX ISA, wmma.load: fragments of .bf16 with shape .m16n16k16 are four registers.
// Pitfalls The three bodies differ in one letter or word of their text, which has to be a literal: no
//          template can put it in.
//          The emulated device of the tests has a version of its own (tests/cuda/emulated/).
#pragma once
#include <cstdint>

#include "gptoss/cuda/fragment.cuh"

namespace gptoss::cuda {

__device__ inline unsigned shared_address(const std::uint16_t* corner) {
    return unsigned(__cvta_generic_to_shared(corner));
}

__device__ inline void load_fragment(RowFragment& fragment, const std::uint16_t* corner,
                                     int stride) {
    auto* r = reinterpret_cast<unsigned*>(fragment.x);
    asm volatile("wmma.load.a.sync.aligned.row.m16n16k16.shared.bf16 {%0, %1, %2, %3}, [%4], %5;"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(corner)), "r"(stride)
                 : "memory");
}

__device__ inline void load_fragment(ColumnFragment& fragment, const std::uint16_t* corner,
                                     int stride) {
    auto* r = reinterpret_cast<unsigned*>(fragment.x);
    asm volatile("wmma.load.b.sync.aligned.col.m16n16k16.shared.bf16 {%0, %1, %2, %3}, [%4], %5;"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(corner)), "r"(stride)
                 : "memory");
}

__device__ inline void load_fragment(SecondRowFragment& fragment, const std::uint16_t* corner,
                                     int stride) {
    auto* r = reinterpret_cast<unsigned*>(fragment.x);
    asm volatile("wmma.load.b.sync.aligned.row.m16n16k16.shared.bf16 {%0, %1, %2, %3}, [%4], %5;"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(corner)), "r"(stride)
                 : "memory");
}

}  // namespace gptoss::cuda

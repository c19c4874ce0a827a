// Kernels: the inner loops of the tuned path, as a table of functions for one instruction set.
//
//     const Kernels& k = kernels();                          this machine's best, chosen once
//     const Kernels k = kernels_for(InstructionSet::avx2);   a given one: tests, comparisons
//
//   dot_bf16      (n), (n)                        sum_i w[i] * x[i]
//   dot_mxfp4     (n_blocks), (n_blocks * 32)     the same, x split (see leaf_bodies.hpp)
//   widen_bf16    (n)                             weights as floats
//   widen_mxfp4   (n_blocks)                      weights as floats, split
//   multiply_add  (rows, cols), (cols, lanes)     sums(rows, lanes) += w * x; lanes % 16 == 0
//   soften        (n_keys, lanes)                 a step of the running softmax (leaf_softmax.hpp)
//   swiglu        (2 * n)                         a row of layers/swiglu.hpp
//
// Where    under every op of fast/. A call handles a row or a tile, so its cost does not count.
// Errors   Error if this machine does not have the instruction set.
// Pitfalls All sets but portable fuse multiply and add, and give the same bits; portable rounds
//          twice.
#pragma once
#include <string>

#include "gptoss/core/check.hpp"
#include "gptoss/fast/instruction_set.hpp"
#include "gptoss/fast/leaf_bodies.hpp"
#include "gptoss/fast/leaf_neon.hpp"
#include "gptoss/fast/leaf_softmax.hpp"
#include "gptoss/fast/leaf_x86.hpp"

namespace gptoss::fast {

namespace portable {

inline float dot_bf16(const std::uint8_t* w, const float* x, int n) {
    return dot_bf16_body<false>(w, x, n);
}

inline void widen_bf16(const std::uint8_t* w, int n, float* weights) {
    widen_bf16_body(w, n, weights);
}

inline float dot_mxfp4(Mxfp4Row w, const float* x_split, int n_blocks) {
    return dot_mxfp4_body<false>(w, x_split, n_blocks);
}

inline void widen_mxfp4(Mxfp4Row w, int n_blocks, float* split) {
    widen_mxfp4_body(w, n_blocks, split);
}

inline void multiply_add(StridedMatrix w, const float* x, int lanes, float* sums) {
    multiply_add_body<4, 8, false>(w, x, lanes, sums);
}

inline void soften(MatrixView scores, float* maxima, float* denominators, float* rescale) {
    soften_body<false>(scores, maxima, denominators, rescale);
}

inline void swiglu(const float* h, float limit, int n, float* y) {
    swiglu_body<false>(h, limit, n, y);
}

}  // namespace portable

struct Kernels {
    InstructionSet set = InstructionSet::portable;
    float (*dot_bf16)(const std::uint8_t*, const float*, int) = &portable::dot_bf16;
    float (*dot_mxfp4)(Mxfp4Row, const float*, int) = &portable::dot_mxfp4;
    void (*widen_bf16)(const std::uint8_t*, int, float*) = &portable::widen_bf16;
    void (*widen_mxfp4)(Mxfp4Row, int, float*) = &portable::widen_mxfp4;
    void (*multiply_add)(StridedMatrix, const float*, int, float*) = &portable::multiply_add;
    void (*soften)(MatrixView, float*, float*, float*) = &portable::soften;
    void (*swiglu)(const float*, float, int, float*) = &portable::swiglu;
};

inline Kernels kernels_for(InstructionSet set) {
    if (!can_run(set)) {
        throw Error(std::string("instruction set ") + instruction_set_name(set) +
                    ": this machine does not have it, expected at most " +
                    instruction_set_name(best_instruction_set()));
    }
#if defined(__x86_64__)
    if (set == InstructionSet::avx512) {
        return {set,
                &avx512::dot_bf16,
                &avx512::dot_mxfp4,
                &avx512::widen_bf16,
                &avx512::widen_mxfp4,
                &avx512::multiply_add,
                &avx512::soften,
                &avx512::swiglu};
    }
    if (set == InstructionSet::avx2) {
        return {set,
                &avx2::dot_bf16,
                &avx2::dot_mxfp4,
                &avx2::widen_bf16,
                &avx2::widen_mxfp4,
                &avx2::multiply_add,
                &avx2::soften,
                &avx2::swiglu};
    }
#elif defined(__aarch64__)
    if (set == InstructionSet::neon) {
        return {set,
                &neon::dot_bf16,
                &neon::dot_mxfp4,
                &neon::widen_bf16,
                &neon::widen_mxfp4,
                &neon::multiply_add,
                &neon::soften,
                &neon::swiglu};
    }
#endif
    return {};
}

inline const Kernels& kernels() {
    static const Kernels best = kernels_for(best_instruction_set());
    return best;
}

}  // namespace gptoss::fast

// The BF16 unit of this machine: what multiplies numbers in BF16 faster than floats, if anything does.
//
//     bf16_unit()      AMX if the system grants it, else AVX-512's dot products, else none: chosen once
//
// Where    tile_linear and tile_expert_linear (ops/fast.hpp: FastTileOps).
#pragma once
#include "gptoss/fast/kernels/amx.hpp"
#include "gptoss/fast/kernels/bf16_dots.hpp"

namespace gptoss::fast {

// The first n_tokens columns of sums (32, 32) = w (32, in) * x (in, 32), as in fast/kernels/amx.hpp
using MultiplyBf16 = void (*)(const std::uint8_t* w, std::ptrdiff_t row_bytes,
                              const std::uint16_t* x, int in_size, int n_tokens, float* sums);

struct Bf16Unit {
    const char* name = "none";
    MultiplyBf16 multiply = nullptr;
};

inline const Bf16Unit& bf16_unit() {
    static const Bf16Unit unit = [] {
#if defined(__x86_64__) && defined(__linux__)
        if (request_amx()) return Bf16Unit{"amx", &multiply_by_amx};
#endif
#if defined(__x86_64__)
        if (has_bf16_dots()) return Bf16Unit{"avx512_bf16", &multiply_by_bf16_dots};
#endif
        return Bf16Unit{};
    }();
    return unit;
}

}  // namespace gptoss::fast

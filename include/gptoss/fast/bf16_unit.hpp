// The BF16 unit of this machine: what multiplies numbers in BF16 faster than floats, if anything does.
//
//     request_amx();                        optional, once (fast/amx.hpp)
//     bf16_unit()                           amx, if it was granted; else dots, if there are; else none
//     multiply_of(bf16_unit())              its function, nullptr for none
//
// Where    tile_linear and tile_expert_linear (ops/fast.hpp: FastTileOps).
// Errors   none.
#pragma once
#include "gptoss/fast/amx.hpp"
#include "gptoss/fast/bf16_dots.hpp"

namespace gptoss::fast {

enum class Bf16Unit { none, dots, amx };

// sums (32, 32) = w (32, in) * x (in, 32), as in fast/amx.hpp
using MultiplyBf16 = void (*)(const std::uint8_t* w, std::ptrdiff_t row_bytes,
                              const std::uint16_t* x, int in_size, float* sums);

inline Bf16Unit bf16_unit() {
    static const bool has_dots = has_bf16_dots();
    if (uses_amx()) return Bf16Unit::amx;
    return has_dots ? Bf16Unit::dots : Bf16Unit::none;
}

inline MultiplyBf16 multiply_of(Bf16Unit unit) {
    if (unit == Bf16Unit::amx) return &multiply_by_amx;
    if (unit == Bf16Unit::dots) return &multiply_by_bf16_dots;
    return nullptr;
}

inline const char* bf16_unit_name(Bf16Unit unit) {
    if (unit == Bf16Unit::amx) return "amx";
    if (unit == Bf16Unit::dots) return "avx512_bf16";
    return "none";
}

}  // namespace gptoss::fast

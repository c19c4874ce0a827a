// The part of cuda_bf16.h that kernels of this project need, for the emulated device.
#pragma once
#include "gptoss/core/bf16.hpp"

struct __nv_bfloat16 {
    std::uint16_t bits;
};
struct __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
    return {{gptoss::float_to_bf16(x)}, {gptoss::float_to_bf16(y)}};
}
inline __nv_bfloat162 __hmul2(__nv_bfloat162 a, __nv_bfloat162 b) {
    using gptoss::bf16_to_float;
    return __floats2bfloat162_rn(bf16_to_float(a.x.bits) * bf16_to_float(b.x.bits),
                                 bf16_to_float(a.y.bits) * bf16_to_float(b.y.bits));
}
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value) {
    return value.bits;
}

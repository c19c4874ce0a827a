// Stored weights on the device: BF16 and MXFP4, widened as they are read.
//
// Device memory is aligned, unlike a file: a BF16 row is read two bytes at a time.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "gptoss/core/view.hpp"

namespace gptoss::cuda {

// Twin of load_bf16 in core/bf16.hpp.
__device__ inline float load_bf16(const std::uint8_t* bytes, std::size_t i) {
    const std::uint16_t bits = reinterpret_cast<const std::uint16_t*>(bytes)[i];
    return __uint_as_float(std::uint32_t(bits) << 16);
}

// Twin of Bf16Row::operator[].
__device__ inline float weight_at(Bf16Row row, int i) {
    return load_bf16(row.bytes, std::size_t(i));
}

}  // namespace gptoss::cuda

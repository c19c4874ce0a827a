// Storage: how the weights of a dense matrix lie in a file. All are widened to float exactly.
//
//     bf16   2 bytes a weight    core/bf16.hpp   the released checkpoints
//     f16    2                   core/fp16.hpp   fine-tunes
//     f32    4                                   fine-tunes, and what GGUF files keep exact
//     q8_0   34 for 32 weights   core/q8_0.hpp   GGUF
//
// Errors   none; who opens a file sees to it that rows of q8_0 are multiples of 32 long.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/fp16.hpp"
#include "gptoss/core/q8_0.hpp"

namespace gptoss {

enum class Storage { bf16, f16, f32, q8_0 };

// clang-format off
constexpr const char* storage_name(Storage storage) {
    switch (storage) {
        case Storage::bf16: return "BF16";
        case Storage::f16: return "F16";
        case Storage::f32: return "F32";
        case Storage::q8_0: return "Q8_0";
    }
    return "";
}

// Of so many weights.
constexpr std::size_t storage_bytes(Storage storage, std::size_t n_weights) {
    switch (storage) {
        case Storage::bf16: return 2 * n_weights;
        case Storage::f16: return 2 * n_weights;
        case Storage::f32: return 4 * n_weights;
        case Storage::q8_0: return n_weights / kQ8_0BlockSize * kQ8_0BlockBytes;
    }
    return 0;
}

inline float load_f32(const std::uint8_t* bytes, std::size_t i) {
    float value;
    std::memcpy(&value, bytes + 4 * i, sizeof value);
    return value;
}

// Weight i of a row.
inline float load_stored(Storage storage, const std::uint8_t* row, std::size_t i) {
    switch (storage) {
        case Storage::bf16: return load_bf16(row, i);
        case Storage::f16: return load_fp16(row, i);
        case Storage::f32: return load_f32(row, i);
        case Storage::q8_0: return load_q8_0(row, i);
    }
    return 0;
}
// clang-format on

}  // namespace gptoss

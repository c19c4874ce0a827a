// Device fit: how long a context a device has room for, by arithmetic.
//
//     weights as stored, gains, biases and sinks as floats
//   + activations of a pass of 2,048 tokens
//   + the largest of them once more in BF16, for tensor cores    (cuda/rounded.cuh)
//   + KV cache: all positions in full layers, window - 1 + 2,048 in sliding ones
//   + what a full layer had before it grew for the last time      (cache_growth.hpp)
//   + 0.5 GiB that driver and kernels take
//
// Where    gptoss inspect --gpu.
// Units    bytes.
// Pitfalls What the driver takes is a guess: it depends on device and version.
#pragma once
#include <algorithm>
#include <cstdint>

#include "gptoss/core/config.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/model/activations.hpp"

namespace gptoss {

inline constexpr int kDeviceChunk = 2048;  // tokens per pass of a prompt
inline constexpr std::int64_t kDriverBytes = std::int64_t(1) << 29;

struct DeviceBytes {
    std::int64_t weights = 0;
    std::int64_t activations = 0;
    std::int64_t rounded = 0;  // of an activation, while a matrix is multiplied by it
    std::int64_t cache = 0;
    std::int64_t moving = 0;  // of the cache, for a moment

    std::int64_t total() const {
        return weights + activations + rounded + cache + moving + kDriverBytes;
    }
};

// What linear and expert_linear take is n_tokens rows, or a row for each expert of a token.
inline std::int64_t rounded_bytes(const Config& c, int n_tokens) {
    const int of_token = std::max({c.hidden_size, c.q_size(), c.top_k * c.intermediate_size});
    return 2 * std::int64_t(n_tokens) * of_token;
}

// weight_bytes is what copy_weights uploads.
inline DeviceBytes device_bytes(const Config& c, std::int64_t weight_bytes, int n_tokens) {
    const int chunk = std::min(kDeviceChunk, n_tokens);
    DeviceBytes bytes;
    bytes.weights = weight_bytes;
    bytes.activations = std::int64_t(activation_bytes(c, chunk, 1));
    bytes.rounded = rounded_bytes(c, chunk);
    bytes.cache = kv_cache_bytes(c, n_tokens, c.sliding_window - 1 + chunk);
    bytes.moving = 2 * std::int64_t(c.kv_size()) * std::int64_t(sizeof(float)) * n_tokens;
    return bytes;
}

// The most tokens that fit, at most max_context_length; 0 if not even one does.
inline int longest_context(const Config& c, std::int64_t weight_bytes, std::int64_t all_bytes) {
    int fits = 0;
    int does_not = c.max_context_length + 1;
    while (does_not - fits > 1) {
        const int middle = fits + (does_not - fits) / 2;
        const bool has_room = device_bytes(c, weight_bytes, middle).total() <= all_bytes;
        (has_room ? fits : does_not) = middle;
    }
    return fits;
}

}  // namespace gptoss

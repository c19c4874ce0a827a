// Generator: weights for any config, as a pure function of (seed, tensor name, element index).
//
//     mix(z):  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
//              z = (z ^ (z >> 27)) * 0x94D049BB133111EB;  z ^ (z >> 31)
//     key(seed, name)  = mix( fnv(name) ^ mix(seed + GOLDEN) )
//     word(key, w)     = mix( key + (w + 1) * GOLDEN )            eight bytes, lowest first
//     byte(key, i)     = byte i % 8 of word(key, i / 8)
//
// A byte becomes a weight by one of four rules, each exact in BF16 or a plain byte:
//
//     uniform, exponent p   (2 * signed(byte) + 1) * 2^(p - 8)    never zero, rms 0.577 * 2^p
//     norm gain             1 + ((byte >> 2) - 32) / 128          from 0.75 to 1.2421875
//     codes                 the byte: two MXFP4 codes
//     scales                124 - f(n) + (byte & 1)
//
// where f(n) = floor(log2 n) / 2, rounded down, so that 2^-f is about 1 / sqrt(n) for a fan-in n.
// Any element can be had without those before it, and nothing is rounded, so every program that
// follows these lines gets the same model, and a golden needs no stored weights.
//
// Source   Steele, Lea and Flood 2014, Fast Splittable Pseudorandom Number Generators (mix is the
//          finalizer of splitmix64); Fowler, Noll and Vo, FNV-1a, 64 bits.
// Pitfalls All arithmetic is modulo 2^64. Names and indices are those of OpenAI's layout, also for
//          the Hugging Face layout, where q, k and v are parts of one tensor
//          (checkpoint/tensor_table.hpp).
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "gptoss/core/bf16.hpp"

namespace gptoss {

inline constexpr std::uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio, odd

constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

inline constexpr std::uint64_t kFnvOffset = 0xCBF29CE484222325;

// FNV-1a. Continues from hash, so that a long text may be hashed in pieces.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = kFnvOffset) {
    for (const char byte : bytes) {
        hash = (hash ^ std::uint8_t(byte)) * 0x100000001B3;
    }
    return hash;
}

constexpr std::uint64_t generator_key(std::uint64_t seed, std::string_view name) {
    return mix(fnv1a(name) ^ mix(seed + kGoldenGamma));
}

constexpr std::uint64_t generator_word(std::uint64_t key, std::uint64_t w) {
    return mix(key + (w + 1) * kGoldenGamma);
}

constexpr std::uint8_t generator_byte(std::uint64_t key, std::uint64_t i) {
    return std::uint8_t(generator_word(key, i / 8) >> (8 * (i % 8)));
}

// Bytes [first, first + count), eight per word where they are a whole word.
inline void generate_bytes(std::uint64_t key, std::uint64_t first, std::uint64_t count,
                           std::uint8_t* bytes) {
    std::uint64_t done = 0;
    while (done < count && (first + done) % 8 != 0) {
        bytes[done] = generator_byte(key, first + done);
        ++done;
    }
    for (; done + 8 <= count; done += 8) {
        const std::uint64_t word = generator_word(key, (first + done) / 8);
        for (int b = 0; b < 8; ++b)
            bytes[done + std::uint64_t(b)] = std::uint8_t(word >> (8 * b));
    }
    for (; done < count; ++done) {
        bytes[done] = generator_byte(key, first + done);
    }
}

// f(n): 5 for 2880, 6 for 4096, 3 for 64, 2 for 32.
constexpr int half_log2(std::uint64_t n) {
    const int floor_of_log2 = int(std::bit_width(n)) - 1;
    return floor_of_log2 / 2;
}

inline float uniform_value(std::uint8_t byte, int exponent) {
    const int odd = 2 * int(std::int8_t(byte)) + 1;  // -255, -253, ... 255
    return std::ldexp(float(odd), exponent - 8);
}

constexpr float norm_gain_value(std::uint8_t byte) {
    return 1.0f + float(int(byte >> 2) - 32) / 128.0f;
}

// 124 = 127 - 3: random codes have an rms of 2.9, so the weights get about 0.37 / 2^f.
constexpr std::uint8_t mxfp4_scale_value(std::uint8_t byte, std::uint64_t fan_in) {
    return std::uint8_t(124 - half_log2(fan_in) + (byte & 1));
}

}  // namespace gptoss

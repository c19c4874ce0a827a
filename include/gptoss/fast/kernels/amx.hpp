// AMX: the matrix unit of newer Intel servers, ten times faster than vectors at BF16.
//
//     has_amx()       whether this machine has it
//     request_amx()   asks the system for it, for all threads of the process: its registers make
//                     context switches dearer, so nobody has them unasked. True if it is granted
//
//     multiply_by_amx: sums (32, 32) = w (32, in) * x (in, 32), 32 columns of w at a time. Only the
//                      first n_tokens columns of the sums are defined
//
//   w     BF16, any distance between rows: weights straight from the file are tiles as they are
//   x     (2, in / 2, 16, 2) BF16: two halves of 16 tokens; pairs of channels next to each other.
//         16 tokens or fewer: only the first half exists
//   sums  float32; products are exact, each of in / 2 additions rounds
//
// Where    behind fast/kernels/bf16_unit.hpp, for groups of eight tokens or more.
// Source   Intel Architecture Instruction Set Extensions Programming Reference, chapter 3,
//          TDPBF16PS; Linux kernel documentation, arch/x86/xstate.
// Pitfalls Tiles belong to a thread and cost it context switches, so they are released at the end of
//          each block. Loading a configuration also zeroes all tiles. The unit flushes subnormals.
#pragma once
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace gptoss::fast {

inline constexpr int kAmxRows = 32;     // of w, and tokens: two tiles of 16 each
inline constexpr int kAmxColumns = 32;  // of w in one tile: 64 bytes

// The loop over the columns; Unit does the work. Tests put a model of the unit in its place.
template <class Unit>
[[gnu::always_inline]] inline void multiply_tiles_with(const std::uint8_t* w,
                                                       std::ptrdiff_t row_bytes,
                                                       const std::uint16_t* x, int in_size,
                                                       int n_tokens, float* sums) {
    Unit unit;
    unit.begin();
    const std::uint8_t* lower_w = w + 16 * row_bytes;
    // Of 16 tokens or fewer the first half is multiplied twice, and nobody reads the second sums.
    const std::uint16_t* second_half = n_tokens > 16 ? x + std::ptrdiff_t(in_size) * 16 : x;
    for (int i = 0; i < in_size; i += kAmxColumns) {
        unit.step(w + 2 * i, lower_w + 2 * i, row_bytes, x + 16 * i, second_half + 16 * i);
    }
    unit.end(sums);
}

#if defined(__x86_64__) && defined(__linux__)

#define GPTOSS_AMX __attribute__((target("amx-tile,amx-bf16")))

inline bool has_amx() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    const bool has_bf16 = (d >> 22 & 1u) != 0;
    const bool has_tiles = (d >> 24 & 1u) != 0;
    return has_bf16 && has_tiles;
}

inline bool request_amx() {
    const long ask_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    const long tile_data = 18;           // the state component of the tiles
    return has_amx() && ::syscall(SYS_arch_prctl, ask_permission, tile_data) == 0;
}

// Palette 1; eight tiles of 16 rows of 64 bytes. 0 to 3 are sums, 4 and 5 weights, 6 and 7 tokens.
struct alignas(64) TileConfig {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);
inline constexpr TileConfig kTileConfig;

struct AmxUnit {
    GPTOSS_AMX void begin() const {
        __asm__ volatile("" ::: "memory");  // the loads below do not say that they read memory
        _tile_loadconfig(&kTileConfig);
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    GPTOSS_AMX void step(const std::uint8_t* upper_w, const std::uint8_t* lower_w,
                         std::ptrdiff_t row_bytes, const std::uint16_t* first_half,
                         const std::uint16_t* second_half) const {
        _tile_loadd(4, upper_w, row_bytes);
        _tile_loadd(5, lower_w, row_bytes);
        _tile_loadd(6, first_half, 64);
        _tile_loadd(7, second_half, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    GPTOSS_AMX void end(float* sums) const {
        const int row_bytes = 32 * int(sizeof(float));
        _tile_stored(0, sums, row_bytes);
        _tile_stored(1, sums + 16, row_bytes);
        _tile_stored(2, sums + 16 * 32, row_bytes);
        _tile_stored(3, sums + 16 * 32 + 16, row_bytes);
        _tile_release();
    }
};

GPTOSS_AMX inline void multiply_by_amx(const std::uint8_t* w, std::ptrdiff_t row_bytes,
                                       const std::uint16_t* x, int in_size, int n_tokens,
                                       float* sums) {
    multiply_tiles_with<AmxUnit>(w, row_bytes, x, in_size, n_tokens, sums);
}

#undef GPTOSS_AMX

#else

inline bool has_amx() {
    return false;
}

#endif

}  // namespace gptoss::fast

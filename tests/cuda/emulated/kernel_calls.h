// What kernels of this project call, on the emulated device. Included by cuda_runtime.h.
#pragma once
#include <cstdint>
#include <cstring>

void __syncthreads();
void __syncwarp(unsigned mask = 0xFFFFFFFFu);

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
// Four of the eight bytes of b and a, a's the lower ones; each digit of selector is the number of one.
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    const std::uint64_t bytes = std::uint64_t(b) << 32 | a;
    unsigned chosen = 0;
    for (unsigned n = 0; n < 32; n += 8) {
        chosen |= unsigned(bytes >> 8 * (selector >> n / 2 & 7u) & 0xFFu) << n;
    }
    return chosen;
}
inline float __double2float_ru(double value) {  // rounded up
    const float nearest = float(value);
    return double(nearest) < value ? std::nextafter(nearest, INFINITY) : nearest;
}
template <class Value>
Value __ldcs(const Value* from) {
    return *from;
}
inline unsigned max(unsigned a, unsigned b) {
    return a > b ? a : b;
}
inline int min(int a, int b) {
    return a < b ? a : b;
}
inline int max(int a, int b) {
    return a > b ? a : b;
}
inline int atomicCAS(int* address, int compare, int value) {
    __atomic_compare_exchange_n(address, &compare, value, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    return compare;  // what was there
}
inline int atomicAdd(int* address, int value) {
    return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
}

namespace emulated {

// Lays down a value, waits for the other lanes that mask names, and returns that of one of them.
std::uint64_t exchange(unsigned mask, std::uint64_t value, unsigned from_lane);

// A copy that a thread has asked for and not waited for, the oldest first; false if there is none. A
// thread may not end before it has waited for all.
struct Copy {
    void* to = nullptr;
    const void* from = nullptr;
    bool is_there = false;
};
void note_copy(const Copy& copy);
bool take_copy(Copy& copy);

// A kernel's thread has waited for the kernel before it; a block with one that has not ends the program.
void note_wait();

// Where a variable in shared memory lies in this block; name is an address that stands for it.
void* shared_memory(const void* name, std::size_t bytes, std::size_t alignment);

template <class Variable>
Variable& shared(const void* name, std::size_t alignment = alignof(Variable)) {
    return *static_cast<Variable*>(shared_memory(name, sizeof(Variable), alignment));
}

}  // namespace emulated

template <class Value>
Value __shfl_sync(unsigned mask, Value value, unsigned lane) {
    static_assert(sizeof value <= 8);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, &value, sizeof value);
    bytes = emulated::exchange(mask, bytes, lane);
    std::memcpy(&value, &bytes, sizeof value);
    return value;
}
template <class Value>
Value __shfl_xor_sync(unsigned mask, Value value, unsigned lane_bits) {
    return __shfl_sync(mask, value, (threadIdx.x & 31u) ^ lane_bits);
}
template <class Value>
Value __shfl_up_sync(unsigned mask, Value value, unsigned n_lanes) {
    const unsigned lane = threadIdx.x & 31u;
    return __shfl_sync(mask, value, lane < n_lanes ? lane : lane - n_lanes);
}

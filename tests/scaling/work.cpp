// Compiled without -fsanitize-coverage: counting would count itself.
#include "work.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {
std::uint64_t blocks = 0;
std::size_t bytes_now = 0;
std::size_t bytes_peak = 0;

void* allocate(std::size_t n_bytes) {
    void* memory = std::malloc(n_bytes);
    if (memory == nullptr) throw std::bad_alloc();
    bytes_now += malloc_usable_size(memory);
    if (bytes_now > bytes_peak) bytes_peak = bytes_now;
    return memory;
}
void release(void* memory) {
    bytes_now -= malloc_usable_size(memory);
    std::free(memory);
}
}  // namespace

// What the compiler calls at the start of every basic block.
extern "C" void __sanitizer_cov_trace_pc() {
    ++blocks;
}

void* operator new(std::size_t n_bytes) {
    return allocate(n_bytes);
}
void* operator new[](std::size_t n_bytes) {
    return allocate(n_bytes);
}
void operator delete(void* memory) noexcept {
    release(memory);
}
void operator delete[](void* memory) noexcept {
    release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    release(memory);
}

Work work_of(const std::function<void()>& run) {
    const std::uint64_t blocks_before = blocks;
    const std::size_t bytes_before = bytes_now;
    bytes_peak = bytes_now;
    run();
    return {blocks - blocks_before, bytes_peak - bytes_before};
}

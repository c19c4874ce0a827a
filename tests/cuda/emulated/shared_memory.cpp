#include "shared_memory.hpp"

#include <sys/mman.h>

#include <vector>

#include "emulator.hpp"
#include "sanitizers.hpp"

namespace {

constexpr std::size_t kMostBytes = 48 * 1024;  // of a block, as far as nobody asks for more
constexpr std::size_t kGapBytes = 64;
constexpr std::size_t kArenaBytes = 64 * 1024;  // with gaps
// To a sanitizer that finds races, blocks share nothing: each has an arena of its own.
constexpr unsigned kArenas = emulated::kFindsRaces ? 16384 : 1;

struct Variable {
    const void* name;
    std::byte* memory;
};
std::vector<Variable> variables;
std::byte* next = nullptr;  // free byte of the arena
std::size_t used_bytes = 0;
unsigned block_now = 0;

std::byte* arena() {
    static std::byte* const all = [] {
        void* pages = ::mmap(nullptr, kArenas * kArenaBytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (pages == MAP_FAILED) emulated::stop("no shared memory");
        emulated::forbid(pages, kArenas * kArenaBytes);
        return static_cast<std::byte*>(pages);
    }();
    if (emulated::kFindsRaces && block_now >= kArenas) emulated::stop("too many blocks");
    return all + (emulated::kFindsRaces ? block_now : 0) * kArenaBytes;
}

// At a multiple of alignment and of no larger power of two: nothing is aligned by chance.
std::byte* place_for(std::size_t alignment) {
    const auto address = reinterpret_cast<std::uintptr_t>(next) + kGapBytes;
    const std::uintptr_t even = (address + 2 * alignment - 1) / (2 * alignment) * 2 * alignment;
    return next + (even + alignment - reinterpret_cast<std::uintptr_t>(next));
}

}  // namespace

void emulated::begin_shared_memory(unsigned block) {
    block_now = block;
    arena();  // asked for by the host, whose it is to a sanitizer
    used_bytes = 0;
    variables.clear();
    next = nullptr;
}

void emulated::end_shared_memory() {
    if (next != nullptr) forbid(arena(), kArenaBytes);
}

void* emulated::shared_memory(const void* name, std::size_t bytes, std::size_t alignment) {
    for (const Variable& variable : variables) {
        if (variable.name == name) return variable.memory;
    }
    if (next == nullptr) next = arena();
    used_bytes += bytes;
    if (used_bytes > kMostBytes) stop("a block takes more than 48 KiB of shared memory");
    std::byte* const memory = place_for(alignment);
    next = memory + bytes;
    allow(memory, bytes);
    volatile std::byte* const fresh = memory;  // volatile: a call of memset would count as a write
    for (std::size_t i = 0; i < bytes; ++i)
        fresh[i] = std::byte(0xFF);  // NaN
    variables.push_back({name, memory});
    return memory;
}

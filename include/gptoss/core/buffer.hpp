// Buffer: owning memory, on the host or on a device, that hands out views.
//
// HostMemory is the Memory of the CPU tables (see ops/scalar.hpp). A device table brings a struct
// with the same six functions. Only the code that allocates is a template on Memory; a Buffer
// remembers how to release itself, so views, activations and caches are plain types.
//
// Errors   std::bad_alloc from the host; a device Memory throws Error with what it needed.
#pragma once
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "gptoss/core/view.hpp"

namespace gptoss {

struct HostMemory {
    static constexpr std::align_val_t kCacheLine{64};
    static void* allocate(std::size_t bytes) { return ::operator new(bytes, kCacheLine); }
    static void release(void* memory) { ::operator delete(memory, kCacheLine); }
    static void copy(void* to, const void* from, std::size_t bytes) {
        if (bytes > 0) std::memcpy(to, from, bytes);
    }
    // What can be asked for. The host says no in its own way.
    static std::size_t free_bytes() { return std::numeric_limits<std::size_t>::max(); }
    // Between host and table memory; for the host itself both are copies.
    static void upload(void* to, const void* from_host, std::size_t bytes) {
        copy(to, from_host, bytes);
    }
    static void download(void* to_host, const void* from, std::size_t bytes) {
        copy(to_host, from, bytes);
    }
};

class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() {
        if (memory_ != nullptr) release_(memory_);
    }

    template <class Memory>
    static Buffer allocate(std::size_t bytes) {
        Buffer buffer;
        if (bytes == 0) return buffer;
        buffer.memory_ = Memory::allocate(bytes);
        buffer.bytes_ = bytes;
        buffer.release_ = &Memory::release;
        return buffer;
    }

    std::size_t bytes() const { return bytes_; }
    void* data() const { return memory_; }

    // Views of everything from byte offset on; the caller knows what it allocated.
    VectorView vector(std::size_t offset, int size) const { return {floats(offset), size}; }
    MatrixView matrix(std::size_t offset, int rows, int cols) const {
        return {floats(offset), rows, cols};
    }
    IdsView ids(std::size_t offset, int rows, int cols) const {
        return {reinterpret_cast<std::int32_t*>(at(offset)), rows, cols};
    }

private:
    std::byte* at(std::size_t offset) const { return static_cast<std::byte*>(memory_) + offset; }
    float* floats(std::size_t offset) const { return reinterpret_cast<float*>(at(offset)); }
    void swap(Buffer& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(bytes_, other.bytes_);
        std::swap(release_, other.release_);
    }

    void* memory_ = nullptr;
    std::size_t bytes_ = 0;
    void (*release_)(void*) = nullptr;
};

}  // namespace gptoss

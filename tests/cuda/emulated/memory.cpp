// The memory of the emulated device.
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "emulator.hpp"
#include "sanitizers.hpp"

namespace {

using emulated::remember;
using emulated::stop;

struct Allocation {
    std::byte* pages = nullptr;
    std::size_t page_bytes = 0;  // without the locked page behind them
    std::size_t bytes = 0;
};
std::map<const std::byte*, Allocation> allocations;  // by first byte
std::size_t used_bytes = 0;
constexpr std::size_t kTotalBytes = std::size_t(4) << 30;
cudaError_t last_error = cudaSuccess;

void protect_all(int protection) {
    for (const auto& [first, allocation] : allocations) {
        ::mprotect(allocation.pages, allocation.page_bytes, protection);
    }
}

// The first byte of the allocation that data points into, and what it is.
const std::pair<const std::byte* const, Allocation>& allocation_of(const void* data) {
    const auto* first = static_cast<const std::byte*>(data);
    auto found = allocations.upper_bound(first);
    if (found == allocations.begin()) stop("a kernel was given host memory");
    --found;
    if (first >= found->first + found->second.bytes) stop("a kernel was given host memory");
    return *found;
}

// A copy of the host's may touch what kernels may not.
struct Allowed {
    const void* memory;
    std::size_t bytes;
    Allowed(const void* m, std::size_t n) : memory(m), bytes(n) { emulated::allow(memory, bytes); }
    ~Allowed() { emulated::forbid(memory, bytes); }
    Allowed(const Allowed&) = delete;
    Allowed& operator=(const Allowed&) = delete;
};

}  // namespace

emulated::Unlocked::Unlocked() {
    protect_all(PROT_READ | PROT_WRITE);
}
emulated::Unlocked::~Unlocked() {
    protect_all(PROT_NONE);
}

cudaError_t emulated::remember(cudaError_t status) {
    if (status != cudaSuccess) last_error = status;
    return status;
}
cudaError_t cudaGetLastError() {
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    emulated::require_no_capture("cudaMalloc");
    if (bytes > kTotalBytes - used_bytes) return remember(cudaErrorMemoryAllocation);
    const std::size_t page = std::size_t(::sysconf(_SC_PAGESIZE));
    const std::size_t in_16s = (bytes + 15) / 16 * 16;
    Allocation allocation;
    allocation.bytes = bytes;
    allocation.page_bytes = (in_16s + page - 1) / page * page;
    void* pages = ::mmap(nullptr, allocation.page_bytes + page, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return remember(cudaErrorMemoryAllocation);
    ::madvise(pages, allocation.page_bytes, MADV_HUGEPAGE);  // there are fewer pages to lock
    emulated::forbid(pages, allocation.page_bytes);
    allocation.pages = static_cast<std::byte*>(pages);

    std::byte* first = allocation.pages + allocation.page_bytes - in_16s;
    allocations[first] = allocation;
    used_bytes += bytes;
    *memory = first;
    return cudaMemset(first, 0xFF, bytes);
}

cudaError_t cudaFree(void* memory) {
    if (memory == nullptr) return cudaSuccess;
    const auto found = allocations.find(static_cast<const std::byte*>(memory));
    if (found == allocations.end()) stop("cudaFree of what cudaMalloc did not give");
    const std::size_t page = std::size_t(::sysconf(_SC_PAGESIZE));
    const Allocation& allocation = found->second;
    emulated::allow(allocation.pages, allocation.page_bytes);  // these addresses may come again
    ::munmap(allocation.pages, allocation.page_bytes + page);
    used_bytes -= allocation.bytes;
    allocations.erase(found);
    return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t) {
    return cudaMalloc(memory, bytes);
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t) {
    return cudaFree(memory);
}

cudaError_t cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
    *free_bytes = kTotalBytes - used_bytes;
    *total_bytes = kTotalBytes;
    return cudaSuccess;
}

void emulated::require_device_memory(const void* data, std::size_t bytes) {
    if (data == nullptr || bytes == 0) return;
    if (bytes <= bytes_behind(data)) return;
    stop("a kernel was given a view of " + std::to_string(bytes) +
         " bytes that ends behind its allocation of " +
         std::to_string(allocation_of(data).second.bytes));
}

std::size_t emulated::bytes_behind(const void* data) {
    if (data == nullptr) return 0;
    const auto& [first, allocation] = allocation_of(data);
    return std::size_t(first + allocation.bytes - static_cast<const std::byte*>(data));
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
    emulated::require_device_memory(memory, bytes);
    const emulated::Unlocked unlocked;
    const Allowed allowed(memory, bytes);
    std::memset(memory, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    emulated::require_no_capture("cudaMemcpy");
    const bool is_to_device = kind != cudaMemcpyDeviceToHost;
    const bool is_from_device = kind != cudaMemcpyHostToDevice;
    if (is_to_device) emulated::require_device_memory(to, bytes);
    if (is_from_device) emulated::require_device_memory(from, bytes);
    const emulated::Unlocked unlocked;
    const Allowed writing(is_to_device ? to : nullptr, is_to_device ? bytes : 0);
    const Allowed reading(is_from_device ? from : nullptr, is_from_device ? bytes : 0);
    std::memmove(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t) {
    return cudaMemcpy(to, from, bytes, kind);
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
    *memory = ::operator new(bytes);
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
    ::operator delete(memory);
    return cudaSuccess;
}

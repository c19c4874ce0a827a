// The emulated device behind cuda_runtime.h, which says what it is and what it is not.
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cuda_runtime.h"

namespace {

[[noreturn]] void stop(const std::string& reason) {
    std::fprintf(stderr, "emulated device: %s\n", reason.c_str());
    std::abort();
}

void require_no_capture(const char* what);

// --- Memory -------------------------------------------------------------------------------------

struct Allocation {
    std::byte* pages = nullptr;
    std::size_t page_bytes = 0;  // without the locked page behind them
    std::size_t bytes = 0;
};
std::map<const std::byte*, Allocation> allocations;  // by first byte
std::size_t used_bytes = 0;
constexpr std::size_t kTotalBytes = std::size_t(4) << 30;
cudaError_t last_error = cudaSuccess;

cudaError_t remember(cudaError_t status) {
    if (status != cudaSuccess) last_error = status;
    return status;
}

void protect_all(int protection) {
    for (const auto& [first, allocation] : allocations) {
        ::mprotect(allocation.pages, allocation.page_bytes, protection);
    }
}

// While one lives, device memory can be read and written.
struct Unlocked {
    Unlocked() { protect_all(PROT_READ | PROT_WRITE); }
    ~Unlocked() { protect_all(PROT_NONE); }
};

}  // namespace

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    require_no_capture("cudaMalloc");
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
    ::munmap(found->second.pages, found->second.page_bytes + page);
    used_bytes -= found->second.bytes;
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
    const auto* first = static_cast<const std::byte*>(data);
    auto found = allocations.upper_bound(first);
    if (found == allocations.begin()) stop("a kernel was given host memory");
    --found;
    if (first >= found->first + found->second.bytes) stop("a kernel was given host memory");
    if (first + bytes > found->first + found->second.bytes) {
        stop("a kernel was given a view of " + std::to_string(bytes) +
             " bytes that ends behind its allocation of " + std::to_string(found->second.bytes));
    }
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
    emulated::require_device_memory(memory, bytes);
    const Unlocked unlocked;
    std::memset(memory, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    require_no_capture("cudaMemcpy");
    if (kind != cudaMemcpyDeviceToHost) emulated::require_device_memory(to, bytes);
    if (kind != cudaMemcpyHostToDevice) emulated::require_device_memory(from, bytes);
    const Unlocked unlocked;
    std::memmove(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    return cudaMemcpy(to, from, bytes, kind);
}

// --- Questions ----------------------------------------------------------------------------------

cudaError_t cudaGetDeviceCount(int* count) {
    *count = 1;
    return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = 0;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    return cudaSuccess;
}
cudaError_t cudaGetLastError() {
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}
const char* cudaGetErrorString(cudaError_t status) {
    return status == cudaErrorInvalidConfiguration ? "invalid configuration argument" : "an error";
}
const char* cudaGetErrorName(cudaError_t status) {
    return status == cudaErrorInvalidConfiguration ? "cudaErrorInvalidConfiguration" : "cudaError";
}

// --- Threads ------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kStackBytes = 128 * 1024;

enum class Wait { nothing, warp, block };

// A stack that runs one thread after the other until one of them waits. A context is for entering
// it; from then on setjmp and longjmp go back and forth, which unlike swapcontext ask no kernel.
struct Fiber {
    ucontext_t context = {};
    bool is_entered = false;
    jmp_buf left_at = {};
    std::vector<std::byte> stack = std::vector<std::byte>(kStackBytes);
};

struct Thread {
    Fiber* fiber = nullptr;  // while it waits
    Wait waits_for = Wait::nothing;
    bool has_ended = false;
    bool has_waited = false;  // for the kernel before
    unsigned n_exchanges = 0;
};

struct Block {
    const std::function<void()>* kernel = nullptr;
    std::vector<Thread> threads;
    std::vector<unsigned> order;    // in which threads run
    std::size_t next_to_start = 0;  // in order
    unsigned current = 0;
};
Block block_now;
std::deque<Fiber> fibers;
std::vector<Fiber*> idle_fibers;  // whose last thread has ended
Fiber* fiber_now = nullptr;
jmp_buf scheduler;
// What lanes laid down, in two turns: who is ahead by one exchange spoils nothing.
std::uint64_t lane_values[2][1024];

void become(unsigned thread) {
    block_now.current = thread;
    threadIdx = dim3(thread);
}

// From a fiber to the scheduler; returns when the fiber is resumed.
void leave(Fiber& fiber) {
    if (_setjmp(fiber.left_at) == 0) _longjmp(scheduler, 1);
}

// From the scheduler to a fiber; returns when the fiber leaves.
void resume(Fiber& fiber) {
    fiber_now = &fiber;
    if (_setjmp(scheduler) != 0) return;
    if (fiber.is_entered) _longjmp(fiber.left_at, 1);
    fiber.is_entered = true;
    ::setcontext(&fiber.context);
}

// What a fiber does: start threads as long as there are any.
void fiber_main() {
    while (true) {
        while (block_now.next_to_start < block_now.order.size()) {
            become(block_now.order[block_now.next_to_start++]);
            (*block_now.kernel)();
            Thread& thread = block_now.threads[block_now.current];
            if (!thread.has_waited) stop("a kernel does not wait for the one before it");
            thread.has_ended = true;
        }
        idle_fibers.push_back(fiber_now);
        leave(*fiber_now);
    }
}

void make_context(Fiber& fiber) {
    ::getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    ::makecontext(&fiber.context, fiber_main, 0);
}

Fiber& idle_fiber() {
    if (idle_fibers.empty()) {
        make_context(fibers.emplace_back());
        return fibers.back();
    }
    Fiber& fiber = *idle_fibers.back();
    idle_fibers.pop_back();
    return fiber;
}

void wait_for(Wait what) {
    const unsigned thread = block_now.current;
    block_now.threads[thread].waits_for = what;
    block_now.threads[thread].fiber = fiber_now;
    leave(*fiber_now);
    become(thread);
}

// Lets the threads [first, end) go on if all of them that have not ended wait for the same.
bool release(std::size_t first, std::size_t end, Wait what) {
    bool any = false;
    for (std::size_t i = first; i < end; ++i) {
        if (block_now.threads[i].has_ended) continue;
        if (block_now.threads[i].waits_for != what) return false;
        any = true;
    }
    for (std::size_t i = first; i < end; ++i) {
        block_now.threads[i].waits_for = Wait::nothing;
    }
    return any;
}

bool release_some() {
    const std::size_t n_threads = block_now.threads.size();
    bool any = release(0, n_threads, Wait::block);
    for (std::size_t first = 0; first < n_threads; first += 32) {
        any = release(first, std::min(first + 32, n_threads), Wait::warp) || any;
    }
    return any;
}

bool all_have_ended() {
    for (const Thread& thread : block_now.threads) {
        if (!thread.has_ended) return false;
    }
    return true;
}

void run_block(unsigned n_threads) {
    static const char* const order = std::getenv("GPTOSS_EMULATED_ORDER");
    const bool reverse = order != nullptr && std::string(order) == "reverse";
    block_now.threads.assign(n_threads, Thread{});
    block_now.order.clear();
    for (unsigned i = 0; i < n_threads; ++i) {
        block_now.order.push_back(reverse ? n_threads - 1 - i : i);
    }
    block_now.next_to_start = 0;

    while (block_now.next_to_start < n_threads) {
        resume(idle_fiber());
    }
    while (!all_have_ended()) {
        if (!release_some()) stop("some threads wait at a barrier that others do not reach");
        for (const unsigned thread : block_now.order) {
            Thread& waiting = block_now.threads[thread];
            if (waiting.has_ended || waiting.waits_for != Wait::nothing) continue;
            resume(*waiting.fiber);
        }
    }
}

}  // namespace

void __syncthreads() {
    wait_for(Wait::block);
}

void emulated::note_wait() {
    block_now.threads[block_now.current].has_waited = true;
}

const std::uint64_t* emulated::exchange(std::uint64_t value) {
    const unsigned thread = block_now.current;
    unsigned& n_exchanges = block_now.threads[thread].n_exchanges;
    std::uint64_t* const values = lane_values[n_exchanges++ % 2];
    values[thread] = value;
    wait_for(Wait::warp);
    return values + thread / 32 * 32;
}

// --- Graphs ---------------------------------------------------------------------------------------

struct EmulatedGraph {
    struct Node {
        dim3 grid;
        dim3 block;
        std::function<void()> thread;
    };
    std::vector<Node> nodes;
    std::map<cudaGraphNode_t, cudaGraphEdgeData> edges;  // to the node, from the one before it

    // Runs in order whatever the edges say, so it sees to it that they say the same.
    void require_chain() const {
        for (cudaGraphNode_t to = 2; to <= nodes.size(); ++to) {
            const auto edge = edges.find(to);
            if (edge == edges.end()) stop("a graph is no chain any more");
            if (edge->second.from_port != edge->second.type) stop("an edge of no known kind");
        }
    }
};

namespace {
EmulatedGraph* recorded = nullptr;  // while launches are recorded
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
    recorded = new EmulatedGraph;
    return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
    *graph = recorded;
    recorded = nullptr;
    for (cudaGraphNode_t to = 2; to <= (*graph)->nodes.size(); ++to) {
        (*graph)->edges[to] = {};
    }
    return cudaSuccess;
}
cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t* from, cudaGraphNode_t* to,
                              cudaGraphEdgeData* edges, std::size_t* n_edges) {
    *n_edges = graph->edges.size();
    if (from == nullptr) return cudaSuccess;
    for (const auto& [node, edge] : graph->edges) {
        *from++ = node - 1;
        *to++ = node;
        *edges++ = edge;
    }
    return cudaSuccess;
}
cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t*,
                                        const cudaGraphNode_t* to, const cudaGraphEdgeData*,
                                        std::size_t n_edges) {
    for (std::size_t i = 0; i < n_edges; ++i) {
        graph->edges.erase(to[i]);
    }
    return cudaSuccess;
}
cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t* from,
                                     const cudaGraphNode_t* to, const cudaGraphEdgeData* edges,
                                     std::size_t n_edges) {
    static const char* const driver = std::getenv("GPTOSS_EMULATED_DRIVER");
    const bool is_old = driver != nullptr && std::string(driver) == "old";
    for (std::size_t i = 0; i < n_edges; ++i) {
        if (is_old && edges[i].type != 0) return cudaErrorInvalidValue;
        if (from[i] + 1 != to[i]) stop("an edge that leaves the chain");
        graph->edges[to[i]] = edges[i];
    }
    return cudaSuccess;
}
cudaError_t cudaGraphClone(cudaGraph_t* copy, cudaGraph_t graph) {
    *copy = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, int) {
    graph->require_chain();
    *executable = new EmulatedGraph(*graph);
    return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
    for (const EmulatedGraph::Node& node : executable->nodes) {
        emulated::run(node.grid, node.block, node.thread);
    }
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}

namespace {
// What may not happen while launches are recorded.
void require_no_capture(const char* what) {
    if (recorded != nullptr) stop(std::string(what) + " while launches are recorded");
}
}  // namespace

void emulated::run(dim3 grid, dim3 block, const std::function<void()>& thread) {
    const bool is_allowed = grid.x > 0 && grid.y > 0 && grid.y < 65536 && grid.z == 1 &&
                            block.x > 0 && block.x <= 1024 && block.y == 1 && block.z == 1;
    if (!is_allowed) {
        remember(cudaErrorInvalidConfiguration);
        return;
    }
    if (recorded != nullptr) {
        recorded->nodes.push_back({grid, block, thread});
        return;
    }
    const Unlocked unlocked;
    block_now.kernel = &thread;
    gridDim = grid;
    blockDim = block;
    for (unsigned y = 0; y < grid.y; ++y) {
        for (unsigned x = 0; x < grid.x; ++x) {
            blockIdx = dim3(x, y);
            run_block(block.x);
        }
    }
}

// The blocks and threads of the emulated device, and where they wait for each other.
#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

#include "emulator.hpp"
#include "sanitizers.hpp"
#include "shared_memory.hpp"
#include "stacks.hpp"

namespace {

using emulated::stop;

constexpr unsigned kLanes = 32;

enum class Wait { nothing, warp, block };

struct Thread {
    Wait waits_for = Wait::nothing;
    const void* place = nullptr;  // of the program, where it waits
    unsigned mask = 0;            // of the lanes that it waits for
    std::uint64_t value = 0;      // laid down for them
    unsigned from_lane = 0;       // whose value it wants
    std::uint64_t received = 0;   // which is this one
    unsigned n_meetings[2] = {};  // with its warp and with its block
    bool has_waited = false;      // for the kernel before
    bool has_ended = false;
    std::deque<emulated::Copy> copies = {};  // not waited for
};

struct Block {
    const emulated::KernelRun* kernel = nullptr;
    std::vector<Thread> threads;
    std::size_t first_stack = 0;
    unsigned current = 0;
};
Block block_now;
bool views_are_allowed = false;
bool kernel_begins_early = false;

// What sanitizers take for things that order threads. A thread may be one meeting ahead of another, so
// meetings take turns.
char begun, ended;
char met_as_warp[2][32], met_as_block[2];

Thread& current_thread() {
    return block_now.threads[block_now.current];
}

void* meeting_of(const Thread& thread) {
    const unsigned warp = block_now.current / kLanes;
    if (thread.waits_for == Wait::block) return &met_as_block[thread.n_meetings[1] % 2];
    return &met_as_warp[thread.n_meetings[0] % 2][warp];
}

// Returns when all that it waits for have come. With order, what each did before is then seen by all.
void wait_for(Wait what, const void* place, unsigned mask, bool with_order) {
    const unsigned number = block_now.current;
    Thread& thread = current_thread();
    thread.waits_for = what;
    thread.place = place;
    thread.mask = mask;
    void* const meeting = meeting_of(thread);
    if (with_order) emulated::release_order(meeting);
    if (with_order) ++thread.n_meetings[what == Wait::block];
    emulated::leave();
    block_now.current = number;
    threadIdx = dim3(number);
    if (with_order) emulated::acquire_order(meeting);
}

// --- Who may go on ------------------------------------------------------------------------------

bool release_block() {
    const void* place = nullptr;
    for (const Thread& thread : block_now.threads) {
        if (thread.has_ended) continue;
        if (thread.waits_for != Wait::block) return false;
        if (place == nullptr) place = thread.place;
        if (thread.place != place) stop("threads of a block wait at different __syncthreads");
    }
    for (Thread& thread : block_now.threads)
        thread.waits_for = Wait::nothing;
    return place != nullptr;
}

// Have all lanes come that this one waits for?
bool has_come_together(std::size_t first, const Thread& thread) {
    for (unsigned lane = 0; lane < kLanes; ++lane) {
        if ((thread.mask >> lane & 1u) == 0) continue;
        const std::size_t other = first + lane;
        if (other >= block_now.threads.size()) stop("a mask names a lane that is not there");
        const Thread& named = block_now.threads[other];
        if (named.has_ended) stop("a mask names a lane that has ended");
        if (named.waits_for != Wait::warp) return false;
        if (named.mask != thread.mask) stop("lanes that meet have different masks");
        if (named.place != thread.place) stop("lanes meet at different places of the program");
    }
    return true;
}

bool release_warp(std::size_t first) {
    const std::size_t end = std::min(first + kLanes, block_now.threads.size());
    bool any = false;
    for (std::size_t i = first; i < end; ++i) {
        const Thread& thread = block_now.threads[i];
        if (thread.waits_for != Wait::warp) continue;
        if ((thread.mask >> (i - first) & 1u) == 0) stop("a mask lacks the lane that calls");
        if (!has_come_together(first, thread)) continue;
        const unsigned mask = thread.mask;
        for (std::size_t j = first; j < end; ++j) {
            Thread& named = block_now.threads[j];
            if ((mask >> (j - first) & 1u) == 0) continue;
            if ((mask >> named.from_lane & 1u) == 0)
                stop("a shuffle reads a lane outside its mask");
            named.received = block_now.threads[first + named.from_lane].value;
            named.waits_for = Wait::nothing;
        }
        any = true;
    }
    return any;
}

bool release_some() {
    bool any = release_block();
    for (std::size_t first = 0; first < block_now.threads.size(); first += kLanes) {
        any = release_warp(first) || any;
    }
    return any;
}

// --- In which order -----------------------------------------------------------------------------

std::vector<unsigned> order_of(unsigned n) {
    static const std::string wish = emulated::environment("GPTOSS_EMULATED_ORDER");
    static const bool is_shuffled = wish.rfind("shuffle:", 0) == 0;
    static std::minstd_rand random(is_shuffled ? unsigned(std::stoul(wish.substr(8))) : 1u);
    std::vector<unsigned> order(n);
    std::iota(order.begin(), order.end(), 0u);
    if (wish == "reverse") std::reverse(order.begin(), order.end());
    if (is_shuffled) std::shuffle(order.begin(), order.end(), random);
    return order;
}

bool all_have_ended() {
    return std::all_of(block_now.threads.begin(), block_now.threads.end(),
                       [](const Thread& thread) { return thread.has_ended; });
}

void run_block(unsigned n_threads) {
    block_now.threads.assign(n_threads, Thread{});
    while (true) {
        for (const unsigned number : order_of(n_threads)) {
            const Thread& thread = block_now.threads[number];
            if (thread.has_ended || thread.waits_for != Wait::nothing) continue;
            block_now.current = number;
            threadIdx = dim3(number);
            emulated::resume(emulated::stack_of(block_now.first_stack + number));
        }
        if (all_have_ended()) return;
        if (!release_some()) stop("some threads wait at a barrier that others do not reach");
    }
}

}  // namespace

void emulated::thread_main() {
    acquire_order(&begun);
    if (!kernel_begins_early) acquire_order(&ended);
    block_now.kernel->thread();
    Thread& thread = current_thread();
    if (!thread.has_waited) stop("a kernel does not wait for the one before it");
    if (!thread.copies.empty()) stop("a thread ends that has not waited for its copies");
    thread.has_ended = true;
    release_order(&ended);
}

void __syncthreads() {
    wait_for(Wait::block, __builtin_return_address(0), 0, true);
}
void __syncwarp(unsigned mask) {
    current_thread().from_lane = block_now.current % kLanes;
    wait_for(Wait::warp, __builtin_return_address(0), mask, true);
}

std::uint64_t emulated::exchange(unsigned mask, std::uint64_t value, unsigned from_lane) {
    if (from_lane >= kLanes) stop("a shuffle reads lane " + std::to_string(from_lane));
    Thread& thread = current_thread();
    thread.from_lane = from_lane;
    thread.value = value;
    wait_for(Wait::warp, __builtin_return_address(0), mask, false);
    return thread.received;
}

void emulated::note_copy(const Copy& copy) {
    current_thread().copies.push_back(copy);
}
bool emulated::take_copy(Copy& copy) {
    std::deque<Copy>& copies = current_thread().copies;
    if (copies.empty()) return false;
    copy = copies.front();
    copies.pop_front();
    return true;
}

void emulated::note_wait() {
    current_thread().has_waited = true;
    if (kernel_begins_early) acquire_order(&ended);
    if (views_are_allowed) return;
    views_are_allowed = true;
    for (const Bytes& view : block_now.kernel->views)
        allow(view.first, view.count);
}

void emulated::run(const KernelRun& kernel, bool begins_early) {
    const Unlocked unlocked;
    block_now.kernel = &kernel;
    views_are_allowed = false;
    kernel_begins_early = begins_early;
    gridDim = kernel.grid;
    blockDim = kernel.block;
    release_order(&begun);
    for (const unsigned number : order_of(kernel.grid.x * kernel.grid.y)) {
        blockIdx = dim3(number % kernel.grid.x, number / kernel.grid.x);
        // To a sanitizer a stack is a thread: two blocks in turn are not the same ones.
        block_now.first_stack = kFindsRaces ? number % 2 * 1024 : 0;
        begin_shared_memory(number);
        run_block(kernel.block.x);
        end_shared_memory();
    }
    if (!begins_early) wait_for_all();
    for (const Bytes& view : kernel.views)
        forbid(view.first, view.count);
}

void emulated::wait_for_all() {
    acquire_order(&ended);
}

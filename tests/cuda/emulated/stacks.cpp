#include "stacks.hpp"

#include <setjmp.h>
#include <ucontext.h>

#include <deque>
#include <vector>

#include "sanitizers.hpp"

namespace emulated {

// A context is for entering it; from then on setjmp and longjmp go back and forth, which unlike
// swapcontext ask no kernel. Sanitizers follow swapcontext only.
struct Stack {
    ucontext_t context = {};
    jmp_buf left_at = {};
    bool is_entered = false;
    std::vector<std::byte> memory = {};
    const void* bottom = nullptr;  // for a sanitizer, like the rest
    std::size_t bytes = 0;
    void* fake = nullptr;
    void* fiber = nullptr;
};

namespace {

constexpr std::size_t kStackBytes = 128 * 1024;
constexpr bool kSetjmp = !kFindsRaces && !kFindsStrays;

Stack host;
std::deque<Stack> stacks;
Stack* now = &host;

void switch_to(Stack& to) {
    Stack& from = *now;
    now = &to;
    if constexpr (kSetjmp) {
        if (_setjmp(from.left_at) != 0) return;
        if (to.is_entered) _longjmp(to.left_at, 1);
        to.is_entered = true;
        ::setcontext(&to.context);
    } else {
        start_switch(&from.fake, to.bottom, to.bytes);
        become_tsan_fiber(to.fiber);
        ::swapcontext(&from.context, &to.context);
        finish_switch(from.fake, nullptr, nullptr);
    }
}

void stack_main() {
    finish_switch(nullptr, &host.bottom, &host.bytes);
    while (true) {
        thread_main();
        switch_to(host);
    }
}

void make_stack() {
    host.is_entered = true;
    if (host.fiber == nullptr) host.fiber = current_tsan_fiber();
    Stack& stack = stacks.emplace_back();
    stack.memory.resize(kStackBytes);
    stack.bottom = stack.memory.data();
    stack.bytes = kStackBytes;
    stack.fiber = new_tsan_fiber();
    ::getcontext(&stack.context);
    stack.context.uc_stack.ss_sp = stack.memory.data();
    stack.context.uc_stack.ss_size = kStackBytes;
    ::makecontext(&stack.context, stack_main, 0);
}

}  // namespace

Stack& stack_of(std::size_t thread) {
    while (stacks.size() <= thread)
        make_stack();
    return stacks[thread];
}

void resume(Stack& stack) {
    switch_to(stack);
}
void leave() {
    switch_to(host);
}

}  // namespace emulated

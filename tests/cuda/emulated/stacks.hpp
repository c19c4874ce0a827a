// Stacks: one for each CUDA thread of a block, and switching between them and the host's.
#pragma once
#include <cstddef>

namespace emulated {

struct Stack;

// The stack of a thread, made when it is first asked for. It runs thread_main() over and over, each time
// after a switch to it.
Stack& stack_of(std::size_t thread);

// From the host to a thread; returns when the thread leaves.
void resume(Stack& stack);
// From a thread to the host; returns when the thread is resumed.
void leave();

void thread_main();  // of threads.cpp

}  // namespace emulated

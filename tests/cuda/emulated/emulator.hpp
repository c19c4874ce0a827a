// What the files of the emulated device know of each other.
#pragma once
#include <string>

#include "cuda_runtime.h"

namespace emulated {

[[noreturn]] void stop(const std::string& reason);

// The value of a variable of the environment; "" without one.
std::string environment(const char* name);

// What cudaGetLastError will tell.
cudaError_t remember(cudaError_t status);

// While one lives, device memory can be read and written.
struct Unlocked {
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;
};

// Runs all blocks. A kernel that begins early is ordered behind the one before it by its own wait only.
void run(const KernelRun& kernel, bool begins_early);
// What all kernels did is now done before what the host does.
void wait_for_all();

// Ends the program while launches are recorded.
void require_no_capture(const char* what);

}  // namespace emulated

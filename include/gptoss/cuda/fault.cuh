// Faults: what a kernel finds wrong with its data. The first one is kept and told at the next
// download, in the words of the CPU path:
//
//     route: logits[3, 17] is NaN, expected a number
//
// A kernel cannot throw, and asking after every launch would stop the device 400 times per token.
//
// Pitfalls A kernel that reports must still write something harmless: later kernels run on it.
// Errors   Error, from throw_fault.
#pragma once
#include <cuda_runtime.h>

#include <string>

#include "gptoss/cuda/check.cuh"

namespace gptoss::cuda {

enum class FaultKind : int {
    none,
    token_id,        // row t of ids holds value; limit is the vocabulary's size
    short_cache,     // row t sees value positions; limit is keys.rows
    router_nan,      // of row t and expert value
    no_logit,        // every logit is NaN or -inf
    infinite_logit,  // logits[value] is inf
};

struct Fault {
    int kind = 0;  // a FaultKind; an int for atomicCAS
    int row = 0;
    int value = 0;
    int limit = 0;
};

// The one Fault in device memory. It is never released: the runtime may end before statics do.
inline Fault* device_fault() {
    static Fault* const fault = [] {
        void* memory = nullptr;
        check("device_fault", cudaMalloc(&memory, sizeof(Fault)));
        check("device_fault", cudaMemset(memory, 0, sizeof(Fault)));
        return static_cast<Fault*>(memory);
    }();
    return fault;
}

// Called in kernels. The first to come writes; the others keep quiet.
__device__ inline void report(Fault* fault, FaultKind kind, int row, int value, int limit) {
    if (atomicCAS(&fault->kind, int(FaultKind::none), int(kind)) != int(FaultKind::none)) return;
    fault->row = row;
    fault->value = value;
    fault->limit = limit;
}

inline std::string text_of(const Fault& fault) {
    const std::string row = std::to_string(fault.row);
    const std::string value = std::to_string(fault.value);
    const std::string limit = std::to_string(fault.limit);
    switch (FaultKind(fault.kind)) {
        case FaultKind::none:
            break;
        case FaultKind::token_id:
            return "embed: ids[" + row + "] is " + value + ", expected 0 <= id < " + limit +
                   " (vocab_size)";
        case FaultKind::short_cache:
            return "attend: keys.rows is " + limit + ", expected at least " + value +
                   " (visible positions)";
        case FaultKind::router_nan:
            return "route: logits[" + row + ", " + value + "] is NaN, expected a number";
        case FaultKind::no_logit:
            return "sample: every logit is NaN or -inf, expected a finite one";
        case FaultKind::infinite_logit:
            return "sample: logits[" + value + "] is inf, expected a finite one";
    }
    return "no fault";
}

// Waits for the device, throws what it found and forgets it.
inline void throw_fault() {
    Fault fault;
    check("throw_fault", cudaMemcpy(&fault, device_fault(), sizeof fault, cudaMemcpyDeviceToHost));
    if (fault.kind == int(FaultKind::none)) return;
    check("throw_fault", cudaMemset(device_fault(), 0, sizeof fault));
    throw Error(text_of(fault));
}

}  // namespace gptoss::cuda

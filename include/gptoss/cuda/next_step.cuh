// The end of a step that computes a token's logits and chooses the next one: that one and its position
// become what the next step reads, and the host is told.
//
// Where    model/decode_loop.cuh, at the end of a recorded step.
#pragma once
#include "gptoss/core/view.hpp"
#include "gptoss/cuda/check.cuh"
#include "gptoss/cuda/fault.cuh"
#include "gptoss/cuda/overlap.cuh"
#include "gptoss/cuda/sampling.cuh"

namespace gptoss::cuda {

struct Told {
    std::int32_t id = -1;
    std::int32_t fault = 0;  // a FaultKind
};

// On the device, from step to step.
struct LoopState {
    DrawCounter draws;
    Told told;
};

static __global__ void next_step_kernel(ConstIdsView next_token, IdsView tokens, IdsView positions,
                                        LoopState* state, const Fault* fault) {
    wait_for_previous_kernel();
    tokens.data[0] = next_token.data[0];
    positions.data[0] += 1;
    state->draws.draw += 1;
    state->told = {next_token.data[0], fault->kind};
}

inline void next_step(ConstIdsView next_token, IdsView tokens, IdsView positions,
                      LoopState* state) {
    next_step_kernel<<<1, 1>>>(next_token, tokens, positions, state, device_fault());
    check_launch("cuda::next_step");
}

}  // namespace gptoss::cuda

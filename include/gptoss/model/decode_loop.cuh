// The token loop of the CUDA path: a step that computes a token's logits and chooses the next one, all of
// it recorded. What it chose, its position and the number of the draw stay on the device for the step
// after it; to the host goes one number per token.
//
//     DecodeLoop loop;
//     id = loop.step(w, cache, a, id, {sampling, seed, n});
//
//     before    upload id, upload position | play | sample | download id, download fault
//     here                                   play                         | read id and fault
//
// Where    the tool, with --path cuda, when nothing watches and no mask changes logits.
// Errors   those of forward and sample.
// Pitfalls The device knows its next token only if the step before was one of these: forget() after any
//          other pass.
#pragma once
#include <memory>

#include "gptoss/cuda/next_step.cuh"
#include "gptoss/cuda/pinned.cuh"
#include "gptoss/model/decode_graph.cuh"

namespace gptoss {

struct DecodeLoop {
    DecodeGraph graph;
    Buffer state;  // a cuda::LoopState
    std::unique_ptr<cuda::Pinned<cuda::Told>> told;
    SamplingOptions options;    // of the last step
    bool goes_on = false;       // the device has what the next step needs, if it is of
    std::int32_t next_id = -1;  // this token
    int next_position = 0;      // at this position,
    Draw next_draw;             // with this draw behind it

    void forget() { goes_on = false; }

    // id is at position cache.length; draw is that of the token behind it, which is returned.
    std::int32_t step(const Weights& w, KvCache& cache, Activations& a, std::int32_t id,
                      const Draw& draw) {
        const bool is_known = goes_on && id == next_id && cache.length == next_position &&
                              draw == next_draw && graph.has_places(w, cache, a);
        if (!is_known) upload(cache, a, id, draw);
        if (draw.options != options) graph.is_recorded = false;
        options = draw.options;
        auto* const on_device = static_cast<cuda::LoopState*>(state.data());
        goes_on = false;
        graph.run(w, cache, a, [&] {
            forward<CudaDecodeOps>(w, cache, a);
            cuda::sample_counted(a.logits, draw.options, &on_device->draws, a.next_token);
            cuda::next_step(a.next_token, a.tokens, a.positions, on_device);
        });
        const cuda::Told answer = told->read(&on_device->told);
        if (answer.fault != int(cuda::FaultKind::none)) cuda::throw_fault();
        goes_on = true;
        next_id = answer.id;
        next_position = cache.length + 1;
        next_draw = {draw.options, draw.seed, draw.number + 1};
        return answer.id;
    }

    void upload(const KvCache& cache, Activations& a, std::int32_t id, const Draw& draw) {
        using Memory = CudaOps::Memory;
        if (told == nullptr) {
            state = Buffer::allocate<Memory>(sizeof(cuda::LoopState));
            told = std::make_unique<cuda::Pinned<cuda::Told>>();
        }
        const std::int32_t position = cache.length;
        const cuda::LoopState first = {{generator_key(draw.seed, "sampling"), draw.number}, {}};
        Memory::upload(a.tokens.data, &id, sizeof id);
        Memory::upload(a.positions.data, &position, sizeof position);
        Memory::upload(state.data(), &first, sizeof first);
    }
};

}  // namespace gptoss

// FastOps: the table of the tuned CPU path. It names only what is replaced.
// FastTileOps: the same, but matrices meet the tokens of a prompt in BF16, where the machine is
// faster at that.
//
// It computes in float32 from the weights as they are stored, with threads and the best kernels of
// the machine it runs on; the rest of the ops is the plain path's.
//
// Where    Transformer<FastOps>; --path fast of the tool is FastTileOps, with --exact FastOps.
// Source   the headers of fast/, compared with the plain ops in tests/ops/fast_test.cpp.
#pragma once
#include "gptoss/fast/attention.hpp"
#include "gptoss/fast/expert_linear.hpp"
#include "gptoss/fast/linear.hpp"
#include "gptoss/fast/swiglu.hpp"
#include "gptoss/fast/unembedding.hpp"
#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss {

struct FastOps : ScalarOps {
    static constexpr auto linear = &fast::linear;
    static constexpr auto attend = &fast::attend;
    static constexpr auto expert_linear = &fast::expert_linear;
    static constexpr auto swiglu = &fast::swiglu;
    static constexpr auto unembed = &fast::unembed;
};

struct FastTileOps : FastOps {
    static constexpr auto linear = &fast::tile_linear;
    static constexpr auto expert_linear = &fast::tile_expert_linear;
};

static_assert(has_same_signatures<FastOps, ScalarOps>());
static_assert(has_same_signatures<FastTileOps, ScalarOps>());

}  // namespace gptoss

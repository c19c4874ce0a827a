// ScalarOps: the table of the plain path. The forward calls Ops::rmsnorm; read it as rmsnorm.
//
// A path is such a table: it names one function per op and the memory they work in. Another path
// derives from this one and renames what it replaces. No op calls another op of the table, so
// replacing one function replaces it everywhere.
#pragma once
#include "gptoss/core/buffer.hpp"
#include "gptoss/layers/attention.hpp"
#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/embedding.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/layers/linear.hpp"
#include "gptoss/layers/residual.hpp"
#include "gptoss/layers/rmsnorm.hpp"
#include "gptoss/layers/rope.hpp"
#include "gptoss/layers/router.hpp"
#include "gptoss/layers/sampling.hpp"
#include "gptoss/layers/swiglu.hpp"
#include "gptoss/layers/unembedding.hpp"

namespace gptoss {

struct ScalarOps {
    using Memory = HostMemory;

    static constexpr auto embed = &gptoss::embed;
    static constexpr auto rmsnorm = &gptoss::rmsnorm;
    static constexpr auto linear = &gptoss::linear;
    static constexpr auto rope_table = &gptoss::rope_table;
    static constexpr auto rope = &gptoss::rope;
    static constexpr auto cache_store = &gptoss::cache_store;
    static constexpr auto attend = &gptoss::attend;
    static constexpr auto add_residual = &gptoss::add_residual;
    static constexpr auto route = &gptoss::route;
    static constexpr auto expert_linear = &gptoss::expert_linear;
    static constexpr auto swiglu = &gptoss::swiglu;
    static constexpr auto combine = &gptoss::combine;
    static constexpr auto unembed = &gptoss::unembed;
    static constexpr auto sample = &gptoss::sample;
};

}  // namespace gptoss

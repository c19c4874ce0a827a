// The ops of the mutant that the environment names: GPTOSS_MUTANT=sinks_missing, or of none.
#pragma once
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss {

// A table of ops as data.
struct OpPointers {
    decltype(ScalarOps::embed) embed;
    decltype(ScalarOps::rmsnorm) rmsnorm;
    decltype(ScalarOps::linear) linear;
    decltype(ScalarOps::rope_table) rope_table;
    decltype(ScalarOps::rope) rope;
    decltype(ScalarOps::cache_store) cache_store;
    decltype(ScalarOps::attend) attend;
    decltype(ScalarOps::add_residual) add_residual;
    decltype(ScalarOps::route) route;
    decltype(ScalarOps::expert_linear) expert_linear;
    decltype(ScalarOps::swiglu) swiglu;
    decltype(ScalarOps::combine) combine;
    decltype(ScalarOps::unembed) unembed;
};

const OpPointers& ops_of_mutant();
Weights synthetic_weights_of_mutant(const Config& config, std::uint64_t seed);

// What stands in the place of ScalarOps in the tests that are compiled with mutant.hpp.
struct MutantOps {
    using Memory = HostMemory;

    static inline const auto embed = ops_of_mutant().embed;
    static inline const auto rmsnorm = ops_of_mutant().rmsnorm;
    static inline const auto linear = ops_of_mutant().linear;
    static inline const auto rope_table = ops_of_mutant().rope_table;
    static inline const auto rope = ops_of_mutant().rope;
    static inline const auto cache_store = ops_of_mutant().cache_store;
    static inline const auto attend = ops_of_mutant().attend;
    static inline const auto add_residual = ops_of_mutant().add_residual;
    static inline const auto route = ops_of_mutant().route;
    static inline const auto expert_linear = ops_of_mutant().expert_linear;
    static inline const auto swiglu = ops_of_mutant().swiglu;
    static inline const auto combine = ops_of_mutant().combine;
    static inline const auto unembed = ops_of_mutant().unembed;
    static constexpr auto sample = &gptoss::sample;
};

}  // namespace gptoss

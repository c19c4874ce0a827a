// Bf16Ops: the table that rounds to BF16 where the official model does.
//
// A port that computes in BF16 differs from a float32 run in the third digit, and so does every bug
// that is small. Against this table it differs in single roundings: 99 of 100 values are the same.
//
// Where    Transformer<Bf16Ops>; --path bf16 of the tool.
// Source   the three headers of bf16/, compared with the official model in
//          tests/model/bf16_golden_test.cpp.
#pragma once
#include "gptoss/bf16/rounded_attention.hpp"
#include "gptoss/bf16/rounded_ops.hpp"
#include "gptoss/bf16/rounded_sums.hpp"
#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/ops/scalar.hpp"

namespace gptoss {

struct Bf16Ops : ScalarOps {
    static constexpr auto rmsnorm = &rounded::rmsnorm;
    static constexpr auto linear = &rounded::linear;
    static constexpr auto rope_table = &rounded::rope_table;
    static constexpr auto rope = &rounded::rope;
    static constexpr auto attend = &rounded::attend;
    static constexpr auto add_residual = &rounded::add_residual;
    static constexpr auto route = &rounded::route;
    static constexpr auto expert_linear = &rounded::expert_linear;
    static constexpr auto swiglu = &rounded::swiglu;
    static constexpr auto combine = &rounded::combine;
    static constexpr auto unembed = &rounded::unembed;
};

static_assert(has_same_signatures<Bf16Ops, ScalarOps>());

}  // namespace gptoss

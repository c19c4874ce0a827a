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
    static constexpr auto rmsnorm = &bf16::rmsnorm;
    static constexpr auto linear = &bf16::linear;
    static constexpr auto rope_table = &bf16::rope_table;
    static constexpr auto rope = &bf16::rope;
    static constexpr auto attend = &bf16::attend;
    static constexpr auto add_residual = &bf16::add_residual;
    static constexpr auto route = &bf16::route;
    static constexpr auto expert_linear = &bf16::expert_linear;
    static constexpr auto swiglu = &bf16::swiglu;
    static constexpr auto combine = &bf16::combine;
    static constexpr auto unembed = &bf16::unembed;
};

static_assert(has_same_signatures<Bf16Ops, ScalarOps>());

}  // namespace gptoss

// The functions of the exercises, each of which may be the student's, and the model made of them.
//
// StudentOps is the table of the plain path; an op that an attached Student serves is the student's
// (course/student.hpp). The forward pass, its sites, compare and diagnose are the repository's.
#pragma once
#include "gptoss/ops/same_signatures.hpp"
#include "gptoss/ops/scalar.hpp"
#include "student.hpp"

namespace gptoss::course {

using Embed = Remote<"embed", &gptoss::embed>;
using Rmsnorm = Remote<"rmsnorm", &gptoss::rmsnorm>;
using Linear = Remote<"linear", &gptoss::linear>;
using RopeTable = Remote<"rope_table", &gptoss::rope_table>;
using Rope = Remote<"rope", &gptoss::rope>;
using CacheStore = Remote<"cache_store", &gptoss::cache_store>;
using Attend = Remote<"attend", &gptoss::attend>;
using AddResidual = Remote<"add_residual", &gptoss::add_residual>;
using Route = Remote<"route", &gptoss::route>;
using ExpertLinear = Remote<"expert_linear", &gptoss::expert_linear>;
using Swiglu = Remote<"swiglu", &gptoss::swiglu>;
using Combine = Remote<"combine", &gptoss::combine>;
using Unembed = Remote<"unembed", &gptoss::unembed>;
using Sample = Remote<"sample", &gptoss::sample>;

struct StudentOps : ScalarOps {
    static constexpr auto embed = &Embed::call;
    static constexpr auto rmsnorm = &Rmsnorm::call;
    static constexpr auto linear = &Linear::call;
    static constexpr auto rope_table = &RopeTable::call;
    static constexpr auto rope = &Rope::call;
    static constexpr auto cache_store = &CacheStore::call;
    static constexpr auto attend = &Attend::call;
    static constexpr auto add_residual = &AddResidual::call;
    static constexpr auto route = &Route::call;
    static constexpr auto expert_linear = &ExpertLinear::call;
    static constexpr auto swiglu = &Swiglu::call;
    static constexpr auto combine = &Combine::call;
    static constexpr auto unembed = &Unembed::call;
};

static_assert(has_same_signatures<StudentOps, ScalarOps>());

}  // namespace gptoss::course

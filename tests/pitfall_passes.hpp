// The wrong forward passes of the bug lab. Where the tool is built they are compiled already, and linked:
// there are about 160 of them, a minute's work for the compiler.
#pragma once
#include <vector>

#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

#ifdef GPTOSS_HAS_PITFALL_PASSES
namespace gptoss::pitfalls {
extern template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<ScalarOps>>();
extern template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<Bf16Ops>>();
}  // namespace gptoss::pitfalls
#endif

namespace gptoss::test {

// The tables of the bug lab; without a right run to recall, they are those of their names.
using LabOps = diagnose::Recalled<ScalarOps>;
using LabOpsInBf16 = diagnose::Recalled<Bf16Ops>;

}  // namespace gptoss::test

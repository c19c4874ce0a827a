// The forward passes of the bug lab, one for each wrong table: compiled here and nowhere else.
#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<ScalarOps>>();
template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<Bf16Ops>>();

}  // namespace gptoss::pitfalls

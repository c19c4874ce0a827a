// The same in bf16.
#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<Bf16Ops>>();

}  // namespace gptoss::pitfalls

// The same in bf16.
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<Bf16Ops>();

}  // namespace gptoss::pitfalls

// The forward passes of the bug lab, one for each wrong table: compiled here and nowhere else.
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<ScalarOps>();
template std::vector<Pitfall> all_pitfalls<Bf16Ops>();

}  // namespace gptoss::pitfalls

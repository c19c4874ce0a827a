// The forward passes of the bug lab, one for each wrong table. They are compiled here and nowhere
// else of the tool, at -O1: there are about sixty of them.
#include "gptoss/ops/bf16.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<ScalarOps>();
template std::vector<Pitfall> all_pitfalls<Bf16Ops>();

}  // namespace gptoss::pitfalls

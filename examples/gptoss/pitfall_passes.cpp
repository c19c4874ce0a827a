// The forward passes of the bug lab, one for each wrong table. They are compiled here and nowhere
// else of the examples, at -O1: there are about eighty of them. The course's runner shares them.
#include "gptoss/diagnose/recalled.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::pitfalls {

template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<ScalarOps>>();

}  // namespace gptoss::pitfalls

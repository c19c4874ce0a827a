// What lesson 8's sampling sends besides numbers.
#pragma once
#include "arguments.hpp"
#include "gptoss/layers/sampling.hpp"

namespace gptoss::course {

template <>
inline constexpr bool is_plain<SamplingOptions> = true;

}  // namespace gptoss::course

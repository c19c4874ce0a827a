// Adapters of lesson 5 (a bare pointer cannot cross the wire: course/arguments.hpp).
#pragma once
#include "gptoss/layers/attention.hpp"

namespace gptoss::course {

inline void score_keys_of(ConstVectorView q_th, ConstMatrixView keys, int g, int first,
                          VectorView scores) {
    score_keys(q_th.data, keys, g, q_th.size, first, scores);
}

inline void mix_values_of(ConstVectorView weights, ConstMatrixView values, int g, int first,
                          VectorView mix_th) {
    mix_values(weights, values, g, mix_th.size, first, mix_th.data);
}

}  // namespace gptoss::course

// In what a checkpoint's rotation differs from OpenAI's models, for whoever wonders about a port.
//
//     "YaRN's bounds are rounded to 8 and 18 (OpenAI's are not; these would be 8.09 and 17.40)"
//
// Source   layers/rope.hpp; llama.cpp and vLLM round the bounds unless truncate is false.
// Errors   none.
#pragma once
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/layers/rope.hpp"

namespace gptoss::checkpoint {

inline std::string number_text(const char* format, double a, double b) {
    char text[128];
    std::snprintf(text, sizeof text, format, a, b);
    return text;
}

// One line each; none for a rotation as OpenAI's.
inline std::vector<std::string> yarn_differences(const Config& c) {
    const Config openai;
    if (c.rope_scaling_factor <= 1.0f) return {"plain RoPE, no YaRN (OpenAI's models have YaRN)"};
    std::vector<std::string> lines;
    if (c.rope_truncate) {
        const double low = yarn_bound(c, c.rope_ntk_beta);
        const double high = yarn_bound(c, c.rope_ntk_alpha);
        lines.push_back(
            "YaRN's bounds are rounded to " +
            number_text("%g and %g", std::floor(low), std::ceil(high)) +
            number_text(" (OpenAI's are not; these would be %.2f and %.2f)", low, high));
    }
    const auto compare = [&lines](const char* name, double got, double usual) {
        if (got == usual) return;
        lines.push_back(name + number_text(" is %g (OpenAI's is %g)", got, usual));
    };
    compare("YaRN's attention factor", rope_concentration(c), rope_concentration(openai));
    compare("rope_scaling_factor", c.rope_scaling_factor, openai.rope_scaling_factor);
    compare("rope_theta", c.rope_theta, openai.rope_theta);
    compare("rope_ntk_alpha", c.rope_ntk_alpha, openai.rope_ntk_alpha);
    compare("rope_ntk_beta", c.rope_ntk_beta, openai.rope_ntk_beta);
    compare("initial_context_length", c.initial_context_length, openai.initial_context_length);
    return lines;
}

}  // namespace gptoss::checkpoint

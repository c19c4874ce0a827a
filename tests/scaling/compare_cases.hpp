// Dumps that a careless comparison takes long for.
#pragma once
#include <string>
#include <vector>

#include "gptoss/compare/compare.hpp"
#include "gptoss/core/presets.hpp"

// Two layers of two channels and two experts, with a window as wide as the run.
inline gptoss::Config narrow_config(int n_tokens) {
    gptoss::Config config = gptoss::with_layers(gptoss::preset_tiny(), 2);
    config.hidden_size = 2;
    config.n_experts = 2;
    config.top_k = 1;
    config.sliding_window = n_tokens;
    return config;
}

// Every token near a tie in layer 0; in every tenth, the residual is off by one flip's worth.
inline gptoss::dump::Dump dump_of_flips(const std::string& name, int n_tokens, float flip) {
    using gptoss::Site;
    gptoss::dump::Dump dump{name};
    dump.config = narrow_config(n_tokens);
    const auto rows = [n_tokens](float value) {
        return std::vector<float>(2 * std::size_t(n_tokens), value);
    };
    dump.sites[{Site::mlp_router_logits, 0}] = {{n_tokens, 2}, rows(0), {}};
    std::vector<float> residual = rows(1);
    for (std::size_t t = 0; t < std::size_t(n_tokens); t += 10)
        residual[2 * t] += flip;
    dump.sites[{Site::mlp_residual, 0}] = {{n_tokens, 2}, residual, {}};
    dump.sites[{Site::attn_norm, 1}] = {{n_tokens, 2}, rows(1), {}};
    dump.sites[{Site::attn_out, 1}] = {{n_tokens, 2}, rows(1), {}};
    return dump;
}

inline void compare_flips(int n_tokens) {
    const gptoss::dump::Dump reference = dump_of_flips("a", n_tokens, 0);
    const gptoss::dump::Dump other = dump_of_flips("b", n_tokens, 0.5f);
    const gptoss::compare::Comparison c = gptoss::compare::compare_dumps(reference, other, {});
    const bool has_seen_flips =
        c.verdict == gptoss::compare::Verdict::pass && c.rows[1].n_left_out > 0;
    if (!has_seen_flips) throw gptoss::Error("scaling: no flips were found: " + c.reason);
}

// An embedding without channels, of any number of tokens: it has no byte in a file.
inline void compare_claims(int n_tokens) {
    gptoss::dump::Dump reference = dump_of_flips("a", 2, 0);
    reference.config->sliding_window = n_tokens;
    gptoss::dump::Dump other = dump_of_flips("b", 2, 0.5f);
    other.config->sliding_window = n_tokens;
    for (gptoss::dump::Dump* dump : {&reference, &other}) {
        dump->sites[{gptoss::Site::embedding}] = {{n_tokens, 0}, {}, {}};
    }
    gptoss::compare::compare_dumps(reference, other, {});
}

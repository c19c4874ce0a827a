// How long each op of a pass takes: the forward asks its Watch after every op, so the time between
// two questions belongs to the op in between.
#pragma once
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "path_memory.hpp"
#include "signals.hpp"

namespace gptoss::tool {

inline double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// In the order of the forward. A row may be several ops that nobody asks between.
inline constexpr const char* kTimedOps[] = {
    "embed",      "rmsnorm and rope_table", "linear q, k, v", "rope",    "attend, cache_store",
    "linear out", "add_residual",           "linear router",  "route",   "expert_linear gate_up",
    "swiglu",     "expert_linear down",     "combine",        "unembed", "sample"};
inline constexpr std::size_t kNTimedOps = std::size(kTimedOps);
inline constexpr std::size_t kSampleOp = kNTimedOps - 1;

// Embedding, unembedding and sampling come once per pass; the final norm is counted to the layers.
constexpr bool is_in_layers(std::size_t op) {
    return op != 0 && op < kNTimedOps - 2;
}

// The row of kTimedOps that ends where this site is asked for.
inline std::size_t timed_op(Site site) {
    switch (site) {
        case Site::embedding:
            return 0;
        case Site::attn_norm:
            return 1;
        case Site::attn_q:
            return 2;
        case Site::attn_k:
            return 2;
        case Site::attn_v:
            return 2;
        case Site::attn_q_rope:
            return 3;
        case Site::attn_k_rope:
            return 3;
        case Site::attn_scores:
            return 4;
        case Site::attn_weights:
            return 4;
        case Site::attn_sink_share:
            return 4;
        case Site::attn_mix:
            return 4;
        case Site::attn_out:
            return 5;
        case Site::attn_residual:
            return 6;
        case Site::mlp_norm:
            return 1;
        case Site::mlp_router_logits:
            return 7;
        case Site::mlp_expert_ids:
            return 8;
        case Site::mlp_expert_weights:
            return 8;
        case Site::mlp_gate_up:
            return 9;
        case Site::mlp_swiglu:
            return 10;
        case Site::mlp_expert_out:
            return 11;
        case Site::mlp_out:
            return 12;
        case Site::mlp_residual:
            return 6;
        case Site::final_norm:
            return 1;
        case Site::logits:
            return 13;
    }
    throw Error("bench: a site without an op");
}

struct OpClock : StopWatch {
    std::array<double, kNTimedOps> seconds = {};
    std::chrono::steady_clock::time_point last = {};
    bool is_in_pass = false;

    void begin_pass(ConstIdsView, ConstIdsView) override {
        is_in_pass = true;
        last = std::chrono::steady_clock::now();
    }
    bool wants(Site site, int layer) override {
        if (is_in_pass) add(timed_op(site));
        if (site == Site::logits) is_in_pass = false;
        return StopWatch::wants(site, layer);
    }
    // A device is waited for: its ops return before they have run.
    void add(std::size_t op) {
        if (device_in_use != nullptr) device_in_use->wait();
        seconds[op] += seconds_since(last);
        last = std::chrono::steady_clock::now();
    }
};

}  // namespace gptoss::tool

// Which forward pass --path names, and on how many threads it runs.
//
// The CPU paths share memory, cache and sampling; they differ in nothing but the forward. The CUDA
// path has its own memory and sampling (path_memory.hpp). So the subcommands are compiled once, for
// ChosenPath, and each path's forward once, in its own file.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include "forwards.hpp"
#include "gptoss/fast/kernels/bf16_unit.hpp"
#include "gptoss/model/dense_q8_0.hpp"
#include "gptoss/model/transformer.hpp"
#include "path_memory.hpp"
#include "team_path.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {

struct Path {
    std::string name;  // scalar, bf16, fast, cuda or mpi
    Forward forward = nullptr;
    int n_threads = 1;
    std::string dense = "stored";   // or q8_0
    fast::Bf16Unit bf16_unit = {};  // what prompts of the fast path run on
    bool uses_tensor_cores = false;
    Forward forward_by_ops = nullptr;  // of a device: for a clock, never as a graph
};

// The path of a subcommand, with its threads set up; main has refused every other name. auto is
// fast, but for trace scalar: a dump should have the same bits on every machine.
enum class Automatic { fast, scalar };
Path chosen_path(const Globals& globals, Automatic automatic = Automatic::fast);

// Sets --threads, or a thread for each core, for whatever shares work; says how many.
int use_threads(const Globals& globals);

// The CPUs this process may use: threads of the hardware, and cores.
int n_cpus();
int n_cores();

// A table for the templates of run/; the forward comes with the Transformer below.
struct ChosenPath : ScalarOps {
    using Memory = PathMemory;
    static constexpr auto sample = &sample_on_path;
};

// As --dense asks for, in the memory of the path: on the CPU they stay where they are.
inline Weights weights_on_path(Weights weights, const Path& path) {
    if (path.dense == "q8_0") weights = with_dense_q8_0(std::move(weights));
    if (device_in_use == nullptr) return weights;
    ProgressBar progress;
    const std::string what = "weights, to " + device_in_use->name();
    return device_in_use->copy_weights(
        weights, [&](std::size_t done, std::size_t total) { progress.show(done, total, what); });
}

}  // namespace gptoss::tool

template <>
struct gptoss::Transformer<gptoss::tool::ChosenPath> {
    Weights w;
    tool::Path path;
    KvCache cache = {};
    Activations a = {};

    Transformer(Weights weights, tool::Path chosen)
        : w(tool::weights_on_path(std::move(weights), chosen)), path(std::move(chosen)) {
        if (path.name == "mpi") tool::team_path()->meet(w);
    }

    void feed(ConstIdsView tokens, LogitRows logit_rows = LogitRows::last, Watch* watch = nullptr) {
        begin_pass<tool::PathMemory>(w.config, cache, a, tokens, logit_rows, watch);
        path.forward(w, cache, a, watch);
        cache.length += tokens.rows;
    }

    // See feed_one in run/generate.hpp.
    std::optional<std::int32_t> feed_and_sample(std::int32_t id, const Draw& draw, Watch* watch) {
        if (tool::device_in_use == nullptr || wants_anything(watch, w.config.n_layers)) {
            feed({&id, 1}, LogitRows::last, watch);
            return std::nullopt;
        }
        make_room<tool::PathMemory>(w.config, cache, a, {&id, 1}, LogitRows::last);
        const std::int32_t next = tool::device_in_use->step(w, cache, a, id, draw);
        cache.length += 1;
        return next;
    }
};

namespace gptoss::tool {
using ChosenTransformer = Transformer<ChosenPath>;
}  // namespace gptoss::tool

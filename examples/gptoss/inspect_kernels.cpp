// gptoss inspect --cpu: which kernel each op of the chosen path runs, and why.
#include "inspect_kernels.hpp"

#include <filesystem>
#include <string>

#include "gptoss/fast/kernels/amx.hpp"
#include "gptoss/fast/kernels/instruction_set.hpp"
#include "paths.hpp"
#include "terminal.hpp"

namespace gptoss::tool {
namespace {

// The ops, the header of each, and those of the paths that replace it: what ops/scalar.hpp,
// ops/bf16.hpp and ops/fast.hpp say.
struct Op {
    const char* name;
    const char* header;
    const char* rounded = nullptr;
    const char* tuned = nullptr;
    const char* tiled = nullptr;  // on tensor cores, for prompts
};
constexpr const char* kRoundedOps = "bf16/rounded_ops.hpp";
constexpr const char* kRoundedSums = "bf16/rounded_sums.hpp";
constexpr const char* kRoundedAttention = "bf16/rounded_attention.hpp";
constexpr Op kOps[] = {
    {"embed", "layers/embedding.hpp"},
    {"rmsnorm", "layers/rmsnorm.hpp", kRoundedSums},
    {"linear", "layers/linear.hpp", kRoundedSums, "fast/linear.hpp", "cuda/tile_linear.cuh"},
    {"rope_table", "layers/rope.hpp", kRoundedOps},
    {"rope", "layers/rope.hpp", kRoundedOps},
    {"cache_store", "layers/attention.hpp"},
    {"attend", "layers/attention.hpp", kRoundedAttention, "fast/attention.hpp",
     "cuda/tile_attention.cuh"},
    {"add_residual", "layers/residual.hpp", kRoundedOps},
    {"route", "layers/router.hpp", kRoundedOps},
    {"expert_linear", "layers/expert_linear.hpp", kRoundedSums, "fast/expert_linear.hpp",
     "cuda/tile_expert_linear.cuh"},
    {"swiglu", "layers/swiglu.hpp", kRoundedOps, "fast/swiglu.hpp"},
    {"combine", "layers/combine.hpp", kRoundedOps},
    {"unembed", "layers/unembedding.hpp", kRoundedSums, "fast/unembedding.hpp",
     "cuda/tile_unembedding.cuh"},
    {"sample", "layers/sampling.hpp"},
};

struct Kernel {
    std::string name;  // scalar, bf16, or an instruction set
    std::string header;
};

// layers/rope.hpp -> cuda/rope.cuh
std::string cuda_header(const std::string& header) {
    const std::string stem = std::filesystem::path(header).stem().string();
    return "cuda/" + stem + ".cuh";
}

Kernel kernel_of(const Op& op, const Path& path) {
    if (path.uses_tensor_cores && op.tiled != nullptr) return {"cuda", op.tiled};
    if (path.name == "cuda") return {"cuda", cuda_header(op.header)};
    if (path.name == "bf16" && op.rounded != nullptr) return {"bf16", op.rounded};
    if (path.name == "fast" && op.tuned != nullptr) {
        return {fast::instruction_set_name(fast::best_instruction_set()), op.tuned};
    }
    return {"scalar", op.header};
}

Table kernel_table(const Path& path) {
    Table table{"lll"};
    table.add({"op", "kernel", "file"});
    for (const Op& op : kOps) {
        const Kernel kernel = kernel_of(op, path);
        table.add({op.name, kernel.name, kernel.header});
    }
    return table;
}

// Why the fast path takes the kernels it does.
Table instruction_set_table(const Path& path) {
    Table table{"ll"};
    table.add({"instruction set", "of the fast path"});
    for (const fast::InstructionSet set : fast::kInstructionSets) {
        const bool is_best = set == fast::best_instruction_set();
        const char* verdict = "not on this machine";
        if (fast::can_run(set)) verdict = is_best ? "chosen: the last one that runs" : "runs";
        table.add({fast::instruction_set_name(set), verdict});
    }
    const std::pair<std::string, bool> units[] = {{"avx512_bf16", fast::has_bf16_dots()},
                                                  {"amx", fast::has_amx()}};
    for (const auto& [name, is_there] : units) {
        const char* verdict = "not on this machine";
        if (is_there) verdict = "runs, and is not used";
        if (name == path.bf16_unit.name)
            verdict = "chosen for 8 tokens and more; rounds them to BF16";
        table.add({name, verdict});
    }
    return table;
}

bool has_openmp() {
#ifdef _OPENMP
    return true;
#else
    return false;
#endif
}

std::string threads_text(const Path& path) {
    const std::string threads = path.n_threads == 1 ? " thread" : " threads";
    const std::string reason = has_openmp() ? "" : " (built without OpenMP)";
    return "path " + path.name + ", " + std::to_string(path.n_threads) + threads + reason + "; " +
           std::to_string(n_cores()) + " cores, " + std::to_string(n_cpus()) + " CPUs";
}

}  // namespace

void inspect_kernels(const Globals& globals, nlohmann::ordered_json& json) {
    const Path path = chosen_path(globals);
    if (!globals.json) {
        print_table("kernels: " + threads_text(path), kernel_table(path));
        print(instruction_set_table(path).text());
        return;
    }
    json["path"] = path.name;
    json["threads"] = path.n_threads;
    for (const Op& op : kOps) {
        json["kernels"][op.name] = kernel_of(op, path).name;
    }
    for (const fast::InstructionSet set : fast::kInstructionSets) {
        json["instruction_sets"][fast::instruction_set_name(set)] = fast::can_run(set);
    }
    json["bf16_unit"] = path.bf16_unit.name;
}

}  // namespace gptoss::tool

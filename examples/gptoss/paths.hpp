// Which table of ops --path names.
#pragma once
#include "gptoss/ops/bf16.hpp"
#include "gptoss/ops/scalar.hpp"
#include "tool.hpp"

namespace gptoss::tool {

// Calls run(Ops{}) with the table that --path names; main has refused every other name.
template <class Run>
auto with_path(const Globals& globals, const Run& run) {
    if (globals.path == "bf16") return run(Bf16Ops{});
    return run(ScalarOps{});
}

// "scalar" or "bf16"
inline const char* path_name(const Globals& globals) {
    return globals.path == "bf16" ? "bf16" : "scalar";
}

}  // namespace gptoss::tool

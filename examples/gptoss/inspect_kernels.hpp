// gptoss inspect --cpu.
#pragma once
#include <nlohmann/json.hpp>

#include "tool.hpp"

namespace gptoss::tool {

// Prints tables, or adds the same to json with --json.
void inspect_kernels(const Globals& globals, nlohmann::ordered_json& json);

}  // namespace gptoss::tool

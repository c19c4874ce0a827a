// Plant: dumps for the bug hunt, each with one mistake of the list in it.
#pragma once
#include <cstdint>
#include <string>

namespace gptoss::course {

// Writes FOLDER/dump_1.safetensors ... and prints which mistakes they hold, as JSON.
int plant(std::uint64_t seed, const std::string& folder);

}  // namespace gptoss::course

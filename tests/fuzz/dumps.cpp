// Targets: dumps, and JSON schemas that a model's output is held to.
#include "fuzz.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/run/json_pattern.hpp"

namespace gptoss::fuzz {

void fuzz_schema(std::string_view bytes) {
    accepts([&] { JsonPattern(format::parse_ordered_json("f", bytes)); });
}

void fuzz_dump(std::string_view bytes) {
    const MemoryFile file(bytes);
    accepts([&] { dump::read_dump(file.path(), {}); });
}

}  // namespace gptoss::fuzz

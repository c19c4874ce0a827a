// One program with all targets; the name that it is called by chooses one (run.sh makes a link for each).
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "fuzz.hpp"

namespace gptoss::fuzz {
namespace {

constexpr Target kTargets[] = {
    {"safetensors", fuzz_safetensors, 4096, true},
    {"gguf", fuzz_gguf, 4096, true},
    {"npy", fuzz_npy, 1024, true},
    {"zip", fuzz_zip, 2048, true},
    {"json", fuzz_json, 1024, true},
    {"config", fuzz_config, 2048, true},
    {"utf8", fuzz_utf8, 256, true},
    {"split", fuzz_split, 256, true},
    {"bpe", fuzz_bpe, 1024, true},
    {"tiktoken_file", fuzz_tiktoken_file, 512, true},
    {"tokenizer_json", fuzz_tokenizer_json, 8192, false},
    {"harmony", fuzz_harmony, 512, false},
    {"conversation", fuzz_conversation, 4096, false},
    {"schema", fuzz_schema, 1024, false},
    {"dump", fuzz_dump, 8192, false},
};

const Target* chosen = nullptr;

}  // namespace

const Target* find_target(std::string_view name) {
    for (const Target& target : kTargets) {
        if (name == target.name) return &target;
    }
    return nullptr;
}

MemoryFile::MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    if (descriptor_ < 0) std::abort();
    const auto written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written != ::ssize_t(bytes.size())) std::abort();
}

MemoryFile::~MemoryFile() {
    ::close(descriptor_);
}

std::string MemoryFile::path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace gptoss::fuzz

using namespace gptoss::fuzz;

// --list prints the targets: name, longest input, cheap or dear.
extern "C" int LLVMFuzzerInitialize(int* n_arguments, char*** arguments) {
    if (*n_arguments > 1 && std::strcmp((*arguments)[1], "--list") == 0) {
        for (const Target& target : kTargets) {
            std::printf("%s %d %s\n", target.name, target.longest_input,
                        target.is_cheap ? "cheap" : "dear");
        }
        std::exit(0);
    }
    const std::string_view program = (*arguments)[0];
    chosen = find_target(program.substr(program.rfind('/') + 1));
    if (chosen == nullptr) {
        std::fprintf(stderr, "%s is the name of no target\n", (*arguments)[0]);
        std::exit(1);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    chosen->run({reinterpret_cast<const char*>(bytes), size});
    return 0;
}

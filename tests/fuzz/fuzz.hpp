// What the fuzz targets share. A target takes any bytes; it must end, and be silent:
//
//   - a refusal is a gptoss::Error with a text; any other exception ends the program, and is a find
//   - a twin must agree: disagree(...) ends the program
//   - the sanitizers see the rest
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gptoss/core/check.hpp"

namespace gptoss::fuzz {

struct Target {
    const char* name;
    void (*run)(std::string_view bytes);
    int longest_input;  // bytes
    bool is_cheap;      // else a second gives thousands of inputs, not ten thousands
};

// The one called name, or nullptr.
const Target* find_target(std::string_view name);

[[noreturn]] inline void disagree(const char* what) {
    std::fprintf(stderr, "the twins disagree: %s\n", what);
    std::abort();
}

// Calls read(); false if it refused.
template <class Read>
bool accepts(const Read& read) {
    try {
        read();
        return true;
    } catch (const Error& error) {
        if (error.what()[0] == '\0') disagree("a refusal says why");
        return false;
    }
}

inline const std::uint8_t* data_of(std::string_view bytes) {
    return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

// A file in memory with these bytes, for readers that take a path.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view bytes);
    ~MemoryFile();
    MemoryFile(const MemoryFile&) = delete;

    std::string path() const;

private:
    int descriptor_;
};

// The targets, a file each: what they read is in their names.
void fuzz_safetensors(std::string_view bytes);
void fuzz_gguf(std::string_view bytes);
void fuzz_npy(std::string_view bytes);
void fuzz_zip(std::string_view bytes);
void fuzz_json(std::string_view bytes);
void fuzz_config(std::string_view bytes);
void fuzz_utf8(std::string_view bytes);
void fuzz_split(std::string_view bytes);
void fuzz_bpe(std::string_view bytes);
void fuzz_tiktoken_file(std::string_view bytes);
void fuzz_tokenizer_json(std::string_view bytes);
void fuzz_harmony(std::string_view bytes);
void fuzz_conversation(std::string_view bytes);
void fuzz_schema(std::string_view bytes);
void fuzz_dump(std::string_view bytes);

}  // namespace gptoss::fuzz

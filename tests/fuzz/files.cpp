// Targets: containers and their JSON, from bytes in memory.
#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/format/gguf.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/format/npy.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/format/zip.hpp"

namespace gptoss::fuzz {
namespace {

// What a reader accepted lies inside what it was given: every byte of it is read.
unsigned read_all(const std::uint8_t* bytes, std::uint64_t n_bytes) {
    unsigned sum = 0;
    for (std::uint64_t i = 0; i < n_bytes; ++i) {
        sum += bytes[i];
    }
    return sum;
}

template <class Tensors>
void read_tensors(const Tensors& tensors) {
    volatile unsigned sum = 0;
    for (const auto& [name, tensor] : tensors) {
        sum = sum + read_all(tensor.bytes, tensor.n_bytes);
    }
}

}  // namespace

void fuzz_safetensors(std::string_view bytes) {
    accepts(
        [&] { read_tensors(format::read_safetensors("f", data_of(bytes), bytes.size()).tensors); });
}

void fuzz_gguf(std::string_view bytes) {
    accepts([&] { read_tensors(format::read_gguf("f", data_of(bytes), bytes.size()).tensors); });
}

void fuzz_npy(std::string_view bytes) {
    accepts([&] { format::read_npy("f", data_of(bytes), bytes.size()); });
}

void fuzz_zip(std::string_view bytes) {
    accepts([&] {
        volatile unsigned sum = 0;
        for (const format::ZipMember& member :
             format::read_zip("f", data_of(bytes), bytes.size())) {
            sum = sum + read_all(member.bytes, member.n_bytes);
        }
    });
}

// The twin: nlohmann's own parser, which knows neither the rule of equal keys nor the limit of depth. What
// ours accepts, that accepts too, as the same value.
void fuzz_json(std::string_view bytes) {
    nlohmann::json ours;
    const bool accepted = accepts([&] { ours = format::parse_json("f", bytes); });
    const bool ordered = accepts([&] { format::parse_ordered_json("f", bytes); });
    if (accepted != ordered) disagree("with and without the order of keys");
    if (!accepted) return;
    const nlohmann::json twin = nlohmann::json::parse(bytes, nullptr, false);
    if (twin.is_discarded() || twin != ours) disagree("the strict parser and nlohmann's");
}

void fuzz_config(std::string_view bytes) {
    accepts([&] { format::config_from_json("f", format::parse_json("f", bytes)); });
}

}  // namespace gptoss::fuzz

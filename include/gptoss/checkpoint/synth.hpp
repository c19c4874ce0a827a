// Synthetic weights: a model of any config out of nothing but a seed.
//
// The values are those of core/generator.hpp with the rules of checkpoint/tensor_table.hpp, so a config
// and a seed name one model, on every machine and in every program that follows the rules.
//
// Where    tests and benchmarks, in memory; checkpoint/synth_checkpoint.hpp writes the same to disk.
// Errors   none; the config is valid (core/config.hpp, validate).
// Pitfalls All of it is in memory, packed: 13 GB for 20b. with_layers (core/config.hpp) cuts it.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gptoss/checkpoint/build_weights.hpp"
#include "gptoss/checkpoint/tensor_inventory.hpp"
#include "gptoss/core/bf16.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::checkpoint {

// What a tensor stores for each of the 256 bytes that the generator gives: BF16 bits, or a byte.
using StoredValues = std::array<std::uint16_t, 256>;

inline StoredValues stored_values(const ValueRule& rule, const Config& c) {
    const std::uint64_t fan_in = std::uint64_t(extent_of(rule.fan_in, c));
    const int exponent = rule.exponent - half_log2(fan_in);
    StoredValues stored{};
    for (int i = 0; i < 256; ++i) {
        const std::uint8_t byte = std::uint8_t(i);
        std::uint16_t& value = stored[byte];
        if (rule.kind == Values::uniform) value = float_to_bf16(uniform_value(byte, exponent));
        if (rule.kind == Values::norm_gain) value = float_to_bf16(norm_gain_value(byte));
        if (rule.kind == Values::codes) value = byte;
        if (rule.kind == Values::scales) value = mxfp4_scale_value(byte, fan_in);
    }
    return stored;
}

// The bytes of one tensor, in pieces of any length.
class TensorGenerator {
public:
    TensorGenerator(const TensorSpec& spec, const Config& c, std::uint64_t seed)
        : key_(generator_key(seed, spec.generator_name)),
          next_element_(spec.first_element),
          is_bf16_(spec.dtype == "BF16"),
          stored_(stored_values(spec.rows[0]->values, c)) {}

    int element_bytes() const { return is_bf16_ ? 2 : 1; }

    // The next count elements; out has room for count * element_bytes() bytes.
    void next(std::uint64_t count, std::uint8_t* out) {
        if (is_bf16_) {
            // Raw bytes go to the back half of out: writing pairs from the front never overtakes.
            const std::uint8_t* raw = out + count;
            generate_bytes(key_, next_element_, count, out + count);
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::uint16_t bits = stored_[raw[i]];
                out[2 * i] = std::uint8_t(bits & 255);
                out[2 * i + 1] = std::uint8_t(bits >> 8);
            }
        } else {
            generate_bytes(key_, next_element_, count, out);
            for (std::uint64_t i = 0; i < count; ++i)
                out[i] = std::uint8_t(stored_[out[i]]);
        }
        next_element_ += count;
    }

private:
    std::uint64_t key_;
    std::uint64_t next_element_;
    bool is_bf16_;
    StoredValues stored_;
};

inline std::vector<std::uint8_t> generate_tensor(const TensorSpec& spec, const Config& c,
                                                 std::uint64_t seed) {
    std::vector<std::uint8_t> bytes(std::size_t(byte_count(spec)));
    TensorGenerator generator(spec, c, seed);
    generator.next(element_count(spec.shape), bytes.data());
    return bytes;
}

inline Weights synthetic_weights(const Config& c, std::uint64_t seed) {
    SlotTensors tensors;
    const auto store = std::make_shared<WeightStore>();
    for (const TensorSpec& spec : tensor_inventory(c, Layout::openai)) {
        store->tensors.push_back(generate_tensor(spec, c, seed));
        tensors.add(spec, c, store->tensors.back().data());
    }
    return build_weights(c, tensors, store);
}

}  // namespace gptoss::checkpoint

#include "gptoss/checkpoint/slot_view.hpp"

#include <vector>

#include "catch.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;

TEST_CASE("slot view: matrices, vectors, and experts, which have neither", "[convert]") {
    const Weights w = synthetic_weights(preset_tiny(), 1);
    CHECK(view_of(w, Slot::k, 2).dense.bytes == w.layers[2].attn.k.bytes);
    CHECK(view_of(w, Slot::sinks, 1).vector.data == w.layers[1].attn.sinks.data);
    CHECK(view_of(w, Slot::down_bias, 0).vector.size == 8 * 64);
    CHECK(view_of(w, Slot::unembedding, -1).dense.rows == 128);
    CHECK(view_of(w, Slot::down_codes, 0).dense.bytes == nullptr);
    CHECK(view_of(w, Slot::down_codes, 0).vector.data == nullptr);
}

TEST_CASE("slot view: what is no BF16 number is rounded, and its error counted", "[convert]") {
    const std::vector<float> values{1.0f, 1.00390625f};  // halfway to 1.0078125
    std::vector<std::uint8_t> written;
    RoundingError error;
    write_as_bf16(
        values.data(), 2,
        [&](const void* bytes, std::uint64_t n_bytes) {
            const auto* first = static_cast<const std::uint8_t*>(bytes);
            written.assign(first, first + n_bytes);
        },
        error);
    CHECK(written == std::vector<std::uint8_t>{0x80, 0x3F, 0x80, 0x3F});
    CHECK(error.sum_of_squared_errors == 0.00390625 * 0.00390625);
}

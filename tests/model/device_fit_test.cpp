#include "gptoss/model/device_fit.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/model/cache_growth.hpp"

using namespace gptoss;

namespace {

constexpr std::int64_t kWeights20b = 13'775'206'656;  // as gptoss inspect --gpu has them
constexpr std::int64_t kGibibyte = std::int64_t(1) << 30;

// How far the cache gets on a device: prompts of 2,048 tokens, then one by one, as reserve grows it.
int reached_context(const Config& c, std::int64_t weight_bytes, std::int64_t all_bytes) {
    const std::int64_t activations =
        std::int64_t(activation_bytes(c, kDeviceChunk, 1)) + rounded_bytes(c, kDeviceChunk);
    const std::int64_t beside_cache = weight_bytes + activations + kDriverBytes;
    const std::int64_t row_bytes = 2 * std::int64_t(c.kv_size()) * 4;
    CacheRows rows(std::size_t(c.n_layers), 0);
    for (int length = 0; length < c.max_context_length;) {
        const int n_tokens = length == 0 ? kDeviceChunk : 1;
        std::int64_t held = 0;
        for (const int n : rows)
            held += n * row_bytes;
        const std::int64_t free = all_bytes - beside_cache - held;
        if (rows != rows_after(c, rows, length, n_tokens, Growth::least)) {
            if (free <= 0) return length;
            const CacheRows grown = grown_rows(c, rows, length, n_tokens, std::uint64_t(free));
            if (std::int64_t(bytes_to_grow(c, rows, grown)) > free) return length;
            rows = grown;
        }
        length += n_tokens;
    }
    return c.max_context_length;
}

}  // namespace

TEST_CASE("device_fit: 20b and 120b on GPUs that are sold", "[kv_cache]") {
    struct Card {
        int gibibytes, context_20b, context_120b;
    };
    // 12.83 GiB of weights, 0.63 of activations, 0.04 of them rounded (2,048 tokens, 4 experts of 2,880),
    // 0.5 for the driver; 48 KiB a token in 12 full layers. 16 GiB leave 1.99 GiB for the cache, and
    // 52 KiB a token with the copy of a layer that grows: after 102 MiB of sliding layers, 38,161 tokens.
    for (const Card& card : {Card{16, 38'161, 0}, {24, 131'072, 0}, {80, 131'072, 131'072}}) {
        const std::int64_t bytes = card.gibibytes * kGibibyte;
        INFO(card.gibibytes);
        CHECK(longest_context(preset_20b(), kWeights20b, bytes) == card.context_20b);
        CHECK(longest_context(preset_120b(), 65'340'000'000, bytes) == card.context_120b);
    }
}

TEST_CASE("device_fit: the cache grows as far as it says", "[kv_cache]") {
    for (const std::int64_t bytes : {15 * kGibibyte, 16 * kGibibyte, 17 * kGibibyte}) {
        INFO(bytes);
        const int promised = longest_context(preset_20b(), kWeights20b, bytes);
        const int reached = reached_context(preset_20b(), kWeights20b, bytes);
        CHECK(promised > 2048);
        CHECK(reached >= promised - 1);
        CHECK(reached <= promised + 1024);
    }
}

TEST_CASE("device_fit: one byte less is a token less", "[kv_cache]") {
    const Config config = preset_20b();
    const std::int64_t weights = kWeights20b;
    const std::int64_t exact = device_bytes(config, weights, 10'000).total();
    CHECK(longest_context(config, weights, exact) == 10'000);
    CHECK(longest_context(config, weights, exact - 1) == 9'999);
    CHECK(longest_context(config, weights, weights) == 0);
}

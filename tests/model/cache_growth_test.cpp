#include "gptoss/model/cache_growth.hpp"

#include <limits>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;

namespace {

constexpr std::uint64_t kPlenty = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kSliding = 0;  // even layers slide
constexpr std::size_t kFull = 1;

// 20b after prompts in passes of 2,048: 12 sliding layers and 12 full ones of so many rows.
CacheRows rows_20b(int full) {
    CacheRows rows;
    for (int layer = 0; layer < 24; ++layer) {
        rows.push_back(layer % 2 == 0 ? 127 + 2048 : full);
    }
    return rows;
}

}  // namespace

TEST_CASE("cache_growth: token 32,769 of 20b", "[kv_cache]") {
    const Config config = preset_20b();
    const CacheRows old = rows_20b(32768);
    const auto grown = [&](std::uint64_t free) { return grown_rows(config, old, 32768, 1, free); };

    // A row is 2 * 8 * 64 floats: doubling takes 12 * 32,768 of them, and the old ones of one layer.
    const std::uint64_t doubling = 13 * std::uint64_t(32768) * 4096;
    CHECK(bytes_to_grow(config, old, grown(kPlenty)) == doubling);
    CHECK(grown(2 * doubling)[kFull] == 65536);
    CHECK(grown(2 * doubling - 2)[kFull] == 33 * 1024);
    CHECK(grown(kPlenty)[kSliding] == 127 + 2048);

    const std::uint64_t frugal = (12 * std::uint64_t(1024) + 32768) * 4096;
    CHECK(bytes_to_grow(config, old, grown(frugal)) == frugal);
    CHECK(grown(frugal)[kFull] == 33 * 1024);
    CHECK(grown(frugal - 1)[kFull] == 32769);  // the last resort, which may be refused
}

TEST_CASE("cache_growth: every layer gets as much as the others", "[kv_cache]") {
    const Config config = preset_20b();
    const CacheRows grown = grown_rows(config, rows_20b(4096), 4096, 2048, 400'000'000);
    CHECK(grown == rows_20b(6 * 1024));
}

TEST_CASE("cache_growth: never past the longest context, however scarce memory is", "[kv_cache]") {
    const Config config = preset_20b();
    for (const std::uint64_t free : {kPlenty, std::uint64_t(1) << 30, std::uint64_t(0)}) {
        const int longest = config.max_context_length;
        const CacheRows old = rows_20b(longest - 5);
        CHECK(grown_rows(config, old, longest - 5, 5, free)[kFull] == longest);
    }
}

TEST_CASE("cache_growth: the first pass takes what it needs", "[kv_cache]") {
    const Config config = preset_20b();
    const CacheRows nothing(24, 0);
    CHECK(grown_rows(config, nothing, 0, 7, kPlenty) == CacheRows(24, 7));
    CHECK(grown_rows(config, nothing, 0, 7, 0) == CacheRows(24, 7));
}

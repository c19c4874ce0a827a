#include "gptoss/pitfalls/embedding_pitfalls.hpp"

#include "catch.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;

TEST_CASE("embedding pitfalls: a row of 4 ones becomes a row of twos", "[pitfalls]") {
    const std::uint8_t table[8] = {0x80, 0x3F, 0x80, 0x3F, 0x80, 0x3F, 0x80, 0x3F};
    const std::int32_t id = 0;
    float y[4];
    pitfalls::EmbeddingScaled<ScalarOps>::embed({&id, 1}, {table, 1, 4}, {y, 1, 4});
    for (const float value : y) {
        CHECK(value == 2);
    }
}

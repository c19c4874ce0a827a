#include "gptoss/contrast/learned_positions.hpp"

#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "gptoss/contrast/made_weights.hpp"

using namespace gptoss;
using contrast::add_positions;

TEST_CASE("learned_positions: the row of a token's position is added, not that of its place",
          "[learned_positions]") {
    contrast::MadeWeights made(1);
    const DenseMatrix table = made.matrix("table", 3, 2, 0);
    const std::vector<std::int32_t> positions{2, 0};
    std::vector<float> x{1, 2, 3, 4}, y(4);
    add_positions({x.data(), 2, 2}, {positions.data(), 2}, table, {y.data(), 2, 2});
    CHECK(y == std::vector<float>{1 + table.row(2)[0], 2 + table.row(2)[1], 3 + table.row(0)[0],
                                  4 + table.row(0)[1]});
}

TEST_CASE("learned_positions: the table's end is the longest text", "[learned_positions][errors]") {
    contrast::MadeWeights made(1);
    const DenseMatrix table = made.matrix("table", 3, 2, 0);
    const std::vector<std::int32_t> positions{0, 3};
    std::vector<float> x(4);
    REQUIRE_THROWS_WITH(
        add_positions({x.data(), 2, 2}, {positions.data(), 2}, table, {x.data(), 2, 2}),
        "add_positions: positions[1] is 3, expected 0 <= position < 3 (table.rows)");
    REQUIRE_THROWS_WITH(
        add_positions({x.data(), 2, 2}, {positions.data(), 1}, table, {x.data(), 2, 2}),
        "add_positions: positions.rows is 1, expected 2 (x.rows)");
}

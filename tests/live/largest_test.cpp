#include "../../examples/live/largest.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::live;

namespace {

// Two heads, five tokens, a window of 4: the rows of a head have 1, 2, 3, 4 and 4 weights.
const Extent kExtent{5, {4}};
const std::vector<float> kWeights = {0.9f, 0.5f, 0.25f, 0.2f,  0.3f, 0.4f, 0.1f,  0.0f, 0.2f, 0.6f,
                                     0.3f, 0.3f, 0.3f,  0.05f, 0.8f, 0.1f, 0.70f, 0.6f, 0.1f, 0.1f,
                                     0.4f, 0.3f, 0.1f,  0.1f,  0.0f, 0.1f, 0.2f,  0.30f};

PageArrays run_of_one_layer() {
    PageArrays run;
    run.add("block.0.attn.weights", {2, 14}, kWeights.data(), kWeights.size());
    return run;
}

template <class T>
std::vector<T> values_of(const PageArrays& run, std::size_t index) {
    std::vector<T> values(run.arrays[index].count);
    std::memcpy(values.data(), run.bytes.data() + run.arrays[index].at, sizeof(T) * values.size());
    return values;
}

}  // namespace

TEST_CASE("largest: two of each row, in order of position, and the sum of the others",
          "[largest]") {
    PageArrays run = run_of_one_layer();
    keep_largest(run, kExtent, {2, {0}});
    REQUIRE(run.arrays.size() == 3);
    CHECK(run.arrays[0].name == "block.0.attn.weights.largest");
    CHECK(run.arrays[0].shape == std::vector<int>{2, 9});
    CHECK(values_of<float>(run, 0) ==
          std::vector<float>{0.9f, 0.5f, 0.25f, 0.3f, 0.4f, 0.2f, 0.6f, 0.3f, 0.3f,  //
                             0.8f, 0.1f, 0.7f, 0.6f, 0.1f, 0.4f, 0.3f, 0.2f, 0.3f});
    // the last row of a head begins at position 1, since the window is 4
    CHECK(values_of<std::uint16_t>(run, 1) ==
          std::vector<std::uint16_t>{0, 0, 1, 1, 2, 2, 3, 1, 2,  //
                                     0, 0, 1, 0, 1, 0, 1, 3, 4});
    CHECK(values_of<float>(run, 2) == std::vector<float>{0, 0, 0.2f, 0.1f, float(0.3f + 0.05),  //
                                                         0, 0, 0.1f, 0.2f, 0.1f});
}

TEST_CASE("largest: what is kept and the sum of the others are the whole row", "[largest]") {
    LargestRows rows;
    add_largest(rows, {0.125f, 0.5f, 0.25f, 0.0625f}, 10, 3);
    CHECK(rows.weights == std::vector<float>{0.125f, 0.5f, 0.25f});
    CHECK(rows.positions == std::vector<std::uint16_t>{10, 11, 12});
    CHECK(rows.rest == std::vector<float>{0.0625f});
}

TEST_CASE("largest: 20b with 200 tokens keeps eight weights a row, in layers that are spread",
          "[largest]") {
    Extent extent{200, {}};
    std::vector<int> layers;
    for (int layer = 0; layer < 24; ++layer) {
        layers.push_back(layer);
        extent.windows.push_back(layer % 2 == 0 ? 128 : 0);
    }
    // a layer: 64 heads * ((28 + 8 * 193) weights * 4 bytes + 200 sums * 2)
    const std::size_t layer_bytes = 64 * ((28 + 8 * 193) * 4 + 400);
    const LargestChoice some = choose_largest(layers, 64, extent, 2, 9 * layer_bytes);
    CHECK(some.k == 8);
    CHECK(some.layers == std::vector<int>{0, 3, 6, 9, 12, 14, 17, 20, 23});
    CHECK(choose_largest(layers, 64, extent, 2, 24 * layer_bytes).layers == layers);
    CHECK(choose_largest(layers, 64, extent, 2, layer_bytes).layers == std::vector<int>{23});
    CHECK(choose_largest(layers, 64, extent, 2, layer_bytes - 1).layers.empty());
    CHECK(choose_largest(layers, 64, extent, 2, 60 * layer_bytes).k == 16);
}

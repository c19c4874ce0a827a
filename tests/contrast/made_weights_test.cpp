#include "gptoss/contrast/made_weights.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::contrast;

TEST_CASE("made_weights: a tensor is a function of seed and name", "[made_weights]") {
    MadeWeights made(1), again(1), other(2);
    const DenseMatrix w = made.matrix("w", 2, 3, 0);
    CHECK(w.row(1)[2] == again.matrix("w", 2, 3, 0).row(1)[2]);
    CHECK(w.row(1)[2] != made.matrix("v", 2, 3, 0).row(1)[2]);
    CHECK(w.row(1)[2] != other.matrix("w", 2, 3, 0).row(1)[2]);
    CHECK(w.row(0)[0] == uniform_value(generator_byte(generator_key(1, "w"), 0), 0));
}

TEST_CASE("made_weights: views stay where they are when more is made", "[made_weights]") {
    MadeWeights made(1);
    const ConstVectorView first = made.vector("first", 4, 0);
    const float before = first.data[3];
    for (int i = 0; i < 1000; ++i) {
        made.constant(0.0f, 4);
    }
    CHECK(first.data[3] == before);
}

TEST_CASE("made_weights: an expert's element is that of its place in (expert, out, in)",
          "[made_weights]") {
    MadeWeights made(1);
    const ExpertStack stack = made.experts("e", 2, 3, 32);
    float block[32];
    stack.decode_block(1, 2, 0, block);
    const std::uint64_t at = (1 * 3 + 2) * 32 + 5;
    CHECK(block[5] == uniform_value(generator_byte(generator_key(1, "e"), at), exponent_for(32)));
}

#include "gptoss/diagnose/rounded_inputs.hpp"

#include <vector>

#include "catch.hpp"

using namespace gptoss;
using namespace gptoss::diagnose;

TEST_CASE("rounded inputs: 8 bits in blocks of 32, by hand", "[diagnose]") {
    // The largest is 127, so the scale is 1 and the codes are integers.
    std::vector<float> row(32, 0.0f);
    row[0] = 127;
    row[1] = 2.4f;
    row[2] = -2.6f;
    row[3] = 2.5f;  // ties go to the even code
    row[4] = 3.5f;
    round_rows({row.data(), 1, 32}, Rounding::q8_0);
    CHECK(row[0] == 127);
    CHECK(row[1] == 2);
    CHECK(row[2] == -3);
    CHECK(row[3] == 2);
    CHECK(row[4] == 4);
}

TEST_CASE("rounded inputs: each block has its own scale, and what is no block stays",
          "[diagnose]") {
    std::vector<float> row(70, 0.25f);
    row[0] = 127;     // block 0: the others become 0
    row[64] = 1e-3f;  // behind the second block
    round_rows({row.data(), 1, 70}, Rounding::q8_0);
    CHECK(row[1] == 0);
    CHECK_THAT(row[33], WithinAbs(0.25, 1e-4));  // but for the scale, which is FP16
    CHECK(row[64] == 1e-3f);
}

TEST_CASE("rounded inputs: bf16 and float16", "[diagnose]") {
    std::vector<float> values = {1.0f + 1.0f / 512, 1.0f + 1.0f / 4096};
    std::vector<float> in_float16 = values;
    round_rows({values.data(), 1, 2}, Rounding::bf16);
    CHECK(values == std::vector<float>{1, 1});
    round_rows({in_float16.data(), 1, 2}, Rounding::float16);
    CHECK(in_float16 == std::vector<float>{1.0f + 1.0f / 512, 1});
    round_rows({in_float16.data(), 1, 2}, Rounding::none);
    CHECK(in_float16[0] == 1.0f + 1.0f / 512);
}

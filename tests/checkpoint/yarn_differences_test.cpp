#include "gptoss/checkpoint/yarn_differences.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using checkpoint::yarn_differences;

TEST_CASE("yarn_differences: there are none in OpenAI's models", "[yarn_differences]") {
    for (const char* name : {"tiny", "odd", "nano", "20b", "120b"})
        CHECK(yarn_differences(preset(name)).empty());
}

TEST_CASE("yarn_differences: each is a line with both values", "[yarn_differences]") {
    Config c = preset_20b();
    c.rope_truncate = true;
    c.rope_attention_factor = 1.0f;
    c.rope_theta = 10000;
    CHECK(yarn_differences(c) ==
          std::vector<std::string>{
              "YaRN's bounds are rounded to 10 and 23 (OpenAI's are not; these would be 10.47 and "
              "22.51)",
              "YaRN's attention factor is 1 (OpenAI's is 1.34657)",
              "rope_theta is 10000 (OpenAI's is 150000)"});
    c.rope_scaling_factor = 1;
    CHECK(yarn_differences(c) ==
          std::vector<std::string>{"plain RoPE, no YaRN (OpenAI's models have YaRN)"});
}

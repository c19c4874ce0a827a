#include "gptoss/compare/same_run.hpp"

#include <functional>
#include <string>

#include "catch.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::dump;

namespace {

std::string difference_after(const std::function<void(Config&)>& change) {
    Config config = preset_odd();
    change(config);
    return config_difference(config, preset_odd());
}

}  // namespace

TEST_CASE("same run: equal configs and tokens may be compared", "[same_run]") {
    Dump a{"a"}, b{"b"};
    CHECK(run_difference(a, b) == "");
    a.config = preset_odd();
    a.tokens = {1, 2};
    CHECK(run_difference(a, b) == "");  // b does not say
    b = a;
    CHECK(run_difference(a, b) == "");
}

TEST_CASE("same run: every field that changes a value is compared", "[same_run]") {
    CHECK(difference_after([](Config& c) { c.n_layers = 4; }) == "n_layers is 4, expected 5");
    CHECK(difference_after([](Config& c) { c.hidden_size = 64; }) ==
          "hidden_size is 64, expected 96");
    CHECK(difference_after([](Config& c) { c.vocab_size = 7; }) != "");
    CHECK(difference_after([](Config& c) { c.n_heads = 4; }) != "");
    CHECK(difference_after([](Config& c) { c.n_kv_heads = 3; }) != "");
    CHECK(difference_after([](Config& c) { c.head_dim = 16; }) != "");
    CHECK(difference_after([](Config& c) { c.sliding_window = 4; }) ==
          "sliding_window is 4, expected 5");
    CHECK(difference_after([](Config& c) { c.n_experts = 7; }) != "");
    CHECK(difference_after([](Config& c) { c.top_k = 2; }) != "");
    CHECK(difference_after([](Config& c) { c.intermediate_size = 32; }) != "");
    CHECK(difference_after([](Config& c) { c.swiglu_limit = 8; }) != "");
    CHECK(difference_after([](Config& c) { c.swiglu_alpha = 1; }) ==
          "swiglu_alpha is 1, expected 1.702");
    CHECK(difference_after([](Config& c) { c.rope_truncate = true; }) != "");
    CHECK(difference_after([](Config& c) { c.rope_attention_factor = 1.0f; }) != "");
    CHECK(difference_after([](Config& c) { c.attention_bias = false; }) != "");
    CHECK(difference_after([](Config& c) { c.rope_theta = 10000; }) ==
          "rope_theta is 10000, expected 150000");
    CHECK(difference_after([](Config& c) { c.rope_scaling_factor = 1; }) != "");
    CHECK(difference_after([](Config& c) { c.rope_ntk_alpha = 2; }) != "");
    CHECK(difference_after([](Config& c) { c.rope_ntk_beta = 16; }) != "");
    CHECK(difference_after([](Config& c) { c.initial_context_length = 8192; }) != "");
    CHECK(difference_after([](Config& c) { c.eps = 1e-6f; }) ==
          "eps is 9.99999997e-07, expected 9.99999975e-06");
    CHECK(difference_after([](Config& c) { c.layer_kinds[1] = AttentionKind::sliding; }) ==
          "layer_types[1] is sliding, expected full");
}

TEST_CASE("same run: fields that change no activation may differ", "[same_run]") {
    CHECK(difference_after([](Config& c) { c.eos_token_ids = {1}; }) == "");
    CHECK(difference_after([](Config& c) { c.pad_token_id = 1; }) == "");
    CHECK(difference_after([](Config& c) { c.max_context_length = 1; }) == "");
}

TEST_CASE("same run: other tokens are named", "[same_run]") {
    CHECK(tokens_difference({1, 2, 3}, {1, 2, 3}) == "");
    CHECK(tokens_difference({1, 7, 3}, {1, 2, 3}) == "token 1 is 7, expected 2");
    CHECK(tokens_difference({1, 2}, {1, 2, 3}) == "has 2 tokens, expected 3");
    Dump a{"a"}, b{"b"};
    a.tokens = {1, 2};
    b.tokens = {1, 3};
    CHECK(run_difference(a, b) == "b: other tokens: token 1 is 3, expected 2 (as in a)");
    a.config = preset_odd();
    b.config = preset_tiny();
    CHECK(run_difference(a, b) == "b: another config: n_layers is 4, expected 5 (as in a)");
}

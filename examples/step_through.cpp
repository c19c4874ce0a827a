// The program to step through: the nano model reads the first half of a sum and says how it goes on.
// A pass of 38 tokens fills the cache; in the two passes of one token that follow, full layers make
// their cache longer, and sliding ones write over its oldest row.
//
//     cmake --preset debug && cmake --build --preset debug --target step_through
//     gdb -x scripts/debug/gptoss.gdb build/debug/bin/step_through
//     (gdb) break gptoss::attention_block
//     (gdb) run
//     (gdb) step                       lands in layers/rmsnorm.hpp
//     (gdb) finish
//     (gdb) print a.attn_norm          the view as rows, with its shape
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/run/generate.hpp"

// <|start|>system<|message|>Reasoning: low<|end|><|start|>user<|message|>17 + 25<|end|>
// <|start|>assistant<|channel|>analysis<|message|>7+5=
const std::int32_t kPrompt[] = {1029, 82,   839,  1031, 720, 288,  263, 289,  25,  305,
                                384,  1030, 1029, 385,  259, 1031, 16,  22,   659, 220,
                                17,   20,   1030, 1029, 456, 421,  493, 1028, 270, 280,
                                88,   82,   276,  1031, 22,  10,   20,  28};
constexpr int kPromptSize = int(sizeof kPrompt / sizeof kPrompt[0]);

// Called where a value is not a number; `break saw_nan` stops at the first one.
void saw_nan(gptoss::Site site, int layer, int row, int col) {
    std::printf("NaN: %s, row %d, column %d\n", gptoss::site_name(site, layer).c_str(), row, col);
}

// Because it wants every site, attn_scores, attn_weights and attn_sink_share are written too.
struct EverySite : gptoss::Watch {
    bool wants(gptoss::Site, int) override { return true; }

    void show(gptoss::Site site, int layer, gptoss::ConstMatrixView values) override {
        for (int row = 0; row < values.rows; ++row) {
            for (int col = 0; col < values.cols; ++col) {
                if (std::isnan(values.row(row)[col])) return saw_nan(site, layer, row, col);
            }
        }
    }
};

int main() {
    gptoss::Transformer<> transformer(
        gptoss::checkpoint::load_weights(GPTOSS_SOURCE_DIR "/examples/nano/model"));

    gptoss::GenerateOptions options;
    options.max_tokens = 3;
    EverySite watch;
    const gptoss::GenerateResult result = gptoss::generate(
        transformer, {kPrompt, kPromptSize}, options, [](std::int32_t) { return true; }, &watch);

    for (const std::int32_t id : result.ids) {
        std::printf("next token: %d\n", id);  // "12", ",", " "
    }
}

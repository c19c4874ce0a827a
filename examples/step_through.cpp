// The program to step through: the nano model reads a fixed prompt and chooses one token. Its
// weights come from a formula, so it needs no file and starts at once.
//
//     cmake --preset debug && cmake --build --preset debug --target step_through
//     gdb -x scripts/debug/gptoss.gdb build/debug/bin/step_through
//     (gdb) break gptoss::attention_block
//     (gdb) run
//     (gdb) step                       lands in layers/rmsnorm.hpp
//     (gdb) finish
//     (gdb) print a.attn_norm          the view as rows, with its shape
#include <cstdint>
#include <cstdio>

#include "gptoss/model/transformer.hpp"
#include "gptoss/run/generate.hpp"
#include "gptoss/run/synth.hpp"

int main() {
    const std::int32_t prompt[4] = {464, 77, 300, 12};  // any ids below vocab_size
    gptoss::Transformer<> transformer(gptoss::synthetic_weights(gptoss::preset_nano(), 1));

    gptoss::GenerateOptions options;
    options.max_tokens = 1;
    const gptoss::GenerateResult result =
        gptoss::generate(transformer, {prompt, 4}, options, [](std::int32_t) { return true; });

    std::printf("next token: %d\n", result.ids[0]);
}

// A program that runs a model: a question, and a text to go on with.
// Try: gptoss::FastOps in place of ScalarOps, and a gpt-oss directory of yours in place of nano.
#include <iostream>

#include "gptoss/gptoss.hpp"

int main() {
    gptoss::Model<gptoss::ScalarOps> model(GPTOSS_SOURCE_DIR "/examples/nano/model");
    std::cout << model.ask("What is 17 + 25?") << "\n";

    const auto print = [](std::string_view text) { std::cout << text << std::flush; };
    model.generate("7+5=", {.max_tokens = 1}, print);
    std::cout << "\n";
}
// Expected output:
// 17 + 25 = 42.
// 12

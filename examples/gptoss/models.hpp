// What --model names: weights, and the tokenizer that belongs to them.
#pragma once
#include <optional>
#include <string>

#include "gptoss/model/weights.hpp"
#include "gptoss/text/tokenizer.hpp"
#include "tool.hpp"

namespace gptoss::tool {

struct Model {
    std::string dir;
    Weights weights;
    std::optional<Tokenizer> tokenizer;  // a small vocabulary may have none
};

Model open_model(const Globals& globals);

// The published o200k_harmony.
Tokenizer shipped_tokenizer();

// For tokenize: the shipped one without --model, which may also name a tokenizer's file.
Tokenizer open_tokenizer(const Globals& globals);

}  // namespace gptoss::tool

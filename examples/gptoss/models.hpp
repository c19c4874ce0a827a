// What --model names: weights, and the tokenizer that belongs to them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gptoss/model/weights.hpp"
#include "gptoss/tokenizer/tokenizer.hpp"
#include "tool.hpp"

namespace gptoss::tool {

struct OpenedModel {
    std::string dir;
    Weights weights;
    std::optional<tokenizer::Tokenizer> tokenizer;  // a small vocabulary may have none
};

// --model, or without it the trained nano that ships with the tool.
std::string model_dir(const Globals& globals);

OpenedModel open_model(const Globals& globals);

// The same without a tokenizer. With --path mpi the scales of experts are not checked here, since that
// would read those of other ranks too.
Weights open_weights(const Globals& globals);

// What ends an answer: the config's id and the control tokens of the vocabulary.
std::vector<std::int32_t> stop_ids_of(const OpenedModel& model);

// False if the model's generation_config.json says that it answers best without chance.
bool samples_by_default(const std::string& model_dir);

// The published o200k_harmony.
tokenizer::Tokenizer shipped_tokenizer();

// For tokenize: the shipped one without --model, which may also name a tokenizer's file.
tokenizer::Tokenizer open_tokenizer(const Globals& globals);

}  // namespace gptoss::tool

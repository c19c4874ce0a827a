// generation_config.json: how a checkpoint in Hugging Face's layout wants to be run.
//
//     eos_token_id   an id or a list: each ends a generation, beside those of config.json
//     do_sample      false: it answers best without chance; absent, it is true
//
// Source   Hugging Face transformers: class GenerationConfig; gpt-oss-20b as released, whose list
//          is <|return|>, <|endoftext|> and <|call|>.
// Errors   Error, naming the file, the key, what it is and what was expected. No file is no error.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/config_json.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::checkpoint {

struct GenerationConfig {
    std::vector<int> eos_token_ids;
    bool do_sample = true;
};

inline GenerationConfig read_generation_config(const std::filesystem::path& model_dir) {
    const std::filesystem::path path = model_dir / "generation_config.json";
    GenerationConfig generation;
    if (!std::filesystem::exists(path)) return generation;
    const nlohmann::json json = format::read_json_file(path);
    const format::JsonObject in{path.string(), json};
    if (!json.is_object()) throw Error(in.where + ": holds no JSON object");
    generation.eos_token_ids = format::read_ids(in, "eos_token_id");
    if (in.has_value("do_sample")) generation.do_sample = in.flag("do_sample", true);
    return generation;
}

}  // namespace gptoss::checkpoint

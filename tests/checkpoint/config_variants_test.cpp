// Every way to write a config.json, over the weights of tiny, against Hugging Face's last logits
// (tests/golden/make_configs.py; the file says null where they refuse).
#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/model/transformer.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

// Their float32 sums differ from ours by up to 4e-6; doubling any number that counts does 1.7e-5 or
// more.
constexpr double kLogitTolerance = 1e-5;

const nlohmann::json& known_configs() {
    static const nlohmann::json json =
        read_json_file(GPTOSS_SOURCE_DIR "/tests/golden/data/configs.json");
    return json;
}

nlohmann::json edited(const nlohmann::json& edit) {
    nlohmann::json config = known_configs()["base"];
    for (const auto& [key, value] : edit["set"].items())
        config[key] = value;
    for (const nlohmann::json& key : edit["absent"])
        config.erase(key.get<std::string>());
    return config;
}

// The first of the last logits; an Error if the folder is refused.
std::vector<float> logits_of(const std::filesystem::path& dir, std::size_t n_logits) {
    Transformer<> transformer(load_weights(dir));
    const auto ids = known_configs()["ids"].get<std::vector<std::int32_t>>();
    transformer.feed({ids.data(), int(ids.size())});
    return {transformer.a.logits.data, transformer.a.logits.data + n_logits};
}

bool are_close(const std::vector<float>& got, const nlohmann::json& expected) {
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (std::abs(double(got[i]) - expected[i].get<double>()) > kLogitTolerance) return false;
    }
    return true;
}

// What Hugging Face reads and this refuses: one line for each kind, with the reason.
bool may_be_refused(const std::string& name) {
    const char* const kinds[] = {
        "model_type",             // of another model
        "num_experts_per_tok 0",  // no expert
        "rms_norm_eps 0.0",       // and below: no number to divide by
        "swiglu_alpha 0.0",
        "swiglu_limit 0.0",
        "max_position_embeddings 0",
        "max_position_embeddings -1",
        "longest 8",  // too short
        "rope: theta 100",
        "rope: factor null, longest 1024",
        "rope_parameters.factor",  // below 1, or true
        "rope_parameters.beta_fast",
        "rope_parameters.beta_slow",  // true, a list, {}
        "rope_parameters.original_max_position_embeddings true",
        "rope_parameters.truncate",
        "rope: truncate",  // a text, a list, an integer
        "rope_parameters.rope_type absent",
        "rope: older, no type",  // but with YaRN's keys
        "rope: older, linear",
        "rope: older, dynamic",
        "rope: linear",
        "rope: llama3",
        "rope: longrope",
        "rope: older false",
        "rope: context 64",
        "rope: context 4",
        "rope: context 2^22",  // bounds out of range
        "rope: context 4096.5",
        "rope: betas 4 and 4",
        "rope: betas exchanged",
        "rope: attention_factor 0",
        "rope: attention_factor -1",
        "rope: attention_factor true",
        "rope: plain, part",
        "rope: part 0.04",
        "attention_bias flipped",  // with biases in the file
        "experts_per_token 2",
        "num_experts 8, num_local_experts 4",  // two that disagree
        "3 layers",                            // with the tensors of 4
        "is_causal",
        "kv_sharing_modes",
        "quantization unknown",
        "eos_token_id -1",
    };
    for (const std::string kind : kinds) {
        if (name.starts_with(kind)) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("config variants: every config gives Hugging Face's logits or is refused by name",
          "[config_json][load]") {
    const TempFolder folder;
    const Config tiny = preset_tiny();
    write_toy_checkpoint(folder, tiny, toy_tensors(tiny, Layout::hugging_face_bf16));
    const nlohmann::json& logits = known_configs()["logits"];
    int n_equal = 0, n_refused_alone = 0;
    for (const auto& [name, edit] : known_configs()["edits"].items()) {
        INFO(name);
        write_bytes(folder / "config.json", edited(edit).dump());
        const bool they_refuse = logits[name].is_null();
        const nlohmann::json& expected = logits[they_refuse ? "as saved" : name];
        std::string refusal;
        try {
            // What they refuse may be read if it means the config as saved: the key is without
            // effect, or the number only spelled in another way.
            const bool is_equal = are_close(logits_of(folder.path, expected.size()), expected);
            CHECK(is_equal);
            n_equal += is_equal;
        } catch (const Error& error) {
            refusal = error.what();
            CHECK(std::count(refusal.begin(), refusal.end(), '\n') < 10);
            CHECK((they_refuse || may_be_refused(name)));
            n_refused_alone += !they_refuse;
        }
    }
    CHECK(n_equal == 291);
    CHECK(n_refused_alone == 56);
}

TEST_CASE("config variants: biases of attention that config.json leaves out are zeros",
          "[config_json][load]") {
    const nlohmann::json& logits = known_configs()["logits"];
    const TempFolder folder;
    Config c = preset_tiny();
    c.attention_bias = false;
    write_toy_checkpoint(folder, c, toy_tensors(c, Layout::hugging_face_bf16));
    CHECK(are_close(logits_of(folder.path, 8), logits["attention_bias flipped"]));
}

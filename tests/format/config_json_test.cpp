#include "gptoss/format/config_json.hpp"

#include "catch.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "temp_folder.hpp"

using namespace gptoss;
using namespace gptoss::format;

namespace {

// The 20b files as released.
const char* const kOpenAi20b = R"({
  "num_hidden_layers": 24, "num_experts": 32, "experts_per_token": 4, "vocab_size": 201088,
  "hidden_size": 2880, "intermediate_size": 2880, "swiglu_limit": 7.0, "head_dim": 64,
  "num_attention_heads": 64, "num_key_value_heads": 8, "sliding_window": 128,
  "initial_context_length": 4096, "rope_theta": 150000, "rope_scaling_factor": 32.0,
  "rope_ntk_alpha": 1, "rope_ntk_beta": 32})";

const char* const kHuggingFace20b = R"({
  "architectures": ["GptOssForCausalLM"], "attention_bias": true, "attention_dropout": 0.0,
  "eos_token_id": 200002, "experts_per_token": 4, "head_dim": 64, "hidden_act": "silu",
  "hidden_size": 2880, "initial_context_length": 4096, "initializer_range": 0.02,
  "intermediate_size": 2880, "max_position_embeddings": 131072, "model_type": "gpt_oss",
  "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "full_attention",
                  "sliding_attention", "full_attention", "sliding_attention", "full_attention",
                  "sliding_attention", "full_attention", "sliding_attention", "full_attention",
                  "sliding_attention", "full_attention", "sliding_attention", "full_attention",
                  "sliding_attention", "full_attention", "sliding_attention", "full_attention",
                  "sliding_attention", "full_attention", "sliding_attention", "full_attention"],
  "num_attention_heads": 64, "num_experts_per_tok": 4, "num_hidden_layers": 24,
  "num_key_value_heads": 8, "num_local_experts": 32, "output_router_logits": false,
  "pad_token_id": 199999, "rms_norm_eps": 1e-05,
  "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0,
                   "original_max_position_embeddings": 4096, "rope_type": "yarn",
                   "truncate": false},
  "rope_theta": 150000, "router_aux_loss_coef": 0.9, "sliding_window": 128, "swiglu_limit": 7.0,
  "tie_word_embeddings": false, "transformers_version": "4.55.0.dev0", "use_cache": true,
  "vocab_size": 201088})";

nlohmann::json openai() {
    return nlohmann::json::parse(kOpenAi20b);
}
nlohmann::json hugging_face() {
    return nlohmann::json::parse(kHuggingFace20b);
}
Config read(const nlohmann::json& json) {
    return config_from_json("c.json", json);
}

// A file with one key changed, or taken out where the value is null.
nlohmann::json with(nlohmann::json json, const char* key, nlohmann::json value) {
    json[key] = std::move(value);
    return json;
}
nlohmann::json without(nlohmann::json json, const char* key) {
    json.erase(key);
    return json;
}

}  // namespace

TEST_CASE("config_json: both released files of 20b are the preset", "[config_json]") {
    CHECK(read(openai()) == preset_20b());
    CHECK(read(hugging_face()) == preset_20b());
}

TEST_CASE("config_json: an integer where a float is meant, and the other way to write it",
          "[config_json]") {
    CHECK(read(with(openai(), "swiglu_limit", 7)).swiglu_limit == 7.0f);
    CHECK(
        read(nlohmann::json::parse(
            std::string(kOpenAi20b).replace(std::string(kOpenAi20b).find("150000"), 6, "1.5e5"))) ==
        preset_20b());
}

TEST_CASE("config_json: a file without swiglu_limit means 7", "[config_json]") {
    CHECK(read(without(openai(), "swiglu_limit")) == preset_20b());
    CHECK(read(without(hugging_face(), "swiglu_limit")) == preset_20b());
}

TEST_CASE("config_json: newer files keep the whole rotation in rope_parameters", "[config_json]") {
    nlohmann::json newer = without(without(hugging_face(), "rope_theta"), "rope_scaling");
    newer["rope_parameters"] = hugging_face()["rope_scaling"];
    newer["rope_parameters"]["rope_theta"] = 150000.0;
    CHECK(read(newer) == preset_20b());

    newer["rope_parameters"]["factor"] = 16;
    CHECK(read(newer).rope_scaling_factor == 16.0f);
}

TEST_CASE("config_json: without a rotation it is that of OpenAI's models", "[config_json]") {
    // So does transformers 5.24, whether rope_scaling is null or absent.
    CHECK(read(with(hugging_face(), "rope_scaling", nullptr)) == preset_20b());
    CHECK(read(without(hugging_face(), "rope_scaling")) == preset_20b());
    CHECK(read(without(without(hugging_face(), "rope_scaling"), "rope_theta")) == preset_20b());
}

TEST_CASE("config_json: plain RoPE is rope_type default, or an object without a type",
          "[config_json]") {
    for (const auto& rope : {nlohmann::json{{"rope_type", "default"}}, nlohmann::json::object()}) {
        nlohmann::json json = without(hugging_face(), "rope_scaling");
        json["rope_parameters"] = rope;
        CHECK(read(json).rope_scaling_factor == 1.0f);
        CHECK(read(json).initial_context_length == 131072);
    }
}

TEST_CASE("config_json: the attention factor is worked by hand", "[config_json]") {
    const auto factor_of = [](nlohmann::json keys) {
        nlohmann::json json = hugging_face();
        json["rope_scaling"].update(keys);
        return read(json).rope_attention_factor;
    };
    CHECK(factor_of(nlohmann::json::object()) == std::nullopt);
    CHECK(factor_of({{"attention_factor", 1.5}, {"mscale", 1.0}, {"mscale_all_dim", 2.0}}) == 1.5f);
    CHECK(factor_of({{"mscale", 1.0}, {"mscale_all_dim", 1.0}}) == 1.0f);
    // ln 32 = 3.465736: (0.2 * 3.465736 + 1) / (0.1 * 3.465736 + 1) = 1.6931472 / 1.3465736
    CHECK_THAT(*factor_of({{"mscale", 2}, {"mscale_all_dim", 1}}), WithinAbs(1.2573744, 1e-6));
    CHECK(factor_of({{"mscale", 1.0}}) == std::nullopt);
}

TEST_CASE("config_json: truncate absent means that YaRN's bounds are rounded", "[config_json]") {
    nlohmann::json json = hugging_face();
    json["rope_scaling"].erase("truncate");
    CHECK(read(json).rope_truncate);
    json["rope_scaling"]["truncate"] = true;
    CHECK(read(json).rope_truncate);
    json["rope_scaling"]["truncate"] = nullptr;
    CHECK_FALSE(read(json).rope_truncate);
}

TEST_CASE("config_json: what a file lacks is noted with the value that was taken",
          "[config_json]") {
    nlohmann::json json = hugging_face();
    for (const char* key : {"head_dim", "rms_norm_eps", "max_position_embeddings", "sliding_window",
                            "num_experts_per_tok"})
        json.erase(key);
    ConfigNotes notes;
    CHECK(config_from_json("c.json", json, &notes) == preset_20b());
    CHECK(notes.defaults ==
          std::map<std::string, std::string>{{"head_dim", "64"},
                                             {"max_position_embeddings", "131072"},
                                             {"num_experts_per_tok", "4"},
                                             {"rms_norm_eps", "1e-05"},
                                             {"sliding_window", "128"}});
    CHECK(notes.remarks.empty());
}

TEST_CASE("config_json: a key that nobody knows is noted, two rotations that differ too",
          "[config_json]") {
    nlohmann::json json = with(hugging_face(), "flux_capacitor", 1);
    json["rope_parameters"] = {{"rope_type", "default"}};
    ConfigNotes notes;
    CHECK(config_from_json("c.json", json, &notes) == preset_20b());
    CHECK(notes.remarks == std::vector<std::string>{
                               "\"flux_capacitor\" is not a key of gpt-oss and has no effect",
                               "rope_scaling and rope_parameters differ: rope_scaling is taken"});
}

TEST_CASE("config_json: a key that nobody knows is noted in OpenAI's layout and in a rotation too",
          "[config_json]") {
    ConfigNotes notes;
    CHECK(config_from_json("c.json", openai(), &notes) == preset_20b());
    CHECK(notes.remarks.empty());
    config_from_json("c.json", with(openai(), "rms_eps", 1), &notes);
    nlohmann::json json = hugging_face();
    json["rope_scaling"]["short_factor"] = {1.0};
    config_from_json("c.json", json, &notes);
    CHECK(notes.remarks ==
          std::vector<std::string>{"\"rms_eps\" is not a key of gpt-oss and has no effect",
                                   "\"short_factor\" is not a key of gpt-oss and has no effect"});
}

TEST_CASE("config_json: the ids that end a text are one, several or none", "[config_json]") {
    CHECK(read(with(hugging_face(), "eos_token_id", {200002, 200012})).eos_token_ids ==
          std::vector<int>{200002, 200012});
    CHECK(read(with(hugging_face(), "eos_token_id", nullptr)).eos_token_ids.empty());
    CHECK(read(without(hugging_face(), "eos_token_id")).eos_token_ids.empty());
    CHECK(read(with(hugging_face(), "pad_token_id", -1)).pad_token_id == -1);
    CHECK_THROWS_WITH(
        read(with(hugging_face(), "eos_token_id", {1, "x"})),
        "c.json: eos_token_id is [1,\"x\"], expected an integer from 0 to 2147483647");
}

TEST_CASE("config_json: both names of a count", "[config_json]") {
    nlohmann::json json = with(without(hugging_face(), "num_local_experts"), "num_experts", 32);
    CHECK(read(json) == preset_20b());
    json["num_local_experts"] = 16;
    CHECK_THROWS_WITH(read(json), "c.json: num_experts is 32, expected num_local_experts, 16");
    CHECK_THROWS_WITH(read(with(hugging_face(), "experts_per_token", 2)),
                      "c.json: experts_per_token is 2, expected num_experts_per_tok, 4, which is "
                      "the key that Hugging Face reads");
}

TEST_CASE("config_json: what transformers would compute otherwise is refused",
          "[config_json][errors]") {
    CHECK_THROWS_WITH(read(with(hugging_face(), "is_causal", false)),
                      "c.json: is_causal is false, expected true: no token looks at later ones");
    CHECK_THROWS_WITH(read(with(hugging_face(), "per_layer_config", {{"0", {{"eps", 1}}}})),
                      "c.json: per_layer_config is {\"0\":{\"eps\":1}}, expected none: all layers "
                      "have one config");
    CHECK_THROWS_WITH(
        read(with(hugging_face(), "quantization_config", {{"quant_method", "fp8"}})),
        "c.json: quantization_config: quant_method is \"fp8\", expected \"mxfp4\", or "
        "no quantization_config");
    CHECK_THROWS_WITH(read(with(hugging_face(), "partial_rotary_factor", 0.5)),
                      "c.json: partial_rotary_factor is 0.5, expected 1: all channels are rotated");
    nlohmann::json untyped = hugging_face();
    untyped["rope_scaling"].erase("rope_type");
    CHECK_THROWS_WITH(read(untyped),
                      "c.json: rope_scaling: has no rope_type, but a factor; expected \"yarn\"");
}

TEST_CASE("config_json: layer_types is taken as it is written", "[config_json]") {
    nlohmann::json json = hugging_face();
    json["layer_types"][0] = "full_attention";
    CHECK_FALSE(read(json).slides(0));
    CHECK(read(without(hugging_face(), "layer_types")) == preset_20b());
}

TEST_CASE("config_json: what is written is read back, in both layouts", "[config_json]") {
    for (const char* name : {"tiny", "odd", "nano", "20b", "120b"}) {
        INFO(name);
        const Config c = preset(name);
        CHECK(read(nlohmann::json::parse(hugging_face_config_text(c))) == c);

        Config from_openai = read(nlohmann::json::parse(openai_config_text(c)));
        CHECK(from_openai.eos_token_ids[0] < c.vocab_size);
        from_openai.pad_token_id = c.pad_token_id;  // the two that this layout does not hold
        from_openai.eos_token_ids = c.eos_token_ids;
        CHECK(from_openai == c);
    }
    Config other = preset_tiny();
    other.swiglu_alpha = 1.5;
    other.rope_truncate = true;
    other.rope_attention_factor = 1.25f;
    other.attention_bias = false;
    other.eos_token_ids = {1, 2};
    other.pad_token_id = -1;
    CHECK(read(nlohmann::json::parse(hugging_face_config_text(other))) == other);
    CHECK_THAT(hugging_face_config_text(preset_20b()),
               ContainsSubstring("\"rms_norm_eps\": 1e-05,"));
    CHECK(nlohmann::json::parse(openai_config_text(preset_20b())) == openai());
}

TEST_CASE("config_json: a file on disk", "[config_json]") {
    const TempFolder folder;
    write_bytes(folder / "config.json", kOpenAi20b);
    CHECK(read_config(folder / "config.json") == preset_20b());
}

TEST_CASE("config_json: OpenAI's layout refuses what it cannot say", "[config_json][errors]") {
    Config c = preset_tiny();
    c.eps = 1e-6f;
    CHECK_THROWS_WITH(openai_config_text(c), "config: OpenAI's layout cannot say an eps");
    c = preset_tiny();
    c.swiglu_alpha = 1;
    CHECK_THROWS_WITH(openai_config_text(c), "config: OpenAI's layout cannot say a swiglu_alpha");
    c = preset_tiny();
    c.rope_truncate = true;
    CHECK_THROWS_WITH(openai_config_text(c),
                      "config: OpenAI's layout cannot say rope_truncate or an attention_factor");
    c = preset_tiny();
    c.attention_bias = false;
    CHECK_THROWS_WITH(openai_config_text(c),
                      "config: OpenAI's layout cannot leave out attention_bias");
    c = preset_tiny();
    c.layer_kinds[0] = AttentionKind::full;
    CHECK_THROWS_WITH(openai_config_text(c),
                      "config: OpenAI's layout cannot say a layer order other than alternating");
}

TEST_CASE("config_json: a file that is not a JSON object is named", "[config_json][errors]") {
    const TempFolder folder;
    const std::string path = (folder / "config.json").string();
    CHECK_THROWS_WITH(read_config(path), path + ": cannot be opened");
    CHECK_THROWS_WITH(read_config(folder.path), folder.path.string() + ": cannot be opened");
    write_bytes(path, "");
    CHECK_THROWS_WITH(read_config(path), path + ": not valid JSON (at byte 1)");
    write_bytes(path, "num_experts: 32\nvocab: 5");
    CHECK_THROWS_WITH(read_config(path), path + ": not valid JSON (at byte 3)");
    write_bytes(path, "[1]");
    CHECK_THROWS_WITH(read_config(path), path + ": holds a JSON array, expected an object");
    write_bytes(path, R"({"num_experts": 1, "num_experts": 2})");
    CHECK_THROWS_WITH(read_config(path), path + ": key \"num_experts\" occurs twice");
    write_bytes(path, R"({"num_experts": 1e999})");
    CHECK_THROWS_WITH(read_config(path), path + ": not valid JSON (a number out of range)");
}

TEST_CASE("config_json: a missing or wrong key is named, with what was expected",
          "[config_json][errors]") {
    CHECK_THROWS_WITH(read(nlohmann::json::object()), "c.json: has no num_hidden_layers");
    CHECK_THROWS_WITH(read(without(openai(), "num_experts")), "c.json: has no num_experts");
    CHECK_THROWS_WITH(read(with(openai(), "hidden_size", "2880")),
                      "c.json: hidden_size is \"2880\", expected an integer from 0 to 2147483647");
    CHECK_THROWS_WITH(read(with(openai(), "hidden_size", -1)),
                      "c.json: hidden_size is -1, expected an integer from 0 to 2147483647");
    CHECK_THROWS_WITH(read(with(openai(), "hidden_size", 9223372036854775808u)),
                      "c.json: hidden_size is 9223372036854775808, expected an integer from 0 to "
                      "2147483647");
    CHECK_THROWS_WITH(read(with(openai(), "rope_theta", true)),
                      "c.json: rope_theta is true, expected a number");
    CHECK_THROWS_WITH(read(with(openai(), "rope_theta", 1e300)),
                      "c.json: rope_theta is 1e+300, expected a number that fits a float");
    CHECK_THROWS_WITH(read(with(hugging_face(), "model_type", "llama")),
                      "c.json: model_type is \"llama\", expected \"gpt_oss\"");
    CHECK_THROWS_WITH(read(with(hugging_face(), "rope_scaling", 1)),
                      "c.json: rope_scaling is 1, expected an object");
    CHECK_THROWS_WITH(read(with(hugging_face(), "layer_types", {"sliding"})),
                      "c.json: layer_types holds \"sliding\", expected \"sliding_attention\" or "
                      "\"full_attention\"");
    CHECK_THROWS_WITH(read(with(hugging_face(), "layer_types", {"full_attention"})),
                      "c.json: layer_types has 1 entries, expected num_hidden_layers = 24");

    nlohmann::json linear = hugging_face();
    linear["rope_scaling"]["rope_type"] = "linear";
    CHECK_THROWS_WITH(read(linear),
                      "c.json: rope_scaling: rope_type is \"linear\", expected \"yarn\" or "
                      "\"default\" (plain RoPE)");
    nlohmann::json rounded = hugging_face();
    rounded["rope_scaling"]["truncate"] = "false";
    CHECK_THROWS_WITH(read(rounded),
                      "c.json: rope_scaling: truncate is \"false\", expected true or false");
}

TEST_CASE("config_json: the rules of validate are reported with the file and its key",
          "[config_json][errors]") {
    CHECK_THROWS_WITH(read(with(openai(), "experts_per_token", 33)),
                      "c.json: experts_per_token is 33, expected at most num_experts = 32");
    CHECK_THROWS_WITH(
        read(with(without(hugging_face(), "experts_per_token"), "num_experts_per_tok", 33)),
        "c.json: num_experts_per_tok is 33, expected at most num_local_experts = 32");
    CHECK_THROWS_WITH(read(with(hugging_face(), "rms_norm_eps", 0)),
                      "c.json: rms_norm_eps is 0.000000, expected > 0");
    CHECK_THROWS_WITH(read(with(openai(), "rope_scaling_factor", -1e30)),
                      StartsWith("c.json: rope_scaling_factor is -1000000"));
    nlohmann::json unscaled = hugging_face();
    unscaled["rope_scaling"]["factor"] = 0;
    CHECK_THROWS_WITH(read(unscaled),
                      "c.json: factor is 0.000000, expected "
                      ">= 1 (1 is plain RoPE)");
    CHECK_THROWS_WITH(read(with(openai(), "num_hidden_layers", 2000)),
                      "c.json: num_hidden_layers is 2000, expected at most 1024");
    CHECK_THROWS_WITH(read(with(openai(), "num_experts", 2147483647)),
                      "c.json: num_experts is 2147483647, expected 1 to 16777216");
    CHECK_THROWS_WITH(read(with(openai(), "num_experts", 16777216)),
                      "c.json: describes more than 10^15 parameters");
}

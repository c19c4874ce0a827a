#include "gptoss/checkpoint/tensor_inventory.hpp"

#include <map>

#include "catch.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

std::map<std::string, TensorSpec> by_name(const Config& c, Layout layout) {
    std::map<std::string, TensorSpec> specs;
    for (const TensorSpec& spec : tensor_inventory(c, layout))
        specs[spec.name] = spec;
    return specs;
}

}  // namespace

TEST_CASE("tensor_inventory: one block of 20b, shape by shape", "[tensor_inventory]") {
    const auto openai = by_name(preset_20b(), Layout::openai);
    CHECK(openai.at("embedding.weight").shape == Shape{201088, 2880});
    CHECK(openai.at("block.0.attn.norm.scale").shape == Shape{2880});
    CHECK(openai.at("block.0.attn.qkv.weight").shape == Shape{5120, 2880});
    CHECK(openai.at("block.0.attn.qkv.bias").shape == Shape{5120});
    CHECK(openai.at("block.0.attn.sinks").shape == Shape{64});
    CHECK(openai.at("block.0.attn.out.weight").shape == Shape{2880, 4096});
    CHECK(openai.at("block.0.attn.out.bias").shape == Shape{2880});
    CHECK(openai.at("block.0.mlp.norm.scale").shape == Shape{2880});
    CHECK(openai.at("block.0.mlp.gate.weight").shape == Shape{32, 2880});
    CHECK(openai.at("block.0.mlp.gate.bias").shape == Shape{32});
    CHECK(openai.at("block.0.mlp.mlp1_weight.blocks").shape == Shape{32, 5760, 90, 16});
    CHECK(openai.at("block.0.mlp.mlp1_weight.scales").shape == Shape{32, 5760, 90});
    CHECK(openai.at("block.0.mlp.mlp1_bias").shape == Shape{32, 5760});
    CHECK(openai.at("block.0.mlp.mlp2_weight.blocks").shape == Shape{32, 2880, 90, 16});
    CHECK(openai.at("block.0.mlp.mlp2_weight.scales").shape == Shape{32, 2880, 90});
    CHECK(openai.at("block.23.mlp.mlp2_bias").shape == Shape{32, 2880});
    CHECK(openai.at("norm.scale").shape == Shape{2880});
    CHECK(openai.at("unembedding.weight").shape == Shape{201088, 2880});

    const auto hugging_face = by_name(preset_20b(), Layout::hugging_face);
    CHECK(hugging_face.at("model.layers.0.self_attn.q_proj.weight").shape == Shape{4096, 2880});
    CHECK(hugging_face.at("model.layers.0.self_attn.v_proj.bias").shape == Shape{512});
    CHECK(hugging_face.at("model.layers.0.mlp.experts.down_proj_blocks").dtype == "U8");
    CHECK(hugging_face.at("model.layers.0.mlp.experts.down_proj_bias").dtype == "BF16");
}

TEST_CASE("tensor_inventory: the number of tensors of the released models", "[tensor_inventory]") {
    CHECK(tensor_inventory(preset_20b(), Layout::openai).size() == 363);
    CHECK(tensor_inventory(preset_120b(), Layout::openai).size() == 543);
    CHECK(tensor_inventory(preset_20b(), Layout::hugging_face).size() == 459);
    CHECK(tensor_inventory(preset_120b(), Layout::hugging_face).size() == 687);
    CHECK(tensor_inventory(preset_20b(), Layout::hugging_face_bf16).size() == 3 + 17 * 24);
}

TEST_CASE("tensor_inventory: parameters and bytes are those of model_size", "[tensor_inventory]") {
    for (const char* name : {"tiny", "odd", "nano", "20b", "120b"}) {
        for (const Layout layout : {Layout::openai, Layout::hugging_face}) {
            INFO(name);
            const Config c = preset(name);
            std::int64_t parameters = 0;
            std::int64_t bytes = 0;
            for (const TensorSpec& spec : tensor_inventory(c, layout)) {
                const std::int64_t n_elements = std::int64_t(element_count(spec.shape));
                const bool holds_codes = spec.rows[0]->values.kind == Values::codes;
                const bool holds_scales = spec.rows[0]->values.kind == Values::scales;
                if (holds_codes) parameters += 2 * n_elements;  // two codes per byte
                if (!holds_codes && !holds_scales) parameters += n_elements;
                bytes += std::int64_t(byte_count(spec));
            }
            CHECK(parameters == model_size(c).total);
            CHECK(bytes == model_size(c).payload_bytes);
        }
    }
}

TEST_CASE("tensor_inventory: files unpacked to BF16 have transposed experts of another name",
          "[tensor_inventory]") {
    const auto bf16 = by_name(preset_odd(), Layout::hugging_face_bf16);  // 96 hidden, 64 in experts
    CHECK(bf16.at("model.layers.0.mlp.experts.gate_up_proj").shape == Shape{6, 96, 128});
    CHECK(bf16.at("model.layers.0.mlp.experts.down_proj").shape == Shape{6, 64, 96});
    CHECK_FALSE(bf16.contains("model.layers.0.mlp.experts.gate_up_proj_blocks"));
    for (const auto& [name, spec] : bf16)
        CHECK(spec.dtype == "BF16");
}

TEST_CASE("tensor_inventory: q, k and v follow each other in the generator's stream",
          "[tensor_inventory]") {
    const auto specs = by_name(preset_odd(), Layout::hugging_face);  // q 192, k and v 64 rows of 96
    const TensorSpec& q = specs.at("model.layers.1.self_attn.q_proj.weight");
    const TensorSpec& k = specs.at("model.layers.1.self_attn.k_proj.weight");
    const TensorSpec& v = specs.at("model.layers.1.self_attn.v_proj.weight");
    CHECK(q.generator_name == "block.1.attn.qkv.weight");
    CHECK(v.generator_name == "block.1.attn.qkv.weight");
    CHECK(q.first_element == 0);
    CHECK(k.first_element == 192 * 96);
    CHECK(v.first_element == (192 + 64) * 96);
    CHECK(specs.at("model.layers.1.self_attn.q_proj.bias").first_element == 0);
}

TEST_CASE("tensor_inventory: the order of the files that we write", "[tensor_inventory]") {
    const auto specs = tensor_inventory(preset_tiny(), Layout::hugging_face);
    const char* const first[] = {"model.embed_tokens.weight",
                                 "model.layers.0.input_layernorm.weight",
                                 "model.layers.0.self_attn.q_proj.weight",
                                 "model.layers.0.self_attn.k_proj.weight",
                                 "model.layers.0.self_attn.v_proj.weight",
                                 "model.layers.0.self_attn.q_proj.bias",
                                 "model.layers.0.self_attn.k_proj.bias",
                                 "model.layers.0.self_attn.v_proj.bias",
                                 "model.layers.0.self_attn.sinks",
                                 "model.layers.0.self_attn.o_proj.weight",
                                 "model.layers.0.self_attn.o_proj.bias",
                                 "model.layers.0.post_attention_layernorm.weight",
                                 "model.layers.0.mlp.router.weight",
                                 "model.layers.0.mlp.router.bias",
                                 "model.layers.0.mlp.experts.gate_up_proj_blocks",
                                 "model.layers.0.mlp.experts.gate_up_proj_scales",
                                 "model.layers.0.mlp.experts.gate_up_proj_bias",
                                 "model.layers.0.mlp.experts.down_proj_blocks",
                                 "model.layers.0.mlp.experts.down_proj_scales",
                                 "model.layers.0.mlp.experts.down_proj_bias",
                                 "model.layers.1.input_layernorm.weight"};
    for (std::size_t i = 0; i < std::size(first); ++i)
        CHECK(specs[i].name == first[i]);
    CHECK(specs[specs.size() - 2].name == "model.norm.weight");
    CHECK(specs[specs.size() - 1].name == "lm_head.weight");
}

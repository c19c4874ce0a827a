// Weights in F32 and F16, all or some of them, and a tensor for each expert: against Hugging Face's
// last logits (tests/golden/make_configs.py, STORED_AS).
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "checkpoint/toy_checkpoint.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/core/fp16.hpp"
#include "gptoss/model/transformer.hpp"
#include "gptoss/ops/fast.hpp"

using namespace gptoss;
using namespace gptoss::checkpoint;
using namespace gptoss::format;

namespace {

const nlohmann::json& known_configs() {
    static const nlohmann::json json =
        read_json_file(GPTOSS_SOURCE_DIR "/tests/golden/data/configs.json");
    return json;
}

// Times 1 + 2^-9, in another dtype: bf16 cannot say these numbers.
ToyTensor stored_as(const ToyTensor& tensor, const std::string& dtype) {
    ToyTensor stored = tensor;
    stored.dtype = dtype;
    stored.bytes.clear();
    for (std::size_t i = 0; i < tensor.bytes.size() / 2; ++i) {
        const float value = load_bf16(tensor.bytes.data(), i) * (1 + 1.0f / 512);
        const std::uint16_t half = float_to_fp16(value);
        const bool is_f32 = dtype == "F32";
        const void* from = is_f32 ? static_cast<const void*>(&value) : &half;
        const std::size_t size = is_f32 ? 4 : 2;
        stored.bytes.resize(stored.bytes.size() + size);
        std::memcpy(stored.bytes.data() + stored.bytes.size() - size, from, size);
    }
    return stored;
}

template <class Ops>
void check_logits(const std::filesystem::path& dir, const nlohmann::json& expected) {
    Transformer<Ops> transformer(load_weights(dir));
    const auto ids = known_configs()["ids"].get<std::vector<std::int32_t>>();
    transformer.feed({ids.data(), int(ids.size())});
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK_THAT(transformer.a.logits.data[i], WithinAbs(expected[i].get<double>(), 1e-5));
}

using DtypeOf = std::function<std::string(const std::string& name)>;

void check_stored(const DtypeOf& dtype_of, const char* kind) {
    const Config tiny = preset_tiny();
    std::vector<ToyTensor> tensors = toy_tensors(tiny, Layout::hugging_face_bf16);
    for (ToyTensor& tensor : tensors) {
        const std::string dtype = dtype_of(tensor.name);
        if (dtype != "BF16") tensor = stored_as(tensor, dtype);
    }
    const TempFolder folder;
    write_toy_checkpoint(folder, tiny, tensors);
    check_logits<ScalarOps>(folder.path, known_configs()["stored_as"][kind]);
    check_logits<FastOps>(folder.path, known_configs()["stored_as"][kind]);
}

// A way to store a tensor (n_experts, in, out), or (n_experts, out), as one for each expert.
struct Split {
    std::function<std::string(int e)> name;
    bool transposes = false;  // (out, in)
    int first = 0;            // of its out channels, and how far it is to the next
    int step = 1;
};

void add_pieces(std::vector<ToyTensor>& tensors, const ToyTensor& whole, const Split& split) {
    const bool is_bias = whole.shape.size() == 2;
    const int n_experts = int(whole.shape[0]), n_in = is_bias ? 1 : int(whole.shape[1]);
    const int n_out = int(whole.shape.back()), n_kept = n_out / split.step;
    for (int e = 0; e < n_experts; ++e) {
        ToyTensor piece{split.name(e), whole.dtype, {n_in, n_kept}, {}};
        if (split.transposes) piece.shape = {n_kept, n_in};
        if (is_bias) piece.shape = {n_kept};
        piece.bytes.resize(std::size_t(2 * n_in * n_kept));
        for (int i = 0; i < n_in; ++i) {
            for (int o = 0; o < n_kept; ++o) {
                const int from = (e * n_in + i) * n_out + split.first + o * split.step;
                const int to = split.transposes ? o * n_in + i : i * n_kept + o;
                std::memcpy(&piece.bytes[std::size_t(2 * to)], &whole.bytes[std::size_t(2 * from)],
                            2);
            }
        }
        tensors.push_back(piece);
    }
}

// As experts.{e}.PROJ, or in lists as experts.PROJs.{e}; modules end in .weight and .bias. Several projs
// take turns in the usual tensor.
void split_experts(std::vector<ToyTensor>& tensors, const std::string& experts,
                   const std::string& usual, const std::vector<std::string>& projs, bool is_lists,
                   bool is_modules) {
    for (const std::string& part : {std::string(), std::string("_bias")}) {
        const ToyTensor whole = tensor_named(tensors, experts + usual + part);
        erase_tensor(tensors, experts + usual + part);
        const std::string of_module = part.empty() ? ".weight" : ".bias";
        const std::string ending = is_modules ? of_module : part;
        for (std::size_t k = 0; k < projs.size(); ++k) {
            Split split;
            split.name = [&](int e) {
                const std::string number = std::to_string(e);
                return experts + (is_lists ? projs[k] + "s." + number : number + "." + projs[k]) +
                       ending;
            };
            split.transposes = is_modules && part.empty();
            split.first = int(k);
            split.step = int(projs.size());
            add_pieces(tensors, whole, split);
        }
    }
}

}  // namespace

TEST_CASE("stored dtypes: all weights in F32", "[load]") {
    check_stored([](const std::string&) { return "F32"; }, "F32");
}

TEST_CASE("stored dtypes: all weights in F16", "[load]") {
    check_stored([](const std::string&) { return "F16"; }, "F16");
}

TEST_CASE("stored dtypes: routers and sinks in F32, the rest in BF16", "[load]") {
    const auto is_wide = [](const std::string& name) {
        return name.find("router") != std::string::npos || name.find("sinks") != std::string::npos;
    };
    check_stored([&](const std::string& name) { return is_wide(name) ? "F32" : "BF16"; },
                 "F32 router and sinks");
}

TEST_CASE("stored dtypes: a tensor for each expert, under four kinds of names", "[load]") {
    const Config tiny = preset_tiny();
    for (const std::string kind : {"modules", "lists of modules", "slices", "gate and up apart"}) {
        INFO(kind);
        const bool is_modules = kind != "slices", is_lists = kind == "lists of modules";
        std::vector<std::string> gate_up = {"gate_up_proj"};
        if (kind == "gate and up apart") gate_up = {"gate_proj", "up_proj"};
        std::vector<ToyTensor> tensors = toy_tensors(tiny, Layout::hugging_face_bf16);
        for (int layer = 0; layer < tiny.n_layers; ++layer) {
            const std::string mlp = "model.layers." + std::to_string(layer) + ".mlp.";
            const std::string experts = mlp + "experts.";
            split_experts(tensors, experts, "gate_up_proj", gate_up, is_lists, is_modules);
            split_experts(tensors, experts, "down_proj", {"down_proj"}, is_lists, is_modules);
            if (!is_modules) continue;
            tensor_named(tensors, mlp + "router.weight").name = mlp + "router.linear.weight";
            tensor_named(tensors, mlp + "router.bias").name = mlp + "router.linear.bias";
        }
        const TempFolder folder;
        write_toy_checkpoint(folder, tiny, tensors);
        CHECK(hash_of(load_weights(folder.path)) == tiny_hash());
    }
}

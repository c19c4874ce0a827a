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
        CHECK_THAT(transformer.a.logits.data[i], WithinAbs(expected[i].get<double>(), 1e-4));
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

// One tensor (n_experts, in, out) as one for each expert, (out, in) where it is a module's weight.
void split_experts(std::vector<ToyTensor>& tensors, const std::string& name,
                   const std::function<std::string(int)>& name_of, bool transposes) {
    const ToyTensor whole = tensor_named(tensors, name);
    erase_tensor(tensors, name);
    const std::size_t n_experts = std::size_t(whole.shape[0]);
    const std::size_t bytes_each = whole.bytes.size() / n_experts;
    for (std::size_t e = 0; e < n_experts; ++e) {
        ToyTensor piece{name_of(int(e)), whole.dtype, whole.shape, {}};
        piece.shape.erase(piece.shape.begin());
        const std::uint8_t* from = whole.bytes.data() + e * bytes_each;
        piece.bytes.assign(from, from + bytes_each);
        if (transposes) {
            const std::size_t rows = std::size_t(piece.shape[0]),
                              cols = std::size_t(piece.shape[1]);
            for (std::size_t i = 0; i < rows; ++i) {
                for (std::size_t o = 0; o < cols; ++o)
                    std::memcpy(&piece.bytes[2 * (o * rows + i)], from + 2 * (i * cols + o), 2);
            }
            std::swap(piece.shape[0], piece.shape[1]);
        }
        tensors.push_back(piece);
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

TEST_CASE("stored dtypes: a tensor for each expert, under three names", "[load]") {
    const Config tiny = preset_tiny();
    for (const char* kind : {"modules", "lists of modules", "slices"}) {
        INFO(kind);
        const bool is_slices = kind == std::string("slices");
        const bool is_lists = kind == std::string("lists of modules");
        std::vector<ToyTensor> tensors = toy_tensors(tiny, Layout::hugging_face_bf16);
        for (int layer = 0; layer < tiny.n_layers; ++layer) {
            const std::string mlp = "model.layers." + std::to_string(layer) + ".mlp.";
            for (const std::string proj : {"gate_up_proj", "down_proj"}) {
                const auto stem_of = [&](int e) {
                    const std::string number = std::to_string(e);
                    return mlp + "experts." +
                           (is_lists ? proj + "s." + number : number + "." + proj);
                };
                const auto weight_of = [&](int e) {
                    return stem_of(e) + (is_slices ? "" : ".weight");
                };
                const auto bias_of = [&](int e) {
                    return stem_of(e) + (is_slices ? "_bias" : ".bias");
                };
                split_experts(tensors, mlp + "experts." + proj, weight_of, !is_slices);
                split_experts(tensors, mlp + "experts." + proj + "_bias", bias_of, false);
            }
            if (is_slices) continue;
            tensor_named(tensors, mlp + "router.weight").name = mlp + "router.linear.weight";
            tensor_named(tensors, mlp + "router.bias").name = mlp + "router.linear.bias";
        }
        const TempFolder folder;
        write_toy_checkpoint(folder, tiny, tensors);
        CHECK(hash_of(load_weights(folder.path)) == tiny_hash());
    }
}

// Every op alone against the vectors that docs/goldens.md offers to ports: inputs, weights and the
// output that Hugging Face computes in float64, all from one file.
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "golden.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/safetensors.hpp"
#include "gptoss/ops/scalar.hpp"

using namespace gptoss;
using namespace gptoss::compare;
using namespace gptoss::format;
using namespace gptoss::test;

namespace {

// The arrays of ops.safetensors, by name. Floats and ids are copied out: a file aligns nothing.
struct OpVectors {
    Safetensors file = open_safetensors(GPTOSS_GOLDEN_DIR "/ops.safetensors");
    std::map<std::string, std::vector<float>> floats = {};
    std::map<std::string, std::vector<std::int32_t>> integers = {};

    const TensorView& tensor(const std::string& name) const { return file.tensors.at(name); }
    int cols(const std::string& name) const { return int(tensor(name).shape.back()); }
    int rows(const std::string& name) const {
        int rows = 1;
        for (std::size_t i = 0; i + 1 < tensor(name).shape.size(); ++i) {
            rows *= int(tensor(name).shape[i]);
        }
        return rows;
    }

    ConstMatrixView matrix(const std::string& name) {
        std::vector<float>& values = floats[name];
        values.resize(std::size_t(tensor(name).n_bytes) / sizeof(float));
        std::memcpy(values.data(), tensor(name).bytes, std::size_t(tensor(name).n_bytes));
        return {values.data(), rows(name), cols(name)};
    }
    ConstVectorView vector(const std::string& name) { return {matrix(name).data, cols(name)}; }
    ConstIdsView ids(const std::string& name) {
        std::vector<std::int32_t>& values = integers[name];
        values.resize(std::size_t(tensor(name).n_bytes) / sizeof(std::int32_t));
        std::memcpy(values.data(), tensor(name).bytes, std::size_t(tensor(name).n_bytes));
        const bool is_list = tensor(name).shape.size() == 1;
        return {values.data(), is_list ? int(values.size()) : rows(name), is_list ? 1 : cols(name)};
    }
    DenseMatrix bf16(const std::string& name) const {
        return {tensor(name).bytes, rows(name), cols(name)};
    }
    ExpertStack experts(const std::string& part) const {
        const Shape& shape = tensor(part + ".blocks").shape;  // (experts, out, in / 32, 16)
        return {tensor(part + ".blocks").bytes,
                tensor(part + ".scales").bytes,
                nullptr,
                int(shape[0]),
                int(shape[1]),
                int(shape[2]) * kMxfp4BlockSize};
    }
};

OpVectors& op_vectors() {
    static OpVectors vectors;
    return vectors;
}

// Memory for an output of the shape that the file has.
struct Output {
    std::vector<float> values;
    MatrixView view;
    explicit Output(const std::string& name)
        : values(std::size_t(op_vectors().rows(name)) * std::size_t(op_vectors().cols(name))),
          view{values.data(), op_vectors().rows(name), op_vectors().cols(name)} {}
};

void check_output(const std::string& name, const Output& output, Site tolerance_of) {
    const Difference d = difference(output.view, op_vectors().matrix(name));
    INFO(name << "[" << d.row << ", " << d.col << "]: got " << d.got << ", expected "
              << d.expected);
    CHECK(d.same_shape);
    CHECK(d.same_infinities);
    CHECK(d.error <= golden_tolerance(tolerance_of).alone);
}

void check_attend(const std::string& name) {
    OpVectors& v = op_vectors();
    const ConstMatrixView q = v.matrix(name + ".q");
    std::vector<std::int32_t> positions(std::size_t(q.rows));
    for (int t = 0; t < q.rows; ++t) {
        positions[std::size_t(t)] = t;
    }
    Output mix(name + ".mix"), weights(name + ".weights"), share(name + ".sink_share");
    const AttentionRecord record{{}, weights.view, share.view};
    ScalarOps::attend(q, v.matrix(name + ".keys"), v.matrix(name + ".values"),
                      v.vector(name + ".sinks"), {positions.data(), q.rows},
                      v.ids(name + ".window").data[0], record, mix.view);
    check_output(name + ".weights", weights, Site::attn_weights);
    check_output(name + ".sink_share", share, Site::attn_sink_share);
    check_output(name + ".mix", mix, Site::attn_mix);
}

}  // namespace

TEST_CASE("op vectors: embed, rmsnorm, linear, unembed", "[golden]") {
    OpVectors& v = op_vectors();
    Output embedded("embed.y"), normed("rmsnorm.y"), projected("linear.y"),
        logits("unembed.logits");
    ScalarOps::embed(v.ids("embed.ids"), v.bf16("embed.table"), embedded.view);
    check_output("embed.y", embedded, Site::embedding);
    ScalarOps::rmsnorm(v.matrix("rmsnorm.x"), v.vector("rmsnorm.gain"), 1e-5f, normed.view);
    check_output("rmsnorm.y", normed, Site::attn_norm);
    ScalarOps::linear(v.matrix("linear.x"), v.bf16("linear.w"), v.vector("linear.bias"),
                      projected.view);
    check_output("linear.y", projected, Site::attn_k);
    ScalarOps::unembed(v.matrix("unembed.x"), v.bf16("unembed.w"), logits.view);
    check_output("unembed.logits", logits, Site::logits);
}

TEST_CASE("op vectors: rope, its table at position 4100 too", "[golden]") {
    OpVectors& v = op_vectors();
    Output table("rope.table"), rotated("rope.y");
    ScalarOps::rope_table(preset_odd(), v.ids("rope.positions"), table.view);
    // The angle at 4100 is a float32 product, and so good to 2.4e-4 radians for everyone.
    CHECK(difference(table.view, v.matrix("rope.table")).max < 4e-4);
    CHECK(difference(rows_of(table.view, 0, 8), rows_of(v.matrix("rope.table"), 0, 8)).max < 1e-6);
    ScalarOps::rope(v.matrix("rope.x"), v.matrix("rope.table"), rotated.view);
    check_output("rope.y", rotated, Site::attn_q_rope);
}

TEST_CASE("op vectors: attend, with a window and without", "[golden]") {
    check_attend("attend_sliding");
    check_attend("attend_full");
}

TEST_CASE("op vectors: route", "[golden]") {
    OpVectors& v = op_vectors();
    Output weights("route.weights");
    const ConstIdsView expected = v.ids("route.ids");
    std::vector<std::int32_t> ids(std::size_t(expected.rows * expected.cols));
    ScalarOps::route(v.matrix("route.logits"), {ids.data(), expected.rows, expected.cols},
                     weights.view);
    CHECK(ids == std::vector<std::int32_t>(expected.data, expected.data + ids.size()));
    check_output("route.weights", weights, Site::mlp_expert_weights);
}

TEST_CASE("op vectors: both expert matrices, swiglu and combine", "[golden]") {
    OpVectors& v = op_vectors();
    Output gate_up("gate_up.y"), activated("swiglu.y"), down("down.y"), out("combine.out");
    ScalarOps::expert_linear(v.matrix("gate_up.x"), XRows::per_token, v.ids("gate_up.ids"),
                             v.experts("gate_up"), v.matrix("gate_up.bias"), gate_up.view);
    check_output("gate_up.y", gate_up, Site::mlp_gate_up);
    ScalarOps::swiglu(v.matrix("swiglu.h"), 7.0f, 1.702, activated.view);
    check_output("swiglu.y", activated, Site::mlp_swiglu);
    ScalarOps::expert_linear(v.matrix("down.x"), XRows::per_rank, v.ids("down.ids"),
                             v.experts("down"), v.matrix("down.bias"), down.view);
    check_output("down.y", down, Site::mlp_expert_out);
    ScalarOps::combine(v.matrix("combine.expert_out"), v.matrix("combine.weights"), out.view);
    check_output("combine.out", out, Site::mlp_out);
}

TEST_CASE("op vectors: nothing in the file is left unread", "[golden]") {
    // 53 arrays: of each op its operands and outputs, read above.
    CHECK(op_vectors().file.tensors.size() == 53);
    CHECK(op_vectors().file.metadata.at("format") == "gptoss-ops-1");
}

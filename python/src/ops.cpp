// gptoss.ops, gptoss.fast, gptoss.bf16: the ops of a table, each with its arguments in their order and
// without the output, which it returns.
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <type_traits>

#include "bind.hpp"
#include "gptoss/layers/router_losses.hpp"
#include "gptoss/layers/softmax.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/ops/fast.hpp"
#include "gptoss/ops/scalar.hpp"
#include "header_docs.hpp"

using namespace nanobind::literals;

namespace gptoss::python {
namespace {

// The functions of a table: all tables have the same types, so the glue below is compiled once.
struct Ops {
    decltype(&gptoss::embed) embed;
    decltype(&gptoss::rmsnorm) rmsnorm;
    decltype(&gptoss::linear) linear;
    decltype(&gptoss::rope_table) rope_table;
    decltype(&gptoss::rope) rope;
    decltype(&gptoss::cache_store) cache_store;
    decltype(&gptoss::attend) attend;
    decltype(&gptoss::add_residual) add_residual;
    decltype(&gptoss::route) route;
    decltype(&gptoss::expert_linear) expert_linear;
    decltype(&gptoss::swiglu) swiglu;
    decltype(&gptoss::combine) combine;
    decltype(&gptoss::unembed) unembed;
    decltype(&gptoss::sample) sample;
};

template <class Table>
constexpr Ops ops_of() {
    return {Table::embed,   Table::rmsnorm,       Table::linear, Table::rope_table,
            Table::rope,    Table::cache_store,   Table::attend, Table::add_residual,
            Table::route,   Table::expert_linear, Table::swiglu, Table::combine,
            Table::unembed, Table::sample};
}

void require_ids_below(const char* op, ConstIdsView ids, int n_experts) {
    for (int i = 0; i < ids.rows * ids.cols; ++i) {
        if (ids.data[i] >= 0 && ids.data[i] < n_experts) continue;
        throw Error(std::string(op) + ": ids[" + std::to_string(i / ids.cols) + ", " +
                    std::to_string(i % ids.cols) + "] is " + std::to_string(ids.data[i]) +
                    ", expected 0 <= id < " + std::to_string(n_experts) + " (n_experts)");
    }
}

void require_top_k(int top_k) {
    if (top_k < 1) {
        throw Error("route: top_k is " + std::to_string(top_k) + ", expected 1 or more");
    }
}

void bind_attention_ops(nb::module_& m, Ops ops) {
    m.def(
        "rope_table",
        [ops](const Config& config, nb::object positions) {
            Operands in("rope_table");
            const ConstIdsView at = in.positions("positions", positions);
            NewMatrix table(at.rows, config.head_dim);
            WithoutGil without_gil;
            ops.rope_table(config, at, table.view());
            return table;
        },
        "config"_a, "positions"_a, header_doc("layers/rope.hpp"),
        nb::sig("def rope_table(config: Config, positions: numpy.typing.NDArray[numpy.int32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "rope",
        [ops](nb::object x, nb::object table) {
            Operands in("rope");
            const ConstMatrixView x_in = in.matrix("x", x);
            const ConstMatrixView table_in = in.matrix("table", table);
            NewMatrix y(x_in.rows, x_in.cols);
            WithoutGil without_gil;
            ops.rope(x_in, table_in, y.view());
            return y;
        },
        "x"_a, "table"_a, header_doc("layers/rope.hpp"),
        nb::sig("def rope(x: numpy.typing.NDArray[numpy.float32], table: "
                "numpy.typing.NDArray[numpy.float32]) -> numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "cache_store",
        [ops](nb::object x, nb::object positions, nb::object cache) {
            Operands in("cache_store");
            const ConstMatrixView x_in = in.matrix("x", x);
            const ConstIdsView at = in.positions("positions", positions);
            const MatrixView out = in.writable_matrix("cache", cache);
            WithoutGil without_gil;
            ops.cache_store(x_in, at, out);
        },
        "x"_a, "positions"_a, "cache"_a,
        "Writes into cache: position s is in row s % len(cache) (layers/attention.hpp).",
        nb::sig("def cache_store(x: numpy.typing.NDArray[numpy.float32], positions: "
                "numpy.typing.NDArray[numpy.int32], "
                "cache: numpy.typing.NDArray[numpy.float32]) -> None"));
    m.def(
        "attend",
        [ops](nb::object q, nb::object keys, nb::object values, nb::object sinks,
              nb::object positions, int window, bool record) -> nb::object {
            Operands in("attend");
            const ConstMatrixView q_in = in.matrix("q", q);
            const ConstMatrixView keys_in = in.matrix("keys", keys);
            const ConstMatrixView values_in = in.matrix("values", values);
            const ConstVectorView sinks_in = in.vector("sinks", sinks);
            const ConstIdsView at = in.positions("positions", positions);
            if (window < 0) {
                throw Error("attend: window is " + std::to_string(window) +
                            ", expected 1 or more, or 0 for all earlier positions");
            }
            NewMatrix mix(q_in.rows, q_in.cols);
            const int n_heads = sinks_in.size;
            const int n_positions = record ? positions_seen(at) : 0;
            const int n_rows = record ? n_heads * q_in.rows : 0;
            NewMatrix scores(n_rows, n_positions);
            NewMatrix weights(n_rows, n_positions);
            NewMatrix sink_share(record ? q_in.rows : 0, n_heads);
            AttentionRecord kept;
            if (record) kept = {scores.view(), weights.view(), sink_share.view()};
            {
                WithoutGil without_gil;
                ops.attend(q_in, keys_in, values_in, sinks_in, at, window, kept, mix.view());
            }
            if (!record) return mix.array();
            const std::vector<std::size_t> by_head = {std::size_t(n_heads), std::size_t(q_in.rows),
                                                      std::size_t(n_positions)};
            scores.shape = weights.shape = by_head;
            return nb::make_tuple(mix.array(), scores.array(), weights.array(), sink_share.array());
        },
        "q"_a, "keys"_a, "values"_a, "sinks"_a, "positions"_a, "window"_a, "record"_a = false,
        header_doc("layers/attention.hpp"),
        nb::sig(
            "def attend(q: numpy.typing.NDArray[numpy.float32], keys: "
            "numpy.typing.NDArray[numpy.float32], "
            "values: numpy.typing.NDArray[numpy.float32], sinks: "
            "numpy.typing.NDArray[numpy.float32], positions: numpy.typing.NDArray[numpy.int32], "
            "window: int, record: bool = False) -> numpy.typing.NDArray[numpy.float32] | "
            "tuple[numpy.typing.NDArray[numpy.float32], "
            "numpy.typing.NDArray[numpy.float32], numpy.typing.NDArray[numpy.float32], "
            "numpy.typing.NDArray[numpy.float32]]"));
}

XRows x_rows_named(const std::string& name) {
    if (name == "per_token") return XRows::per_token;
    if (name == "per_rank") return XRows::per_rank;
    throw Error("expert_linear: x_rows is '" + name + "', expected 'per_token' or 'per_rank'");
}

void bind_expert_ops(nb::module_& m, Ops ops) {
    m.def(
        "route",
        [ops](nb::object logits, int top_k) {
            Operands in("route");
            const ConstMatrixView logits_in = in.matrix("logits", logits);
            require_top_k(top_k);
            require_at_least("route", "logits.cols", logits_in.cols, top_k, "top_k");
            NewIds ids(logits_in.rows, top_k);
            NewMatrix weights(logits_in.rows, top_k);
            {
                WithoutGil without_gil;
                ops.route(logits_in, ids.view(), weights.view());
            }
            return nb::make_tuple(ids.array(), weights.array());
        },
        "logits"_a, "top_k"_a, header_doc("layers/router.hpp"),
        nb::sig("def route(logits: numpy.typing.NDArray[numpy.float32], top_k: int) -> "
                "tuple[numpy.typing.NDArray[numpy.int32], "
                "numpy.typing.NDArray[numpy.float32]]"));
    m.def(
        "expert_linear",
        [ops](nb::object x, const std::string& x_rows, nb::object ids,
              const SharedExperts& all_experts, nb::object bias) {
            Operands in("expert_linear");
            const XRows rows = x_rows_named(x_rows);
            const ConstMatrixView x_in = in.matrix("x", x);
            const ConstIdsView ids_in = in.ids("ids", ids);
            const ConstMatrixView bias_in = in.matrix("bias", bias);
            require_ids_below("expert_linear", ids_in, all_experts.stack.n_experts);
            NewMatrix y(ids_in.rows * ids_in.cols, all_experts.stack.rows);
            WithoutGil without_gil;
            ops.expert_linear(x_in, rows, ids_in, all_experts.stack, bias_in, y.view());
            return y;
        },
        "x"_a, "x_rows"_a, "ids"_a, "all_experts"_a, "bias"_a,
        header_doc("layers/expert_linear.hpp"),
        nb::sig("def expert_linear(x: numpy.typing.NDArray[numpy.float32], x_rows: str, ids: "
                "numpy.typing.NDArray[numpy.int32], "
                "all_experts: Experts, bias: numpy.typing.NDArray[numpy.float32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "swiglu",
        [ops](nb::object h, float limit, double alpha) {
            Operands in("swiglu");
            const ConstMatrixView h_in = in.matrix("h", h);
            NewMatrix y(h_in.rows, h_in.cols / 2);
            WithoutGil without_gil;
            ops.swiglu(h_in, limit, alpha, y.view());
            return y;
        },
        "h"_a, "limit"_a, "alpha"_a = 1.702, header_doc("layers/swiglu.hpp"),
        nb::sig("def swiglu(h: numpy.typing.NDArray[numpy.float32], limit: float, alpha: float = "
                "1.702) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "combine",
        [ops](nb::object expert_out, nb::object weights) {
            Operands in("combine");
            const ConstMatrixView out_in = in.matrix("expert_out", expert_out);
            const ConstMatrixView weights_in = in.matrix("weights", weights);
            NewMatrix out(weights_in.rows, out_in.cols);
            WithoutGil without_gil;
            ops.combine(out_in, weights_in, out.view());
            return out;
        },
        "expert_out"_a, "weights"_a, header_doc("layers/combine.hpp"),
        nb::sig("def combine(expert_out: numpy.typing.NDArray[numpy.float32], weights: "
                "numpy.typing.NDArray[numpy.float32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
}

void bind_other_ops(nb::module_& m, Ops ops) {
    m.def(
        "embed",
        [ops](nb::object ids, nb::object table) {
            Operands in("embed");
            const ConstIdsView ids_in = in.ids("ids", ids);
            const DenseMatrix table_in = in.dense("table", table);
            NewMatrix y(ids_in.rows, table_in.cols);
            WithoutGil without_gil;
            ops.embed(ids_in, table_in, y.view());
            return y;
        },
        "ids"_a, "table"_a, header_doc("layers/embedding.hpp"),
        nb::sig("def embed(ids: numpy.typing.NDArray[numpy.int32], table: numpy.ndarray) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "rmsnorm",
        [ops](nb::object x, nb::object gain, float eps) {
            Operands in("rmsnorm");
            const ConstMatrixView x_in = in.matrix("x", x);
            const ConstVectorView gain_in = in.vector("gain", gain);
            NewMatrix y(x_in.rows, x_in.cols);
            WithoutGil without_gil;
            ops.rmsnorm(x_in, gain_in, eps, y.view());
            return y;
        },
        "x"_a, "gain"_a, "eps"_a, header_doc("layers/rmsnorm.hpp"),
        nb::sig("def rmsnorm(x: numpy.typing.NDArray[numpy.float32], gain: "
                "numpy.typing.NDArray[numpy.float32], eps: float) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "linear",
        [ops](nb::object x, nb::object w, nb::object bias) {
            Operands in("linear");
            const ConstMatrixView x_in = in.matrix("x", x);
            const DenseMatrix w_in = in.dense("w", w);
            const ConstVectorView bias_in = in.vector("bias", bias);
            NewMatrix y(x_in.rows, w_in.rows);
            WithoutGil without_gil;
            ops.linear(x_in, w_in, bias_in, y.view());
            return y;
        },
        "x"_a, "w"_a, "bias"_a, header_doc("layers/linear.hpp"),
        nb::sig("def linear(x: numpy.typing.NDArray[numpy.float32], w: numpy.ndarray, bias: "
                "numpy.typing.NDArray[numpy.float32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "add_residual",
        [ops](nb::object x, nb::object y) {
            Operands in("add_residual");
            const ConstMatrixView x_in = in.matrix("x", x);
            const ConstMatrixView y_in = in.matrix("y", y);
            NewMatrix out(x_in.rows, x_in.cols);
            WithoutGil without_gil;
            ops.add_residual(x_in, y_in, out.view());
            return out;
        },
        "x"_a, "y"_a, header_doc("layers/residual.hpp"),
        nb::sig("def add_residual(x: numpy.typing.NDArray[numpy.float32], y: "
                "numpy.typing.NDArray[numpy.float32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "unembed",
        [ops](nb::object x, nb::object w) {
            Operands in("unembed");
            const ConstMatrixView x_in = in.matrix("x", x);
            const DenseMatrix w_in = in.dense("w", w);
            NewMatrix logits(x_in.rows, w_in.rows);
            WithoutGil without_gil;
            ops.unembed(x_in, w_in, logits.view());
            return logits;
        },
        "x"_a, "w"_a, header_doc("layers/unembedding.hpp"),
        nb::sig("def unembed(x: numpy.typing.NDArray[numpy.float32], w: numpy.ndarray) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "sample",
        [ops](nb::object logits, const SamplingOptions& options, double uniform) {
            Operands in("sample");
            const ConstMatrixView logits_in = in.matrix("logits", logits);
            std::int32_t id = 0;
            ops.sample(logits_in, options, uniform, {&id, 1});
            return id;
        },
        "logits"_a, "options"_a, "uniform"_a, header_doc("layers/sampling.hpp"));
}

void bind_table(nb::module_& m, const char* name, const char* doc, Ops ops) {
    nb::module_ table = m.def_submodule(name, doc);
    bind_other_ops(table, ops);
    bind_attention_ops(table, ops);
    bind_expert_ops(table, ops);
}

// --- Helpers, which are no ops -----------------------------------------------------------------

void bind_helpers(nb::module_& m) {
    m.def(
        "softmax",
        [](nb::object scores) {
            Operands in("softmax");
            const ConstVectorView scores_in = in.vector("scores", scores);
            if (scores_in.size == 0) throw Error("softmax: scores is empty, expected a number");
            NewArray<float> weights({std::size_t(scores_in.size)});
            softmax(scores_in, {weights.values->data(), scores_in.size});
            return weights;
        },
        "scores"_a, header_doc("layers/softmax.hpp"),
        nb::sig("def softmax(scores: numpy.typing.NDArray[numpy.float32]) -> "
                "numpy.typing.NDArray[numpy.float32]"));
    m.def(
        "softmax_with_sink",
        [](nb::object scores, float sink) {
            Operands in("softmax_with_sink");
            const ConstVectorView scores_in = in.vector("scores", scores);
            if (scores_in.size == 0) {
                throw Error("softmax_with_sink: scores is empty, expected a number");
            }
            NewArray<float> weights({std::size_t(scores_in.size)});
            const float share =
                softmax_with_sink(scores_in, sink, {weights.values->data(), scores_in.size});
            return nb::make_tuple(weights.array(), share);
        },
        "scores"_a, "sink"_a, header_doc("layers/softmax.hpp"),
        nb::sig(
            "def softmax_with_sink(scores: numpy.typing.NDArray[numpy.float32], sink: float) -> "
            "tuple[numpy.typing.NDArray[numpy.float32], float]"));
    m.def(
        "balance_loss",
        [](nb::object logits, int top_k) {
            Operands in("balance_loss");
            return balance_loss(in.matrix("logits", logits), top_k);
        },
        "logits"_a, "top_k"_a, header_doc("layers/router_losses.hpp"),
        nb::sig(
            "def balance_loss(logits: numpy.typing.NDArray[numpy.float32], top_k: int) -> float"));
    m.def(
        "z_loss",
        [](nb::object logits) {
            Operands in("z_loss");
            return z_loss(in.matrix("logits", logits));
        },
        "logits"_a, header_doc("layers/router_losses.hpp"),
        nb::sig("def z_loss(logits: numpy.typing.NDArray[numpy.float32]) -> float"));
    m.def("random_uniform", &random_uniform, "seed"_a, "draw"_a,
          "In [0, 1), a function of the seed and the number of the draw (layers/sampling.hpp).");
}

}  // namespace

void bind_ops(nb::module_& m) {
    nb::class_<SamplingOptions>(m, "SamplingOptions", "How a token is chosen: layers/sampling.hpp.")
        .def(
            "__init__",
            [](SamplingOptions* self, float temperature, int top_k, float top_p, float min_p) {
                new (self) SamplingOptions{temperature, top_k, top_p, min_p};
                validate(*self);
            },
            "temperature"_a = 1.0f, "top_k"_a = 0, "top_p"_a = 1.0f, "min_p"_a = 0.0f)
        .def_rw("temperature", &SamplingOptions::temperature)
        .def_rw("top_k", &SamplingOptions::top_k)
        .def_rw("top_p", &SamplingOptions::top_p)
        .def_rw("min_p", &SamplingOptions::min_p);
    bind_table(m, "ops", header_doc("ops/scalar.hpp"), ops_of<ScalarOps>());
    bind_table(m, "fast", header_doc("ops/fast.hpp"), ops_of<FastOps>());
    bind_table(m, "bf16", header_doc("ops/bf16.hpp"), ops_of<Bf16Ops>());
    bind_helpers(m);
}

}  // namespace gptoss::python

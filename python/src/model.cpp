// gptoss.Model: weights and a path; traces, generation, the logit lens.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/ops/bf16.hpp"
#include "gptoss/run/generate.hpp"
#include "header_docs.hpp"
#include "trace_recorder.hpp"

using namespace gptoss::checkpoint;
using namespace gptoss::dump;
using namespace nanobind::literals;

// The templates of run/ take a table; here the forward is chosen at run time.
namespace gptoss::python {
struct PathOps : ScalarOps {};
}  // namespace gptoss::python

template <>
struct gptoss::Transformer<gptoss::python::PathOps> {
    Weights w;
    python::Forward forward;
    KvCache cache = {};
    Activations a = {};

    void feed(ConstIdsView tokens, LogitRows logit_rows = LogitRows::last, Watch* watch = nullptr) {
        begin_pass<HostMemory>(w.config, cache, a, tokens, logit_rows, watch);
        forward(w, cache, a, watch);
        cache.length += tokens.rows;
    }
};

namespace gptoss::python {

void forward_fast(const Weights& w, KvCache& cache, Activations& a, Watch* watch);  // fast.cpp

Path path_named(const std::string& name) {
    if (name == "scalar") return {name, &forward<ScalarOps>};
    if (name == "bf16") return {name, &forward<Bf16Ops>};
    if (name == "fast") return {name, &forward_fast};
    throw Error("path: '" + name + "' is unknown, expected scalar, fast or bf16");
}

std::set<Site> sites_named(const std::vector<std::string>& symbols) {
    std::set<Site> sites;
    for (const std::string& symbol : symbols) {
        sites.insert(site_from_symbol(symbol));
    }
    return sites;
}

namespace {

// All tokens, in passes of at most tokens_per_pass; logits of all of them if they are recorded.
std::shared_ptr<Dump> trace(const Model& model, const std::vector<std::int32_t>& ids,
                            const std::vector<std::string>& sites, nb::object edit,
                            int tokens_per_pass) {
    if (ids.empty()) throw Error("trace: no tokens, expected at least one");
    if (tokens_per_pass < 1) {
        throw Error("trace: tokens_per_pass is " + std::to_string(tokens_per_pass) +
                    ", expected 1 or more");
    }
    TraceRecorder recorder(model.weights->config, sites_named(sites), edit);
    const LogitRows rows =
        recorder.wants(Site::logits, kNoLayer) ? LogitRows::all : LogitRows::last;
    const WithoutGil without_gil;
    Transformer<PathOps> transformer{*model.weights, model.path.forward};
    const int n_tokens = int(ids.size());
    require_token_ids({ids.data(), n_tokens}, model.weights->config.vocab_size);
    require_context(transformer.cache, model.weights->config, n_tokens);
    for (int first = 0; first < n_tokens; first += tokens_per_pass) {
        const int n_in_pass = std::min(tokens_per_pass, n_tokens - first);
        transformer.feed({ids.data() + first, n_in_pass}, rows, &recorder);
    }
    return std::make_shared<Dump>(dump_of(recorder, "the trace of " + model.name));
}

// Watches nothing but the keyboard.
struct Listener : Watch {
    CtrlC ctrl_c;
    bool wants(Site, int) override {
        ctrl_c.hear();
        return false;
    }
    void show(Site, int, ConstMatrixView) override {}
};

const char* reason_name(StopReason reason) {
    const char* names[] = {"stop_id", "max_tokens", "context_full", "callback"};
    return names[int(reason)];
}

nb::tuple generated(const Model& model, const std::vector<std::int32_t>& prompt, int max_tokens,
                    const SamplingOptions& sampling, std::uint64_t seed,
                    const std::vector<std::int32_t>& stop_ids, nb::object on_token) {
    GenerateOptions options;
    options.max_tokens = max_tokens;
    options.sampling = sampling;
    options.seed = seed;
    options.stop_ids = stop_ids;
    const OnToken tell = [&on_token](std::int32_t id) {
        if (on_token.is_none()) return true;
        const Gil gil;
        const nb::object go_on = on_token(id);
        return go_on.is_none() || nb::cast<bool>(go_on);
    };
    GenerateResult result;
    {
        const WithoutGil without_gil;
        Listener listener;
        Transformer<PathOps> transformer{*model.weights, model.path.forward};
        const ConstIdsView tokens{prompt.data(), int(prompt.size())};
        result = generate(transformer, tokens, options, tell, &listener);
    }
    return nb::make_tuple(nb::cast(result.ids), reason_name(result.reason));
}

// logits = unembedding * rmsnorm(residual), as if no layer followed.
NewMatrix lens(const Model& model, nb::object residual) {
    Operands in("lens");
    const ConstMatrixView x = in.matrix("residual", residual);
    const Weights& w = *model.weights;
    NewMatrix normed(x.rows, x.cols);
    NewMatrix logits(x.rows, w.config.vocab_size);
    const WithoutGil without_gil;
    rmsnorm(x, w.final_norm_gain, w.config.eps, normed.view());
    unembed(normed.view(), w.unembedding, logits.view());
    return logits;
}

}  // namespace

void bind_model(nb::module_& m) {
    nb::class_<Model>(m, "Model")
        .def_prop_ro("name", [](const Model& model) { return model.name; })
        .def_prop_ro("path", [](const Model& model) { return model.path.name; })
        .def_prop_ro("config", [](const Model& model) { return model.weights->config; })
        .def("trace", &trace, "ids"_a, "sites"_a, "edit"_a.none(), "tokens_per_pass"_a)
        .def("generate", &generated, "prompt"_a, "max_tokens"_a, "sampling"_a, "seed"_a,
             "stop_ids"_a, "on_token"_a.none())
        .def("lens", &lens, "residual"_a);
    m.def(
        "load_model",
        [](const std::string& dir, const std::string& path) {
            const Path chosen = path_named(path);
            const WithoutGil without_gil;
            return Model{dir, std::make_shared<Weights>(load_weights(dir)), chosen};
        },
        "dir"_a, "path"_a, header_doc("checkpoint/load.hpp"));
    m.def(
        "synthetic_model",
        [](const Config& config, std::uint64_t seed, const std::string& path) {
            validate(config);
            const Path chosen = path_named(path);
            const WithoutGil without_gil;
            return Model{"synthetic weights",
                         std::make_shared<Weights>(synthetic_weights(config, seed)), chosen};
        },
        "config"_a, "seed"_a, "path"_a, header_doc("checkpoint/synth.hpp"));
}

}  // namespace gptoss::python

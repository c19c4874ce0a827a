// gptoss.pitfalls and gptoss.diagnose: runs with a known mistake, and which mistake a dump has.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <chrono>
#include <future>
#include <set>

#include "bind.hpp"
#include "gptoss/diagnose/diagnose.hpp"
#include "gptoss/dump/recorder.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/ops/bf16.hpp"
#include "header_docs.hpp"

using namespace gptoss::compare;
using namespace gptoss::diagnose;
using namespace gptoss::dump;
using namespace gptoss::pitfalls;
using namespace nanobind::literals;

// In pitfall_passes.cpp.
extern template std::vector<gptoss::pitfalls::Pitfall>
gptoss::pitfalls::all_pitfalls<gptoss::diagnose::Recalled<gptoss::ScalarOps>>();
extern template std::vector<gptoss::pitfalls::Pitfall>
gptoss::pitfalls::all_pitfalls<gptoss::diagnose::Recalled<gptoss::Bf16Ops>>();

namespace gptoss::python {

std::set<Site> sites_named(const std::vector<std::string>& symbols);  // model.cpp

namespace {

// A Recorder for run_pitfall.
struct PassRecorder : PassWatch {
    Recorder recorder;
    PassRecorder(const Config& config, std::set<Site> sites) : recorder(config, std::move(sites)) {}
    bool wants(Site site, int layer) override { return recorder.wants(site, layer); }
    void begin_pass(ConstIdsView tokens, ConstIdsView positions) override {
        recorder.begin_pass(tokens, positions);
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        recorder.show(site, layer, values);
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        recorder.show_ids(site, layer, ids);
    }
};

std::shared_ptr<Dump> trace_of(const Pitfall& pitfall, const Model& model,
                               const std::vector<std::int32_t>& ids,
                               const std::vector<std::string>& sites) {
    if (ids.empty()) throw Error("trace: no tokens, expected at least one");
    if (!applies(pitfall, model.weights->config)) {
        throw Error(std::string("trace: ") + pitfall.facts.name +
                    " cannot be made with a model of these extents");
    }
    PassRecorder recorder(model.weights->config, sites_named(sites));
    const WithoutGil without_gil;
    run_pitfall(pitfall, *model.weights, {ids.data(), int(ids.size())}, kOnePass, LogitRows::all,
                recorder);
    return std::make_shared<Dump>(dump_of(recorder.recorder, pitfall.facts.name));
}

Policy chosen_policy(const std::string& name, const Dump& theirs) {
    return name == "auto" ? policy_of(theirs) : policy_named(name, "diagnose: policy");
}

struct Interrupted {};

// Runs on a thread of its own, so that this one can hear Ctrl-C; it then ends with the mistake that
// it is trying.
Diagnosis diagnosed(const Dump& theirs, const Model& model, const std::string& policy_name) {
    const Policy policy = chosen_policy(policy_name, theirs);
    const BugLab lab =
        policy == Policy::bf16 ? bug_lab<Bf16Ops>(policy) : bug_lab<ScalarOps>(policy);
    const WithoutGil without_gil;
    std::atomic<bool> is_interrupted = false;
    auto running = std::async(std::launch::async, [&] {
        return diagnose_dump(*model.weights, theirs, lab, [&](int, int) {
            if (is_interrupted) throw Interrupted();
        });
    });
    while (running.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
        try {
            hear_ctrl_c();
        } catch (...) {
            is_interrupted = true;
            running.wait();
            throw;
        }
    }
    return running.get();
}

nb::dict record_of(const Suspect& s) {
    nb::dict record;
    record["name"] = s.facts.name;
    record["mistake"] = s.facts.mistake;
    record["confidence"] = s.confidence;
    record["error_left"] = s.left;
    record["explains_first"] = s.explains_first;
    record["sites_explained"] = s.n_explained;
    return record;
}

nb::list evidence_of(const Suspect& s) {
    nb::list records;
    for (const SiteEvidence& e : s.evidence) {
        nb::dict record;
        record["site"] = site_name(e.key);
        record["error"] = e.right;
        record["with_the_mistake"] = e.wrong;
        record["allowed"] = e.tolerance;
        records.append(record);
    }
    return records;
}

void bind_diagnosis(nb::module_& m) {
    nb::class_<Suspect>(m, "Suspect", header_doc("diagnose/suspects.hpp"))
        .def_prop_ro("name", [](const Suspect& s) { return s.facts.name; })
        .def_prop_ro("mistake", [](const Suspect& s) { return s.facts.mistake; })
        .def_ro("confidence", &Suspect::confidence)
        .def_ro("error_left", &Suspect::left)
        .def_ro("explains_first", &Suspect::explains_first)
        .def_ro("n_explained", &Suspect::n_explained)
        .def("to_records", &evidence_of, "A dict for each site of the evidence.");
    nb::class_<Diagnosis>(m, "Diagnosis", header_doc("diagnose/diagnosis.hpp"))
        .def_prop_ro(
            "verdict", [](const Diagnosis& d) { return verdict_name(d.verdict); },
            "pass, diverged or unusable")
        .def_ro("reason", &Diagnosis::reason)
        .def_prop_ro(
            "name",
            [](const Diagnosis& d) -> std::optional<std::string> {
                if (!d.is_known) return std::nullopt;
                return d.suspects[0].facts.name;
            },
            "The mistake that explains the dump, or None")
        .def_prop_ro(
            "first",
            [](const Diagnosis& d) -> std::optional<std::string> {
                if (!d.first) return std::nullopt;
                return site_name(*d.first);
            },
            "The name of the first site that diverges, or None")
        .def_ro("where", &Diagnosis::where)
        .def_ro("divergent", &Diagnosis::divergent)
        .def_ro("unexplained", &Diagnosis::unexplained)
        .def_ro("n_sites", &Diagnosis::n_sites)
        .def_ro("n_divergent", &Diagnosis::n_divergent)
        .def_ro("suspects", &Diagnosis::suspects)
        .def_ro("second", &Diagnosis::second)
        .def_ro("hint", &Diagnosis::hint)
        .def_ro("invisible", &Diagnosis::invisible)
        .def_ro("notes", &Diagnosis::notes)
        .def(
            "to_records",
            [](const Diagnosis& d) {
                nb::list records;
                for (const Suspect& s : d.suspects) {
                    records.append(record_of(s));
                }
                return records;
            },
            "A dict for each suspect, the likeliest first: pandas.DataFrame takes the list.");
    m.def("diagnose", &diagnosed, "dump"_a, "model"_a, "policy"_a,
          header_doc("diagnose/diagnose.hpp"));
}

}  // namespace

void bind_pitfalls(nb::module_& m) {
    nb::class_<Pitfall>(m, "Pitfall", header_doc("pitfalls/pitfall.hpp"))
        .def_prop_ro("name", [](const Pitfall& p) { return p.facts.name; })
        .def_prop_ro("mistake", [](const Pitfall& p) { return p.facts.mistake; })
        .def_prop_ro("who", [](const Pitfall& p) { return p.facts.who; })
        .def_prop_ro("symptom", [](const Pitfall& p) { return p.facts.symptom; })
        .def_prop_ro("visible_from", [](const Pitfall& p) { return p.facts.visible_from; })
        .def_prop_ro("first_site", [](const Pitfall& p) { return site_symbol(p.facts.first_site); })
        .def("_trace", &trace_of, "model"_a, "ids"_a, "sites"_a)
        .def("__repr__", [](const Pitfall& p) {
            return std::string("<pitfall ") + p.facts.name + ": " + p.facts.mistake + ">";
        });
    m.def("pitfalls_of_path", [](const std::string& path) {
        return path == "bf16" ? all_pitfalls<Recalled<Bf16Ops>>()
                              : all_pitfalls<Recalled<ScalarOps>>();
    });
    bind_diagnosis(m);
}

}  // namespace gptoss::python

// Dumps: the activations of a run, from a trace or a file, and what two of them differ in.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.hpp"
#include "gptoss/compare/compare.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "header_docs.hpp"

using namespace gptoss::compare;
using namespace gptoss::dump;
using namespace gptoss::format;
using namespace nanobind::literals;

namespace gptoss::python {
namespace {

using SharedDump = std::shared_ptr<Dump>;

const Activation& activation_of(const Dump& dump, const std::string& name) {
    const auto key = site_from_name(name);
    const auto found = key ? dump.sites.find(*key) : dump.sites.end();
    if (found == dump.sites.end()) {
        const std::string message = dump.name + " has no " + name +
                                    (key ? "" : ", which is no site's name (docs/sites.md)");
        throw nb::key_error(message.c_str());
    }
    return found->second;
}

nb::object site_array(const SharedDump& dump, const std::string& name) {
    const Activation& activation = activation_of(*dump, name);
    if (!activation.refusal.empty())
        throw Error(dump->name + ": " + name + ": " + activation.refusal);
    std::vector<std::size_t> shape;
    for (const auto extent : activation.shape) {
        shape.push_back(std::size_t(extent));
    }
    if (!activation.ids.empty()) return array_of(activation.ids.data(), shape, dump);
    return array_of(activation.values.data(), shape, dump);
}

std::vector<std::string> names_of(const Dump& dump) {
    std::vector<std::string> names;
    for (const auto& [key, activation] : dump.sites) {
        names.push_back(site_name(key));
    }
    return names;
}

void save(const Dump& dump, const std::string& path) {
    std::vector<NamedTensor> tensors;
    for (const auto& [key, activation] : dump.sites) {
        const bool is_ids = !activation.ids.empty();
        const void* data =
            is_ids ? static_cast<const void*>(activation.ids.data()) : activation.values.data();
        TensorView view;
        view.dtype = is_ids ? "I32" : "F32";
        view.shape = activation.shape;
        view.bytes = static_cast<const std::uint8_t*>(data);
        view.n_bytes = 4 * (activation.ids.size() + activation.values.size());
        tensors.push_back({site_name(key), view});
    }
    Metadata metadata = {{"format", kDumpFormat}};
    if (dump.tokens) metadata["tokens"] = tokens_text(*dump.tokens);
    if (dump.config) metadata["config"] = hugging_face_config_text(*dump.config);
    if (!dump.edited.empty()) metadata["edited"] = nlohmann::json(dump.edited).dump();
    write_safetensors(path, tensors, metadata);
}

// --- Comparisons ------------------------------------------------------------------------------

nb::dict record_of(const CompareRow& row) {
    nb::dict record;
    record["site"] = site_name(row.key);
    record["outcome"] = outcome_key(row.outcome);
    record["error"] = row.metrics.error;
    record["tolerance"] = row.tolerance;
    record["max"] = row.metrics.max;
    record["mean"] = row.metrics.mean;
    record["relative"] = row.metrics.relative;
    record["cosine"] = row.metrics.cosine;
    record["tokens"] = row.n_strict;
    record["tokens_behind_a_flip"] = row.n_lenient;
    record["note"] = row.note;
    record["where"] = row.where;
    return record;
}

Comparison compared(const Dump& reference, const Dump& other, const std::string& policy,
                    const std::vector<std::string>& sites, bool common_only) {
    CompareOptions options;
    options.policy = policy == "auto" ? policy_for(number_format_of(other))
                                      : policy_named(policy, "compare: policy");
    options.common_only = common_only;
    for (const std::string& site : sites) {
        options.sites.insert(site_from_symbol(site));
    }
    const WithoutGil without_gil;
    return compare_dumps(reference, other, options);
}

}  // namespace

void bind_dump(nb::module_& m) {
    nb::class_<Dump>(m, "Dump")
        .def_ro("name", &Dump::name)
        .def_ro("config", &Dump::config)
        .def_ro("tokens", &Dump::tokens)
        .def_ro("edited", &Dump::edited)
        .def_ro("unknown_names", &Dump::unknown_names)
        .def("names", &names_of)
        .def("array",
             [](SharedDump dump, const std::string& name) { return site_array(dump, name); })
        .def("save", &save, nb::call_guard<WithoutGil>());
    m.def(
        "load_dump",
        [](const std::string& path, const std::string& map) {
            const WithoutGil without_gil;
            const NameMap names = map.empty() ? NameMap{} : read_name_map(map);
            return std::make_shared<Dump>(read_dump(path, names));
        },
        "path"_a, "map"_a = "", header_doc("dump/read_dump.hpp"));
    m.def("site_symbols", [] {
        std::vector<std::string> symbols;
        for (const SiteInfo& info : kSites) {
            symbols.push_back(site_symbol(info.site));
        }
        return symbols;
    });
    m.def("site_name", [](const std::string& symbol, int layer) {
        return site_name(site_from_symbol(symbol), layer);
    });
    m.def("is_per_layer",
          [](const std::string& symbol) { return is_per_layer(site_from_symbol(symbol)); });

    nb::class_<Comparison>(m, "Comparison", header_doc("compare/comparison.hpp"))
        .def_prop_ro(
            "verdict", [](const Comparison& c) { return verdict_name(c.verdict); },
            "pass, diverged or unusable")
        .def_ro("reason", &Comparison::reason)
        .def_ro("notes", &Comparison::notes)
        .def_ro("tolerances", &Comparison::tolerances)
        .def_prop_ro(
            "first_divergence",
            [](const Comparison& c) -> std::optional<std::string> {
                if (!c.first_divergence) return std::nullopt;
                return site_name(c.rows[*c.first_divergence].key);
            },
            "The name of the first site that diverges, or None")
        .def(
            "to_records",
            [](const Comparison& c) {
                nb::list records;
                for (const CompareRow& row : c.rows) {
                    records.append(record_of(row));
                }
                return records;
            },
            "A dict for each site and layer in execution order: pandas.DataFrame takes the list.");
    m.def("compare", &compared, "reference"_a, "other"_a, "policy"_a, "sites"_a, "common_only"_a,
          header_doc("compare/compare.hpp"));
}

}  // namespace gptoss::python

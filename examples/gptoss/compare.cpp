// gptoss compare: two dumps, site by site, and the first place where they part.
//
// Exit status: 0 pass, 1 divergence, 2 unusable input, which errors are too (main.cpp).
#include "gptoss/compare/compare.hpp"

#include <cmath>
#include <memory>
#include <string>

#include "../live/viewer_html.hpp"
#include "compare_html.hpp"
#include "compare_json.hpp"
#include "gptoss/checkpoint/load.hpp"
#include "gptoss/diagnose/embedding_hint.hpp"
#include "gptoss/diagnose/evidence.hpp"
#include "gptoss/diagnose/op_by_op.hpp"
#include "gptoss/diagnose/weights_in_q8_0.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/format/gguf_files.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/ops/bf16.hpp"
#include "models.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kCompareExamples =
    "  gptoss compare reference.safetensors yours.safetensors\n"
    "  gptoss compare reference.safetensors yours.npz --map names.json --html compare.html\n"
    "  gptoss compare reference.safetensors yours/ --model DIR          yours/NAME.npy\n"
    "  gptoss compare reference.safetensors yours.npz --sites logits --tolerance 0.01\n"
    "Exit status: 0 within the tolerance, 1 divergence, 2 unusable input.\n"
    "docs/compare.md explains the table and shows how to write a dump with numpy.\n";

struct CompareFlags {
    std::string reference;
    std::string other;
    std::string map;
    std::string html;
    std::string sites;
    std::string policy = "auto";
    CLI::Option* tolerance_flag = nullptr;
    double tolerance = 0;
};

// "attn_q,logits" chooses sites; "" those that both have in any layer, "common" those that both have,
// "all" everything that either has.
void choose_sites(const std::string& list, compare::CompareOptions& options) {
    options.common_only = list == "common";
    options.all_sites = list == "all";
    if (list.empty() || options.common_only || options.all_sites) return;
    std::size_t begin = 0;
    while (begin <= list.size()) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        options.sites.insert(site_from_symbol(list.substr(begin, end - begin)));
        begin = end + 1;
    }
}

compare::CompareOptions options_of(const CompareFlags& flags) {
    compare::CompareOptions options;
    choose_sites(flags.sites, options);
    if (flags.policy != "auto") {
        options.policy = compare::policy_named(flags.policy, "--policy");
    }
    if (flags.tolerance_flag->count() == 0) return options;
    if (!(flags.tolerance >= 0) || !std::isfinite(flags.tolerance)) {
        throw Error("--tolerance is " + formatted("%g", flags.tolerance) +
                    ", expected a number from 0");
    }
    options.tolerance = flags.tolerance;
    return options;
}

// --- What is judged ---------------------------------------------------------------------------

struct Judged {
    std::string policy;                      // and why
    compare::Comparison pass;                // against the reference
    std::optional<compare::Comparison> ops;  // each from B's own inputs
};

// --model or, if the dump is of its config, nano. Without --model another model is no mistake.
std::optional<Weights> weights_of(const Globals& globals, const dump::Dump& reference,
                                  const dump::Dump& other) {
    const std::string dir = model_dir(globals);
    const Config* config = other.config ? &*other.config : nullptr;
    if (config == nullptr && reference.config) config = &*reference.config;
    if (globals.model.empty()) {
        const std::filesystem::path file = std::filesystem::path(dir) / "config.json";
        if (config == nullptr || !std::filesystem::exists(file)) return {};
        if (!compare::config_difference(format::read_config(file), *config).empty()) return {};
    }
    Weights weights = checkpoint::load_weights(dir);
    if (format::find_gguf(dir)) weights = copy_weights<HostMemory>(weights);
    const std::string difference =
        config == nullptr ? "" : compare::config_difference(*config, weights.config);
    if (!difference.empty()) throw Error("--model " + dir + ": the dump's " + difference);
    const bool shows_rows = reference.tokens && reference.first_row == 0 &&
                            reference.sites.contains({Site::embedding, kNoLayer});
    const bool is_other_model =
        globals.model.empty() &&
        (!shows_rows || !diagnose::embedding_hint(weights, reference).empty());
    return is_other_model ? std::nullopt : std::optional<Weights>(std::move(weights));
}

compare::Comparison compared_ops(const Weights& weights, const dump::Dump& other,
                                 const compare::CompareOptions& options) {
    const bool in_bf16 = compare::number_format_of(other) == compare::NumberFormat::bf16;
    const pitfalls::Pitfall right =
        in_bf16 ? diagnose::right_model<Bf16Ops>() : diagnose::right_model<ScalarOps>();
    return diagnose::compare_ops(weights, other, right, options);
}

Judged judged(const CompareFlags& flags, const Globals& globals, const dump::Dump& reference,
              dump::Dump other) {
    compare::CompareOptions options = options_of(flags);
    const compare::NumberFormat numbers = compare::number_format_of(other);
    const bool is_free = flags.policy == "auto";
    if (is_free) options.policy = diagnose::policy_of(other);
    Judged found;
    found.policy = std::string(compare::policy_name(options.policy)) + ", for " +
                   compare::number_format_name(numbers) + " numbers";
    if (is_free && options.policy != compare::policy_for(numbers)) found.policy += " of llama.cpp";
    found.pass = compare::compare_dumps(reference, other, options);
    if (is_free && found.pass.policy_of_products && !options.tolerance) {
        options.policy = *found.pass.policy_of_products;
        found.policy = std::string(compare::policy_name(options.policy)) +
                       ", for float32 numbers whose products have fewer bits";
        found.pass = compare::compare_dumps(reference, other, options);
    }
    if (!other.tokens) other.tokens = reference.tokens;
    if (options.tolerance || !options.sites.empty() || !other.tokens) return found;
    if (found.pass.verdict == compare::Verdict::unusable) return found;
    auto weights = weights_of(globals, reference, other);
    if (!weights || !diagnose::is_complete(other, weights->config)) return found;
    const std::vector<std::string> rounded = diagnose::round_as_llama_cpp(*weights, other);
    found.ops = compared_ops(*weights, other, options);
    diagnose::take_op_by_op(*found.ops, found.pass);
    if (other.is_llama_cpp) found.pass.notes = found.ops->notes;  // what was allowed for
    found.pass.notes.insert(found.pass.notes.end(), rounded.begin(), rounded.end());
    return found;
}

// --- How it looks -----------------------------------------------------------------------------

Table site_table(const compare::Comparison& c) {
    Table table{"llrrrrrl"};
    table.add({"site", "outcome", "error", "allowed", "relative", "cosine", "ulps", ""});
    for (const compare::CompareRow& row : c.rows) {
        const compare::Metrics& m = row.metrics;
        const bool measured = m.n_values > 0 && row.key.site != Site::mlp_expert_ids;
        const auto number = [measured](const char* format, double value) {
            return measured ? formatted(format, value) : "";
        };
        table.add({dump::site_name(row.key), compare::outcome_name(row.outcome),
                   number("%.2e", m.error), number("%.2e", row.tolerance),
                   number("%.2e", m.relative), number("%.6f", m.cosine), number("%.0f", m.ulps),
                   row.note});
    }
    return table;
}

std::string logits_text(const compare::LogitMetrics& m) {
    return "logits: same likeliest token " + formatted("%.2f", 100 * m.top_1) +
           " %, shared among " + std::to_string(m.k) + " likeliest " +
           formatted("%.2f", 100 * m.top_k) + " %, KL mean " + formatted("%.2e", m.mean_kl) +
           ", largest " + formatted("%.2e", m.max_kl) + " nats\n";
}

std::string changes_text(const compare::Comparison& c) {
    const std::size_t n_shown = 5;
    std::string text;
    for (std::size_t i = 0; i < c.changes.size() && i < n_shown; ++i) {
        const compare::ExpertChange& change = c.changes[i];
        text += std::string(change.is_near_tie ? "expert flip" : "other experts") + ": layer " +
                std::to_string(change.layer) + ", " +
                compare::change_text(change, change.allowed > 0) + "\n";
    }
    if (c.changes.size() > n_shown) {
        text += "and " + std::to_string(c.changes.size() - n_shown) + " more tokens\n";
    }
    return text;
}

void print_comparison(const Judged& judged) {
    const compare::Comparison& c = judged.pass;
    if (!c.rows.empty()) print(site_table(c).text() + "\n");
    print("policy: " + judged.policy + "\ntolerance: " + c.tolerances + "\n");
    if (judged.ops) print("op by op: " + judged.ops->reason + "\n");
    if (c.exactness) print("exactness: " + compare::exactness_text(*c.exactness) + "\n");
    print(changes_text(c));
    if (c.logits) print(logits_text(*c.logits));
    if (c.n_not_common > 0) {
        print("left out: " + compare::counted(std::size_t(c.n_not_common), "site") +
              " that only one side has: " + compare::kinds_text(c.not_common) + "\n");
    }
    for (const std::string& note : c.notes) {
        print("note: " + note + "\n");
    }
    print(std::string(compare::verdict_name(c.verdict)) + ": " + c.reason + "\n");
}

// --- The run ----------------------------------------------------------------------------------

int status_of(compare::Verdict verdict) {
    return verdict == compare::Verdict::pass ? 0 : verdict == compare::Verdict::diverged ? 1 : 2;
}

int run_compare(const CompareFlags& flags, const Globals& globals) {
    options_of(flags);  // refuses what makes no sense before anything is read
    require_no_part_of_model("--html", flags.html);
    for (const std::string& input : {flags.reference, flags.other, flags.map}) {
        require_apart("--html", flags.html, input);
    }
    const dump::NameMap map = flags.map.empty() ? dump::NameMap{} : dump::read_name_map(flags.map);
    const dump::Dump reference = dump::read_dump(flags.reference, map);
    const dump::Dump other = dump::read_dump(flags.other, map);
    const Judged found = judged(flags, globals, reference, other);
    const compare::Comparison& c = found.pass;

    if (!flags.html.empty()) {
        format::write_text_file(
            flags.html, compare_page_html({reference.name, other.name, live::viewer_html()}, c));
    }
    if (globals.json) {
        format::OrderedJson json = comparison_json(c);
        json["policy"] = found.policy;
        json["op_by_op"] = nullptr;
        if (found.ops) json["op_by_op"] = comparison_json(*found.ops);
        print_json(json);
    } else {
        print_comparison(found);
    }
    if (c.verdict == compare::Verdict::unusable) {
        flush_output();
        print_error_line("gptoss: " + error_text(c.reason));
    }
    return status_of(c.verdict);
}

}  // namespace

void add_compare(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<CompareFlags>();
    CLI::App* compare =
        add_subcommand(app, "compare", "Compare two dumps and name the first site where they part",
                       kCompareExamples);
    compare
        ->add_option("A", flags->reference,
                     "The reference: .safetensors, a folder of .npy, a stored .npz, "
                     "or llama.cpp's .gguf")
        ->required()
        ->type_name("");
    compare->add_option("B", flags->other, "What is to be judged, in any of these")
        ->required()
        ->type_name("");
    compare
        ->add_option("--map", flags->map, "JSON {\"their name\": \"our name\"}; {l} is the layer")
        ->type_name("FILE");
    compare->add_option("--html", flags->html, "Write a page with a plot of the error over depth")
        ->type_name("FILE");
    compare
        ->add_option("--sites", flags->sites,
                     "Symbols, as attn_q,logits; all; or common: what both dumps have, layer by "
                     "layer [what both have in any layer]")
        ->type_name("LIST");
    compare
        ->add_option("--policy", flags->policy,
                     "auto, float32, float16 or bf16: how B computed [auto, by its values]")
        ->type_name("NAME");
    flags->tolerance_flag =
        compare
            ->add_option("--tolerance", flags->tolerance,
                         "Largest difference over rms, for every site instead of the policy's")
            ->type_name("X");
    when_chosen(compare, tool, [flags, &tool] { return run_compare(*flags, tool.globals); });
}

}  // namespace gptoss::tool

// gptoss diagnose: which known mistake makes a dump what it is.
//
// Exit status: 0 no divergence, 1 divergence, 2 unusable input, which errors are too (main.cpp).
#include "gptoss/diagnose/diagnose.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gptoss/checkpoint/load.hpp"
#include "gptoss/diagnose/weights_in_q8_0.hpp"
#include "gptoss/dump/read_dump.hpp"
#include "gptoss/format/gguf_files.hpp"
#include "gptoss/model/copy_weights.hpp"
#include "gptoss/ops/bf16.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

// In pitfall_passes.cpp.
namespace gptoss::pitfalls {
extern template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<ScalarOps>>();
extern template std::vector<Pitfall> all_pitfalls<diagnose::Recalled<Bf16Ops>>();
}  // namespace gptoss::pitfalls

namespace gptoss::tool {
namespace {

constexpr const char* kDiagnoseExamples =
    "  gptoss diagnose yours.safetensors --model DIR\n"
    "  gptoss diagnose yours.npz --model DIR --map names.json --ids 1,2,3\n"
    "  gptoss diagnose yours/ --model DIR --policy bf16 --show 10       yours/NAME.npy\n"
    "Exit status: 0 no divergence, 1 divergence, 2 unusable input.\n"
    "docs/diagnose.md explains the answer, docs/pitfalls.md lists the mistakes.\n";

struct DiagnoseFlags {
    std::string dump;
    std::string map;
    std::string ids;
    std::string policy = "auto";
    int show = 5;
};

compare::Policy chosen_policy(const DiagnoseFlags& flags, const dump::Dump& theirs) {
    return flags.policy == "auto" ? diagnose::policy_of(theirs)
                                  : compare::policy_named(flags.policy, "--policy");
}

// "3 tokens, 1,2,3"
std::string run_tokens_text(const std::vector<std::int32_t>& ids) {
    std::string text = compare::counted(ids.size(), "token") + ",";
    for (std::size_t i = 0; i < ids.size() && i < 5; ++i) {
        text += (i == 0 ? " " : ",") + std::to_string(ids[i]);
    }
    return text + (ids.size() > 5 ? ",..." : "");
}

diagnose::BugLab lab_for(compare::Policy policy) {
    return policy == compare::Policy::bf16 ? diagnose::bug_lab<Bf16Ops>(policy)
                                           : diagnose::bug_lab<ScalarOps>(policy);
}

// --- How it looks -----------------------------------------------------------------------------

std::string percent(double share) {
    return formatted("%.0f", 100 * share) + " %";
}

// A mistake that leaves as much as there is says nothing.
bool is_worth_showing(const diagnose::Suspect& s) {
    return s.explains_first || s.left < 0.9;
}

// At the site where it leaves most.
std::string times_allowed(const diagnose::Suspect& s) {
    double most = 0;
    for (const diagnose::SiteEvidence& e : s.evidence) {
        most = std::max(most, e.wrong / e.tolerance);
    }
    return formatted("%.0f", most);
}

Table suspect_table(const diagnose::Diagnosis& d, int n_shown) {
    Table table{"lrrrl"};
    table.add({"mistake", "confidence", "error left", "explains", ""});
    for (std::size_t i = 0; i < d.suspects.size() && int(i) < n_shown; ++i) {
        const diagnose::Suspect& s = d.suspects[i];
        if (!is_worth_showing(s)) continue;
        table.add({s.facts.name, percent(s.confidence), formatted("%.2g", s.left),
                   std::to_string(s.n_explained) + " of " + std::to_string(d.n_divergent),
                   s.facts.mistake});
    }
    return table;
}

Table evidence_table(const diagnose::Suspect& s, int n_shown) {
    Table table{"lrrr"};
    table.add({"site", "error", "with the mistake", "allowed"});
    for (std::size_t i = 0; i < s.evidence.size() && int(i) < n_shown; ++i) {
        const diagnose::SiteEvidence& e = s.evidence[i];
        table.add({dump::site_name(e.key), formatted("%.2e", e.right), formatted("%.2e", e.wrong),
                   formatted("%.2e", e.tolerance)});
    }
    return table;
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::string facts_text(const pitfalls::Facts& facts) {
    return std::string(facts.name) + ": " + facts.mistake + "\n  seen: " + facts.who +
           "\n  symptom: " + facts.symptom + "\n  visible from: " + facts.visible_from + "\n";
}

void print_diagnosis(const diagnose::Diagnosis& d, int n_shown) {
    if (!d.suspects.empty()) {
        print(std::to_string(d.n_divergent) + " of " + std::to_string(d.n_sites) +
              " sites diverge: " + d.divergent + "\n");
        if (!d.where.empty()) print("off of " + dump::site_name(*d.first) + ": " + d.where + "\n");
        if (std::any_of(d.suspects.begin(), d.suspects.end(), is_worth_showing)) {
            print("what each mistake leaves of their errors:\n");
            print(suspect_table(d, n_shown).text() + "\n");
        }
    }
    if (d.is_known) {
        print(evidence_table(d.suspects[0], n_shown).text() + "\n");
        print(facts_text(d.suspects[0].facts));
    }
    if (!d.is_known && !d.suspects.empty() && is_worth_showing(d.suspects[0])) {
        print("the first comes nearest, and leaves " + times_allowed(d.suspects[0]) +
              " times what is allowed: the same op may be wrong in another way\n");
    }
    if (!d.unexplained.empty()) print("not explained by it: " + d.unexplained + "\n");
    if (d.second) print("and behind it, by itself: " + facts_text(d.second->facts));
    if (d.below_noise && d.is_known) {
        print(d.is_by_token
                  ? "note: a right program may be as far off, but it would not be nearer to this "
                    "mistake at one token after the other\n"
                  : "note: a right program may be as far off; but the difference points where this "
                    "mistake does, token after token\n");
    }
    if (!d.hint.empty()) print("note: " + d.hint + "\n");
    if (d.verdict == compare::Verdict::pass && !d.invisible.empty()) {
        print("note: " + compare::counted(d.invisible.size(), "known mistake") +
              " would stay within the tolerances of this run: " + listed(d.invisible) + "\n");
    }
    for (const std::string& note : d.notes) {
        print("note: not compared: " + note + "\n");
    }
    for (const std::string& remark : d.remarks) {
        print("note: " + remark + "\n");
    }
    print("policy: " + std::string(compare::policy_name(d.policy)) + ", for " +
          compare::number_format_name(d.numbers) + " numbers\n");
    print(std::string(compare::verdict_name(d.verdict)) + ": " + d.reason + "\n");
}

nlohmann::ordered_json json_of(const diagnose::Suspect& s) {
    nlohmann::ordered_json evidence = nlohmann::ordered_json::array();
    for (const diagnose::SiteEvidence& e : s.evidence) {
        evidence.push_back({{"site", dump::site_name(e.key)},
                            {"error", e.right},
                            {"with_the_mistake", e.wrong},
                            {"allowed", e.tolerance}});
    }
    return {{"name", s.facts.name},
            {"mistake", s.facts.mistake},
            {"confidence", s.confidence},
            {"error_left", s.left},
            {"explains_first", s.explains_first},
            {"sites_explained", s.n_explained},
            {"evidence", evidence}};
}

nlohmann::ordered_json json_of(const diagnose::Diagnosis& d, int n_shown) {
    nlohmann::ordered_json json = {{"verdict", compare::verdict_name(d.verdict)},
                                   {"reason", d.reason},
                                   {"policy", compare::policy_name(d.policy)},
                                   {"numbers", compare::number_format_name(d.numbers)},
                                   {"sites", d.n_sites},
                                   {"divergent_sites", d.n_divergent}};
    json["first_divergent_site"] = nullptr;
    if (d.first) json["first_divergent_site"] = dump::site_name(*d.first);
    json["divergent"] = d.divergent;
    json["where"] = d.where;
    json["unexplained"] = d.unexplained;
    json["diagnosis"] = nullptr;
    if (d.is_known) json["diagnosis"] = d.suspects[0].facts.name;
    json["either"] = nlohmann::ordered_json::array();
    for (int i = 0; i < d.n_as_likely; ++i) {
        json["either"].push_back(d.suspects[std::size_t(i)].facts.name);
    }
    json["second"] = nullptr;
    if (d.second) json["second"] = json_of(*d.second);
    json["suspects"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < d.suspects.size() && int(i) < n_shown; ++i) {
        json["suspects"].push_back(json_of(d.suspects[i]));
    }
    json["hint"] = d.hint;
    json["invisible"] = d.invisible;
    json["notes"] = d.notes;
    json["remarks"] = d.remarks;
    return json;
}

// --- The run ----------------------------------------------------------------------------------

int run_diagnose(const DiagnoseFlags& flags, const Globals& globals) {
    if (flags.show < 1) {
        throw Error("--show is " + std::to_string(flags.show) + ", expected at least 1");
    }
    const dump::NameMap map = flags.map.empty() ? dump::NameMap{} : dump::read_name_map(flags.map);
    dump::Dump theirs = dump::read_dump(flags.dump, map);
    const diagnose::BugLab lab = lab_for(chosen_policy(flags, theirs));
    OpenedModel model = open_model(globals);
    const bool is_gguf = format::find_gguf(model.dir).has_value();
    if (is_gguf) model.weights = copy_weights<HostMemory>(model.weights);  // in the released order
    if (!flags.ids.empty()) {
        const std::vector<std::int32_t> ids = prompt_ids("", flags.ids, model);
        if (theirs.tokens && *theirs.tokens != ids) {
            throw Error("--ids: " + run_tokens_text(ids) + ", expected those that " + flags.dump +
                        " says: " + run_tokens_text(*theirs.tokens));
        }
        theirs.tokens = ids;
    }
    use_threads(globals);
    const std::vector<std::string> rounded = diagnose::round_as_llama_cpp(model.weights, theirs);
    diagnose::Diagnosis d = [&] {
        ProgressBar progress;
        return diagnose::diagnose_dump(model.weights, theirs, lab, [&](int n_tried, int n_in_all) {
            progress.show(std::uint64_t(n_tried), std::uint64_t(n_in_all), "of the mistakes tried");
        });
    }();

    d.remarks.insert(d.remarks.end(), rounded.begin(), rounded.end());
    if (globals.json) {
        print_json(json_of(d, flags.show));
    } else {
        print_diagnosis(d, flags.show);
    }
    if (d.verdict != compare::Verdict::unusable) return d.verdict == compare::Verdict::pass ? 0 : 1;
    flush_output();
    print_error_line("gptoss: " + error_text(d.reason));
    return 2;
}

}  // namespace

void add_diagnose(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<DiagnoseFlags>();
    CLI::App* diagnose = add_subcommand(
        app, "diagnose", "Name the known mistake that makes a dump what it is", kDiagnoseExamples);
    diagnose
        ->add_option("DUMP", flags->dump,
                     "What a port computed: .safetensors, a folder of .npy, a stored .npz, "
                     "or llama.cpp's .gguf")
        ->required()
        ->type_name("");
    diagnose
        ->add_option("--map", flags->map, "JSON {\"their name\": \"our name\"}; {l} is the layer")
        ->type_name("FILE");
    diagnose->add_option("--ids", flags->ids, "The token ids, if the dump does not say them")
        ->type_name("1,2,3");
    diagnose
        ->add_option("--policy", flags->policy,
                     "auto, float32, float16 or bf16: how the port computed")
        ->type_name("NAME");
    diagnose->add_option("--show", flags->show, "How many mistakes and sites to show [5]")
        ->type_name("N");
    when_chosen(diagnose, tool, [flags, &tool] { return run_diagnose(*flags, tool.globals); });
}

}  // namespace gptoss::tool

// gptoss trace: runs a prompt once and writes down every named activation.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../live/recorded_page.hpp"
#include "../live/viewer_html.hpp"
#include "gptoss/checkpoint/checkpoint_files.hpp"
#include "gptoss/dump/dump.hpp"
#include "gptoss/fast/unembedding.hpp"
#include "gptoss/format/gguf_files.hpp"
#include "gptoss/format/partial_file.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/run/generate.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "summary.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"
#include "trace_prompt.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kTraceExamples =
    "  gptoss trace --model DIR 'The quick brown fox'\n"
    "  gptoss trace --model DIR --ids 1,2,3 --out run.safetensors\n"
    "  gptoss trace --model DIR --sites attn_q,mlp_out --last-only 'Hello'\n"
    "  gptoss trace --html run.html --chat --max-tokens 60 'What is 7 + 5?'\n"
    "  gptoss trace --model DIR --path bf16 --ids 1,2,3      rounds where OpenAI's model does\n"
    "docs/sites.md lists the sites, docs/dump.md shows how to read the file with numpy.\n";

struct TraceFlags {
    std::string prompt;
    std::string ids;
    std::string out;
    std::string sites;
    std::string html;
    bool last_only = false;
    bool chat = false;
    int max_tokens = 0;
};

constexpr std::size_t kMaxPageTokens = 400;  // beyond, the attention of a page would be large

// A Recorder that can be left in the middle of a pass.
struct StoppableRecorder : dump::Recorder {
    using dump::Recorder::Recorder;
    StopWatch stop_watch = {};
    bool wants(Site site, int layer) override {
        stop_watch.wants(site, layer);
        return dump::Recorder::wants(site, layer);
    }
};

// "attn_q,mlp_out", or "all"; without a list all but the two large ones, which a page shows.
std::set<Site> parse_sites(const std::string& list, bool is_for_page) {
    if (list.empty()) return is_for_page ? dump::all_sites() : dump::usual_sites();
    if (list == "all") return dump::all_sites();
    std::set<Site> sites;
    std::size_t begin = 0;
    while (begin <= list.size()) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        sites.insert(site_from_symbol(list.substr(begin, end - begin)));
        begin = end + 1;
    }
    return sites;
}

// Programs go by a file's ending, and what --out writes is safetensors.
void check_out(const std::string& out) {
    const std::filesystem::path path = out;
    for (const char* other : {".npz", ".npy", ".pt", ".pth", ".bin", ".pkl", ".pickle", ".h5",
                              ".gguf", ".zip", ".json", ".html", ".csv", ".txt"}) {
        if (path.extension() != other) continue;
        const std::string better = std::filesystem::path(path).replace_extension(".safetensors");
        throw Error("--out is '" + out + "', but the file is safetensors: name it '" + better +
                    "'");
    }
}

// The model is still mapped while the dump is written, and is worth more than it.
void require_apart_from_model(const TraceFlags& flags, const std::string& model_dir) {
    const auto gguf = format::find_gguf(model_dir);
    const auto folder = gguf ? std::filesystem::absolute(*gguf).parent_path()
                             : checkpoint::checkpoint_folder(model_dir);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        require_apart("--out", flags.out, entry.path());
        require_apart("--html", flags.html, entry.path());
    }
}

// Logits of every position are only worth their time if they are to be written down.
LogitRows logit_rows(const TraceFlags& flags, const std::set<Site>& sites) {
    const bool all = sites.count(Site::logits) > 0 && !flags.last_only;
    return all ? LogitRows::all : LogitRows::last;
}

void feed_in_chunks(ChosenTransformer& transformer, const std::vector<std::int32_t>& tokens,
                    LogitRows rows, Watch& watch) {
    const int n_tokens = int(tokens.size());
    require_context(transformer.cache, transformer.w.config, n_tokens);
    for (int first = 0; first < n_tokens; first += kPrefillChunk) {
        const int n_in_pass = std::min(kPrefillChunk, n_tokens - first);
        transformer.feed({tokens.data() + first, n_in_pass}, rows, &watch);
    }
}

// --- How it looks -----------------------------------------------------------------------------

// The last column is there only if it has something to say.
Table summary_table(const std::vector<SiteSummary>& summaries) {
    const bool has_nonfinite = !first_nonfinite_site(summaries).empty();
    Table table{"llrrrrr"};
    table.add({"site", "shape", "min", "max", "mean", "rms", has_nonfinite ? "not finite" : ""});
    for (const SiteSummary& summary : summaries) {
        const Statistics& s = summary.statistics;
        const auto number = [&s](double value) {
            return s.n_finite == 0 && s.n_values > 0 ? "none" : formatted("%.5g", value);
        };
        const std::size_t n_nonfinite = summary.n_nonfinite();
        table.add({site_name(summary.site, summary.layer), format::shape_text(summary.shape),
                   number(s.min), number(s.max), number(s.mean), number(s.rms),
                   n_nonfinite > 0 ? std::to_string(n_nonfinite) : ""});
    }
    return table;
}

nlohmann::ordered_json json_of(const std::vector<SiteSummary>& summaries,
                               const std::vector<std::int32_t>& tokens) {
    nlohmann::ordered_json json;
    const std::string first_nonfinite = first_nonfinite_site(summaries);
    json["tokens"] = tokens;
    json["first_not_finite"] = nullptr;
    if (!first_nonfinite.empty()) json["first_not_finite"] = first_nonfinite;
    json["sites"] = nlohmann::ordered_json::array();
    for (const SiteSummary& summary : summaries) {
        const Statistics& s = summary.statistics;
        json["sites"].push_back({{"name", site_name(summary.site, summary.layer)},
                                 {"shape", summary.shape},
                                 {"min", s.min},
                                 {"max", s.max},
                                 {"mean", s.mean},
                                 {"rms", s.rms},
                                 {"not_finite", s.n_values - s.n_finite}});
    }
    return json;
}

// What stands above the page: "gpt-oss-20b: 24 layers, path scalar".
std::string page_title(const OpenedModel& model, const Globals& globals, const std::string& path) {
    const std::string name =
        globals.model.empty() ? "nano" : std::filesystem::path(model.dir).filename().string();
    return (name.empty() ? model.dir : name) + ": " +
           std::to_string(model.weights.config.n_layers) + " layers, path " + path;
}

std::string page_of(const dump::Recorder& recorder, const OpenedModel& model,
                    const std::string& title, std::size_t n_prompt) {
    const tokenizer::Vocabulary* vocabulary =
        model.tokenizer ? &model.tokenizer->vocabulary : nullptr;
    live::PageFacts facts{title, int(n_prompt)};
    facts.unembed = &fast::unembed;
    return live::recorded_page(live::viewer_html(), dump::dump_of(recorder, "the run"),
                               model.weights, vocabulary, facts);
}

// --- The run ----------------------------------------------------------------------------------

void print_summaries(const std::vector<SiteSummary>& summaries,
                     const std::vector<std::int32_t>& tokens, bool as_json) {
    if (as_json) return print_json(json_of(summaries, tokens));
    print(summary_table(summaries).text());
    const std::string first_nonfinite = first_nonfinite_site(summaries);
    if (!first_nonfinite.empty()) print("the first that is not finite: " + first_nonfinite + "\n");
}

// Mistakes in the flags are told before a model is opened.
void check_flags(const TraceFlags& flags) {
    if (flags.prompt.empty() && flags.ids.empty())
        throw Error("no prompt: expected a text or --ids");
    if (flags.max_tokens < 0) {
        throw Error("--max-tokens is " + std::to_string(flags.max_tokens) +
                    ", expected at least 0");
    }
    check_out(flags.out);
    require_apart("--html", flags.html, flags.out);
    if (!flags.html.empty() && flags.last_only)
        throw Error("--html shows all positions, expected it without --last-only");
    parse_sites(flags.sites, false);
}

int run_trace(const TraceFlags& flags, const Globals& globals) {
    check_flags(flags);
    const bool has_page = !flags.html.empty();
    const StopOnSignal stop_on_signal;
    const OpenedModel model = open_model(globals);
    require_apart_from_model(flags, model.dir);
    require_no_part_of_model("--out", flags.out);
    require_no_part_of_model("--html", flags.html);
    const Config& config = model.weights.config;
    const std::vector<std::int32_t> prompt =
        flags.chat ? question_ids(flags.prompt, model) : prompt_ids(flags.prompt, flags.ids, model);
    require_token_ids({prompt.data(), int(prompt.size())}, config.vocab_size);
    const Path path = chosen_path(globals, Automatic::scalar);
    const std::vector<std::int32_t> tokens = with_answer(prompt, flags.max_tokens, model, path);
    const std::set<Site> sites =
        parse_sites(flags.sites, has_page && tokens.size() <= kMaxPageTokens);

    StoppableRecorder recorder(config, sites, flags.last_only);
    ChosenTransformer transformer(model.weights, path);
    try {
        feed_in_chunks(transformer, tokens, logit_rows(flags, sites), recorder);
    } catch (const Error& error) {  // a router refuses NaN: how far it came says where it is from
        const std::vector<SiteSummary> summaries = summarize(recorder);
        if (summaries.empty()) throw;  // it did not begin
        print_summaries(summaries, tokens, globals.json);
        flush_output();
        const std::string first_nonfinite = first_nonfinite_site(summaries);
        if (first_nonfinite.empty()) throw;
        throw Error(std::string(error.what()) + "; the first site that is not finite is " +
                    first_nonfinite);
    }
    const std::vector<SiteSummary> summaries = summarize(recorder);

    if (!flags.out.empty())
        dump::write_dump(flags.out, recorder, format::hugging_face_config_text(config));
    if (has_page)
        format::write_text_file(
            flags.html,
            page_of(recorder, model, page_title(model, globals, path.name), prompt.size()));
    print_summaries(summaries, tokens, globals.json);
    return 0;
}

}  // namespace

void add_trace(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<TraceFlags>();
    CLI::App* trace = add_subcommand(
        app, "trace", "Run a prompt once and show or write its activations", kTraceExamples);
    CLI::Option* prompt =
        trace->add_option("PROMPT", flags->prompt, "The text to run; - reads standard input");
    prompt->type_name("");
    trace->add_option("--ids", flags->ids, "Token ids to run, instead of PROMPT")
        ->type_name("1,2,3")
        ->excludes(prompt);
    trace->add_option("--out", flags->out, "Write the activations to this safetensors file")
        ->type_name("FILE");
    trace
        ->add_option("--sites", flags->sites,
                     "Symbols, as attn_q,mlp_out; or all, with the two large ones")
        ->type_name("LIST");
    trace->add_flag("--last-only", flags->last_only, "Keep the last position only");
    trace->add_option("--html", flags->html, "Write a page to look into the run with")
        ->type_name("FILE");
    trace->add_flag("--chat", flags->chat, "PROMPT is a question, in the chat format");
    trace
        ->add_option("--max-tokens", flags->max_tokens,
                     "Let the model go on for N tokens first [0]")
        ->type_name("N");
    when_chosen(trace, tool, [flags, &tool] { return run_trace(*flags, tool.globals); });
}

}  // namespace gptoss::tool

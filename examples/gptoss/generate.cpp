// gptoss generate: continues a text, one token after the other, as raw completion.
#include "gptoss/run/generate.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/run/model.hpp"
#include "guided.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kGenerateExamples =
    "  gptoss generate --model DIR 'The quick brown fox'\n"
    "  gptoss generate --model DIR --ids 976,4853,19705 --max-tokens 20\n"
    "  gptoss generate --model DIR --temperature 1 --top-p 0.9 --seed 7 'Once upon a time'\n"
    "  gptoss generate --model DIR --explain 'The quick brown fox'\n"
    "  gptoss generate --model DIR - < prompt.txt\n"
    "  gptoss generate --choices yes,no 'Is the sun a star? '\n"
    "  gptoss generate --schema weather.json --max-tokens 64 'The weather as JSON: '\n"
    "  gptoss generate --beams 4 --max-tokens 8 '17 + 25 = '\n"
    "Without --temperature the likeliest token is taken each time (temperature 0).\n"
    "A PROMPT that begins with a dash goes behind --.\n";

struct GenerateFlags {
    std::string prompt;
    std::string ids;
    GenerateOptions options;
    GuidedFlags guided;
    bool explain = false;
};

// --- What was generated -----------------------------------------------------------------------

struct Choice {
    std::int32_t id;
    double probability;  // of the plain softmax, whatever the temperature
};

// A generated token with what it was chosen from.
struct Explanation {
    int position;  // in the context
    Choice chosen;
    std::vector<Choice> likeliest;  // five, descending
};

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
}

struct Run {
    std::vector<std::int32_t> prompt;
    std::vector<std::int32_t> ids;  // a stop id included
    std::string text;               // without it
    std::vector<Explanation> explanations;
    std::string stop;
    Clock::time_point started;
    Clock::time_point first_token;
    Clock::time_point ended;
};

Explanation explain(int position, std::int32_t id, const std::vector<float>& logits) {
    std::vector<Candidate> candidates = candidates_of({logits.data(), int(logits.size())}, 1.0f);
    const double sum = sum_of_p(candidates);
    Explanation explanation{position, {id, 0.0}, {}};
    for (const Candidate& candidate : candidates) {
        if (candidate.id == id) explanation.chosen.probability = candidate.p / sum;
    }
    const std::size_t n_shown = std::min<std::size_t>(5, candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + std::ptrdiff_t(n_shown),
                      candidates.end(), more_likely);
    for (std::size_t rank = 0; rank < n_shown; ++rank) {
        explanation.likeliest.push_back({candidates[rank].id, candidates[rank].p / sum});
    }
    return explanation;
}

// --- How it looks -----------------------------------------------------------------------------

// "\" fox\"", or the bare id without a tokenizer
std::string label(const std::optional<tokenizer::Tokenizer>& tokenizer, std::int32_t id) {
    if (!tokenizer) return std::to_string(id);
    return format::quoted(token_text(tokenizer->vocabulary, id));
}

std::string padded(const std::string& text, std::size_t width) {
    const std::size_t used = display_width(text);
    return used < width ? text + std::string(width - used, ' ') : text;
}

std::string explanation_line(const Explanation& e,
                             const std::optional<tokenizer::Tokenizer>& tokenizer) {
    char numbers[64];
    std::snprintf(numbers, sizeof numbers, "%8d  %6d  ", e.position, e.chosen.id);
    std::string line = numbers + padded(label(tokenizer, e.chosen.id), 16);
    line += formatted("  %.4f ", e.chosen.probability);
    for (const Choice& choice : e.likeliest) {
        line += "  " + padded(label(tokenizer, choice.id), 12);
        line += formatted(" %.4f", choice.probability);
    }
    return line + "\n";
}

constexpr const char* kExplanationTitle =
    "position      id  token                  p   the five likeliest\n";

nlohmann::ordered_json json_of(const Choice& choice,
                               const std::optional<tokenizer::Tokenizer>& tokenizer) {
    nlohmann::ordered_json json;
    json["id"] = choice.id;
    if (tokenizer) json["text"] = token_text(tokenizer->vocabulary, choice.id);
    json["probability"] = choice.probability;
    return json;
}

nlohmann::ordered_json json_of(const Run& run,
                               const std::optional<tokenizer::Tokenizer>& tokenizer) {
    nlohmann::ordered_json json;
    json["prompt_ids"] = run.prompt;
    json["ids"] = run.ids;
    if (tokenizer) json["text"] = run.text;
    json["stop"] = run.stop;
    json["seconds"] = {{"prefill", seconds_between(run.started, run.first_token)},
                       {"decode", seconds_between(run.first_token, run.ended)}};
    for (const Explanation& explanation : run.explanations) {
        nlohmann::ordered_json token = json_of(explanation.chosen, tokenizer);
        token["position"] = explanation.position;
        for (const Choice& choice : explanation.likeliest) {
            token["likeliest"].push_back(json_of(choice, tokenizer));
        }
        json["tokens"].push_back(token);
    }
    return json;
}

// The first token comes out of the prefill; a rate of decoding needs a second one.
std::string rates_text(const Run& run) {
    const double prefill_seconds = seconds_between(run.started, run.first_token);
    const double decode_seconds = seconds_between(run.first_token, run.ended);
    std::string text = "prefill " + std::to_string(run.prompt.size()) + " tokens, ";
    text += formatted("%.1f tokens/s", double(run.prompt.size()) / prefill_seconds);
    const std::size_t n_decoded = run.ids.size() - 1;
    if (n_decoded == 0) return text;
    text += "; decode " + std::to_string(n_decoded) + " tokens, ";
    return text + formatted("%.1f tokens/s", double(n_decoded) / decode_seconds);
}

const char* stop_name(StopReason reason) {
    if (reason == StopReason::stop_id) return "stop_id";
    if (reason == StopReason::context_full) return "context_full";
    if (reason == StopReason::complete) return "complete";
    return "max_tokens";
}

// --- The run ----------------------------------------------------------------------------------

// Generates and prints on the way; run holds what there is, however it ends.
void run_model(const OpenedModel& model, const GenerateFlags& flags, const Globals& globals,
               Run& run) {
    ChosenTransformer transformer(model.weights, chosen_path(globals));
    GenerateOptions options = flags.options;
    options.prefill_chunk = prefill_chunk();
    options.stop_ids = stop_ids_of(model);
    std::optional<TokenMask> mask = mask_of(flags.guided, model, options.stop_ids);
    options.mask = mask ? &*mask : nullptr;
    TokenPrinter printer(model.tokenizer);
    const bool prints_text = !globals.json && !flags.explain;
    const bool prints_lines = !globals.json && flags.explain;
    const auto add_text = [&](const std::string& text) {
        run.text += text;
        if (prints_text) print_streamed(text);
    };
    const auto on_token = [&](std::int32_t id) {
        if (run.ids.empty()) run.first_token = Clock::now();
        const int position = int(run.prompt.size() + run.ids.size());
        run.ids.push_back(id);
        if (!is_stop(options, id)) add_text(printer.push(id));
        if (flags.explain) {
            const auto logits = last_logits<PathMemory>(transformer.a.logits);
            run.explanations.push_back(explain(position, id, logits));
        }
        if (prints_lines && run.ids.size() == 1) print_streamed(kExplanationTitle);
        if (prints_lines)
            print_streamed(explanation_line(run.explanations.back(), model.tokenizer));
        return true;
    };

    StopWatch stop_watch;
    const ConstIdsView prompt{run.prompt.data(), int(run.prompt.size())};
    run.stop = "interrupted";
    try {
        const auto result = generate(transformer, prompt, options, on_token, &stop_watch);
        run.stop = stop_name(result.reason);
    } catch (const Stopped&) {
        // What there is gets printed; the caller sees run.stop.
    }
    add_text(printer.finish());
    if (prints_text) print("\n");
    if (mask && run.stop == "max_tokens") require_complete(*mask, run.ids.size());
}

// Everything but beams chooses one token after the other.
void require_fitting(const GenerateFlags& flags) {
    const GuidedFlags& guided = flags.guided;
    if (!guided.schema.empty() && !guided.choices.empty())
        throw Error("--schema and --choices: expected one of them");
    if (guided.n_beams == 0) return;
    const bool samples = flags.options.sampling.temperature != 0;
    if (samples || flags.explain || guided.has_mask())
        throw Error("--beams: expected no --temperature, --explain, --schema or --choices with it");
}

int run_beam_search(const GenerateFlags& flags, const Globals& globals, const OpenedModel& model) {
    GenerateOptions options = flags.options;
    options.stop_ids = stop_ids_of(model);
    const std::vector<std::int32_t> prompt = prompt_ids(flags.prompt, flags.ids, model);
    const auto results = run_beams(model, flags.guided, options, chosen_path(globals), prompt);
    print_beams(results, model, options.stop_ids, globals.json);
    flush_output();
    return 0;
}

int run_generate(const GenerateFlags& flags, const Globals& globals) {
    if (flags.options.max_tokens < 0) {
        throw Error("--max-tokens is " + std::to_string(flags.options.max_tokens) +
                    ", expected at least 0");
    }
    if (flags.prompt.empty() && flags.ids.empty())
        throw Error("no prompt: expected a text or --ids");
    require_fitting(flags);
    const StopOnSignal stop_on_signal;
    const OpenedModel model = open_model(globals);
    if (flags.guided.n_beams != 0) return run_beam_search(flags, globals, model);
    Run run;
    run.prompt = prompt_ids(flags.prompt, flags.ids, model);

    run.started = Clock::now();
    run.first_token = run.started;
    run_model(model, flags, globals, run);
    run.ended = Clock::now();

    if (globals.json) print_json(json_of(run, model.tokenizer));
    flush_output();
    if (!run.ids.empty() && errors_are_terminal()) {
        std::fprintf(stderr, "%s\n", rates_text(run).c_str());
    }
    throw_if_stopped();
    const bool is_cut_short =
        run.stop == "context_full" && int(run.ids.size()) < flags.options.max_tokens;
    if (is_cut_short) {
        throw Error("context: full after " + std::to_string(run.ids.size()) +
                    " generated tokens (max_context_length " +
                    std::to_string(model.weights.config.max_context_length) + ")");
    }
    return 0;
}

}  // namespace

void add_generate(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<GenerateFlags>();
    GenerateOptions& options = flags->options;
    CLI::App* generate = add_subcommand(app, "generate", "Continue a text", kGenerateExamples);

    CLI::Option* prompt = generate->add_option("PROMPT", flags->prompt,
                                               "The text to continue; - reads standard input");
    prompt->type_name("");
    generate->add_option("--ids", flags->ids, "Token ids to continue, instead of PROMPT")
        ->type_name("1,2,3")
        ->excludes(prompt);
    generate->add_option("--max-tokens", options.max_tokens, "Most tokens to generate [256]")
        ->type_name("N");
    generate
        ->add_option("--temperature", options.sampling.temperature,
                     "0 takes the likeliest token, 1 samples the model's own odds [0]")
        ->type_name("X");
    generate->add_option("--top-k", options.sampling.top_k, "Keep the k likeliest tokens [0: all]")
        ->type_name("N");
    generate
        ->add_option("--top-p", options.sampling.top_p,
                     "Keep the likeliest tokens that make up this share [1: all]")
        ->type_name("X");
    generate
        ->add_option("--min-p", options.sampling.min_p,
                     "Keep tokens this likely, relative to the likeliest [0: all]")
        ->type_name("X");
    generate->add_option("--seed", options.seed, "The same seed gives the same tokens [0]")
        ->type_name("N")
        ->check(count_mistake);
    GuidedFlags& guided = flags->guided;
    generate
        ->add_option("--schema", guided.schema,
                     "Only JSON that is valid under the schema in FILE (docs/12-sampling.md)")
        ->type_name("FILE");
    generate->add_option("--choices", guided.choices, "Only one of these texts")
        ->type_name("A,B,C");
    generate
        ->add_option("--beams", guided.n_beams,
                     "Beam search: the N likeliest continuations, with their scores [0: none]")
        ->type_name("N");
    generate
        ->add_option("--length-penalty", guided.length_penalty,
                     "Of --beams: scores are log p / tokens^X [1]")
        ->type_name("X");
    generate->add_flag("--explain", flags->explain,
                       "A line per token instead: what it was chosen from");
    when_chosen(generate, tool, [flags, &tool] { return run_generate(*flags, tool.globals); });
}

}  // namespace gptoss::tool

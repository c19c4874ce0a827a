// gptoss chat: a conversation in the Harmony format, one question or many.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "chat_session.hpp"
#include "gptoss/harmony/response_format_json.hpp"
#include "gptoss/harmony/tools_json.hpp"
#include "gptoss/ops/scalar.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tokens.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kChatExamples =
    "  gptoss chat 'What is 17 + 25?'              the small model that ships with the tool\n"
    "  gptoss chat --model DIR 'What is 2 + 2?'\n"
    "  gptoss chat --model DIR --effort high --instructions 'Answer in French.'\n"
    "  gptoss chat --model DIR --tools tools.json --json 'Weather in Paris?'\n"
    "  gptoss chat --model DIR                     a prompt; /help lists its commands\n"
    "  gptoss chat --model DIR --response-format schema.json 'Eggs and milk, please'\n"
    "A tools file is a list of {\"name\", \"description\", \"parameters\"}, OpenAI's list of\n"
    "{\"type\": \"function\", \"function\": {...}}, the answer of an MCP server to tools/list, or "
    "a map "
    "of\nnamespaces as in openai-harmony. Tools are described to the model; none is executed.\n"
    "A response format is a JSON schema, OpenAI's {\"type\": \"json_schema\", ...}, or {\"name\",\n"
    "\"description\", \"schema\"}. The model is told of it; nothing forces it to follow.\n";

struct ChatFlags {
    std::string prompt;
    std::string effort = "medium";
    std::optional<std::string> instructions;
    std::string tools;
    std::string response_format;
    std::optional<std::string> date;
    bool hide_analysis = false;
    bool keep_analysis = false;
    int max_tokens = 2048;
    std::optional<float> temperature;
    GenerateOptions generate;
};

harmony::ToolNamespaces read_tools_file(const std::string& path) {
    const harmony::ToolsRead read = harmony::read_tools(format::read_ordered_json_file(path), path);
    if (read.note) print_error_line("[" + *read.note + "]");
    return read.namespaces;
}

ChatStart start_of(const ChatFlags& flags) {
    if (flags.instructions) tokenizer::require_valid_utf8("--instructions", *flags.instructions);
    if (flags.date) tokenizer::require_valid_utf8("--date", *flags.date);
    ChatStart start;
    start.system.reasoning_effort = effort_of(flags.effort);
    start.system.conversation_start_date = flags.date;
    start.developer.instructions = flags.instructions;
    if (!flags.tools.empty()) start.developer.tools = read_tools_file(flags.tools);
    if (!flags.response_format.empty()) {
        start.developer.response_formats = harmony::read_response_formats(
            format::read_ordered_json_file(flags.response_format), flags.response_format);
    }
    return start;
}

// Ctrl-C leaves a long prompt within one op. Once tokens come, they are where an answer stops, so
// that what it has said is kept.
struct PromptWatch : StopWatch {
    bool is_reading_prompt = true;
    bool wants(Site site, int layer) override {
        return is_reading_prompt && StopWatch::wants(site, layer);
    }
};

struct StoppableSource {
    ModelSource<ChosenPath> model;
    PromptWatch watch = {};

    StopReason generate(const std::vector<std::int32_t>& prompt, int max_tokens,
                        const std::vector<std::int32_t>& stop_ids, const OnToken& on_token) {
        watch.is_reading_prompt = true;
        model.watch = &watch;
        return model.generate(prompt, max_tokens, stop_ids, [&](std::int32_t id) {
            watch.is_reading_prompt = false;
            return on_token(id);
        });
    }
};

void ask() {
    if (::isatty(STDIN_FILENO) != 1) return;
    print("> ");
    flush_output();
}

int run_chat(const ChatFlags& flags, const Globals& globals) {
    if (flags.max_tokens < 0) {
        throw Error("--max-tokens is " + std::to_string(flags.max_tokens) +
                    ", expected at least 0");
    }
    GenerateOptions generate = flags.generate;
    generate.prefill_chunk = prefill_chunk();
    const bool by_chance = flags.temperature || samples_by_default(model_dir(globals));
    generate.sampling.temperature = by_chance ? flags.temperature.value_or(1) : 0;
    validate(generate.sampling);
    const ChatStart start = start_of(flags);
    OpenedModel model = open_model(globals);
    if (!model.tokenizer) {
        throw Error(model.dir + " has no tokenizer.json (vocab_size " +
                    std::to_string(model.weights.config.vocab_size) + "): chat needs one");
    }
    ChosenTransformer transformer(std::move(model.weights), chosen_path(globals));
    const harmony::HarmonyEncoding encoding = harmony::harmony_encoding(*model.tokenizer);

    StoppableSource source{{transformer, generate}};
    const auto write = [](std::string_view text) {
        print_as_it_is(text);
        flush_output();
    };
    const auto note = [](std::string_view text) { print_error_line(text); };
    ChatPrinter printer({globals.json, flags.hide_analysis, output_is_terminal()}, write, note);
    ChatOptions options;
    options.max_tokens = flags.max_tokens;
    options.keep_analysis = flags.keep_analysis;
    ChatSession<StoppableSource> session{source, encoding, printer, start, options};
    if (flags.prompt.empty()) {
        session.run(std::cin, ask);
        const bool is_script = ::isatty(STDIN_FILENO) != 1;  // a person has seen the mistakes
        return is_script && session.n_mistakes > 0 ? 1 : 0;
    }
    const std::string question = text_argument(flags.prompt);
    if (question.empty()) throw Error("the question is empty, expected a text");
    session.say(question);
    throw_if_stopped();
    return 0;
}

}  // namespace

void add_chat(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<ChatFlags>();
    SamplingOptions& sampling = flags->generate.sampling;
    CLI::App* chat = add_subcommand(app, "chat", "Talk to a model", kChatExamples);

    chat->add_option("PROMPT", flags->prompt,
                     "What to say, once; - reads standard input. Without it there is a prompt")
        ->type_name("")
        ->check(empty_mistake);
    chat->add_option("--effort", flags->effort, "low, medium or high [medium]")->type_name("NAME");
    chat->add_option("--instructions", flags->instructions, "What a developer tells the model")
        ->type_name("TEXT");
    chat->add_option("--tools", flags->tools, "Functions to describe to the model")
        ->type_name("FILE.json");
    chat->add_option("--response-format", flags->response_format,
                     "A JSON schema to describe to the model as the form of its answers")
        ->type_name("FILE.json");
    chat->add_option("--date", flags->date, "The current date, such as 2025-06-28 [not told]")
        ->type_name("D");
    chat->add_flag("--hide-analysis", flags->hide_analysis, "Show the answers only");
    chat->add_flag("--keep-analysis", flags->keep_analysis,
                   "Send the analysis of answered questions again");
    chat->add_option("--max-tokens", flags->max_tokens, "Most tokens of one turn [2048]")
        ->type_name("N");
    chat->add_option("--temperature", flags->temperature,
                     "1 samples the model's own odds, 0 takes the likeliest token [1, or 0 if the "
                     "model's generation_config.json says do_sample false]")
        ->type_name("X");
    chat->add_option("--top-k", sampling.top_k, "Keep the k likeliest tokens [0: all]")
        ->type_name("N");
    chat->add_option("--top-p", sampling.top_p,
                     "Keep the likeliest tokens that make up this share [1: all]")
        ->type_name("X");
    chat->add_option("--min-p", sampling.min_p,
                     "Keep tokens this likely, relative to the likeliest [0: all]")
        ->type_name("X");
    chat->add_option("--seed", flags->generate.seed, "The same seed gives the same answers [0]")
        ->type_name("N")
        ->check(count_mistake);
    when_chosen(chat, tool, [flags, &tool] { return run_chat(*flags, tool.globals); });
}

}  // namespace gptoss::tool

// gptoss: look at a gpt-oss model and run it, from the command line. docs/tool.md has the flags.
//
// Every error goes to standard error, in one line but for a wrong checkpoint's ten, and the exit
// status is 1; 2 for compare and diagnose, where 1 is an answer. With --json an error is one line
// too: {"error": TEXT}.
#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/nearest_words.hpp"
#include "gptoss/core/version.hpp"
#include "models.hpp"
#include "path_memory.hpp"
#include "paths.hpp"
#include "signals.hpp"
#include "team_path.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  gptoss chat 'What is 17 + 25?'                  ask the small model that ships with it\n"
    "  gptoss inspect                                  look at that model\n"
    "  gptoss chat --model DIR 'What is 17 + 25?'      ask another one\n"
    "  gptoss SUBCOMMAND --help                        more, with examples\n";

bool is_cuda_built() {
    return device_path() != nullptr;
}

void add_globals(CLI::App& app, Globals& globals) {
    app.add_option("--model", globals.model,
                   "A checkpoint: a directory in either layout, or a GGUF file [the shipped nano]")
        ->type_name("PATH");
    app.add_option("--path", globals.path,
                   std::string("scalar, bf16 or fast; auto is fast, but scalar for trace; cuda") +
                       (is_cuda_built() ? "" : " is not built") +
                       (team_path() != nullptr ? "; mpi, on several machines" : ""))
        ->type_name("NAME");
    app.add_option("--threads", globals.threads,
                   "Threads of the fast path and of diagnose [one per core]")
        ->type_name("N");
    app.add_flag("--exact", globals.exact,
                 "Keep prompts from units that round activations to BF16: AMX and AVX-512 BF16 "
                 "on the fast path, tensor cores on the CUDA path");
    app.add_option("--dense", globals.dense,
                   "The weights of attention and unembedding: stored, as the file has them, or "
                   "q8_0, a copy "
                   "in 8 bits that changes numbers [stored]")
        ->type_name("NAME");
    app.add_flag("--json", globals.json, "Print one line of JSON instead of text");
}

constexpr const char* kExpectedSubcommand =
    ", expected bench, chat, compare, convert, diagnose, generate, tokenize, harmony, inspect, "
    "perplexity, "
    "synth or trace (see gptoss --help)";

bool takes_path(const std::string& subcommand) {
    for (const char* name : {"bench", "chat", "generate", "inspect", "perplexity", "trace"}) {
        if (subcommand == name) return true;
    }
    return false;
}

void check_path(const std::string& path, const std::string& subcommand) {
    if (path == "auto" || path == "scalar") return;
    if (path == "cuda" && !is_cuda_built()) {
        throw Error("path 'cuda' is not built, expected auto, scalar, bf16 or fast");
    }
    if (path == "mpi" && team_path() == nullptr) {
        throw Error("path 'mpi' is not in this program, expected gptoss-mpi (docs/machines.md)");
    }
    if (path != "bf16" && path != "fast" && path != "cuda" && path != "mpi") {
        throw Error("path '" + path + "' is unknown, expected auto, scalar, bf16, fast or cuda");
    }
    if (takes_path(subcommand)) return;
    throw Error("path '" + path + "' means nothing to " + subcommand +
                ", expected auto, or a subcommand that runs a model");
}

void check_dense(const std::string& dense, const std::string& subcommand) {
    if (dense == "stored") return;
    if (dense != "q8_0") throw Error("--dense is '" + dense + "', expected stored or q8_0");
    if (takes_path(subcommand)) return;
    throw Error("--dense q8_0 means nothing to " + subcommand +
                ", expected a subcommand that runs a model");
}

void check_globals(const Globals& globals, const std::string& subcommand) {
    check_path(globals.path, subcommand);
    check_dense(globals.dense, subcommand);
    if (globals.threads && *globals.threads < 1) {
        throw Error("--threads is " + std::to_string(*globals.threads) + ", expected at least 1");
    }
}

// What a user typed may be part of a message and hold line feeds.
std::string on_one_line(std::string text) {
    for (char& letter : text) {
        if (letter == '\n' || letter == '\r') letter = ' ';
    }
    return text;
}

// A word that stands where a subcommand is expected.
void check_subcommand(const CLI::App& app) {
    const std::vector<std::string> unexpected = app.remaining();
    const bool has_subcommand = !app.get_subcommands().empty();
    if (has_subcommand || unexpected.empty() || unexpected[0].starts_with("-")) return;
    std::vector<std::string> names;
    for (const CLI::App* subcommand : app.get_subcommands({})) {
        names.push_back(subcommand->get_name());
    }
    const std::string hint = did_you_mean(nearest_words(unexpected[0], names));
    throw Error("'" + on_one_line(unexpected[0]) + "' is no subcommand" +
                (hint.empty() ? kExpectedSubcommand : hint));
}

// With --path mpi rank 0 runs the subcommand, and the others its passes.
int run_chosen(const Tool& tool, const std::string& subcommand) {
    const Globals& globals = tool.globals;
    if (globals.path != "mpi" || team_path()->leads()) return tool.run();
    const Path path = chosen_path(globals);
    const auto made = tool.weights_of.find(subcommand);
    Weights weights = made == tool.weights_of.end() ? open_weights(globals) : made->second();
    return team_path()->serve(weights_on_path(std::move(weights), path));
}

int run(int argc, char** argv) {
    CLI::App app(
        "gptoss: OpenAI's gpt-oss models, readable: run, look inside, compare, find the bug.",
        "gptoss");
    app.footer(kExamples);
    app.set_version_flag("--version", "gptoss " GPTOSS_VERSION);
    app.require_subcommand(0, 1);  // at most one, so that PROMPT may be the name of another

    Tool tool;
    add_globals(app, tool.globals);
    add_bench(app, tool);
    add_chat(app, tool);
    add_compare(app, tool);
    add_diagnose(app, tool);
    add_generate(app, tool);
    add_harmony(app, tool);
    add_inspect(app, tool);
    add_perplexity(app, tool);
    add_synth(app, tool);
    add_convert(app, tool);
    add_tokenize(app, tool);
    add_trace(app, tool);
    refuse_empty_values(app);

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForVersion& version) {
        print(version.what() + std::string("\n"));
        return 0;
    } catch (const CLI::Success&) {
        print(app.help());
        return 0;
    } catch (const CLI::ExtrasError&) {
        check_subcommand(app);
        throw;
    }
    if (!tool.run) {
        throw Error(std::string("no subcommand") + kExpectedSubcommand);
    }
    const std::string subcommand = app.get_subcommands().front()->get_name();
    check_globals(tool.globals, subcommand);
    return run_chosen(tool, subcommand);
}

// By the first word that is no option: a command line may be wrong before it is understood.
int error_status(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool takes_value =
            word == "--model" || word == "--path" || word == "--threads" || word == "--dense";
        if (takes_value) ++i;
        if (!word.starts_with("-")) return word == "compare" || word == "diagnose" ? 2 : 1;
    }
    return 1;
}

bool wants_json = false;  // set before the command line is understood
bool is_in_team = false;  // the same
std::string problem;      // what was complained of

// --path mpi, or --path=mpi. A team has to meet even if the rest is wrong.
bool asks_for_team(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const bool is_followed = word == "--path" && i + 1 < argc;
        if (word == "--path=mpi" || (is_followed && argv[i + 1] == std::string("mpi"))) return true;
    }
    return false;
}

void complain(const std::string& text) {
    const std::string message = error_text(text);
    problem = message;
    if (is_in_team && !team_path()->leads()) return;
    if (!wants_json) return print_error_line("gptoss: " + message);
    const auto replace_bad_utf8 = nlohmann::json::error_handler_t::replace;
    const nlohmann::json json = {{"error", message}};
    print_error_line(json.dump(-1, ' ', false, replace_bad_utf8));
}

int run_and_complain(int argc, char** argv) {
    try {
        const int status = run(argc, argv);
        flush_output();
        return status;
    } catch (const Stopped& stopped) {
        return stopped.exit_status();
    } catch (const CLI::ExtrasError& error) {
        complain(on_one_line(error.what()) + " (a text with spaces needs quotes; see --help)");
    } catch (const CLI::RequiredError& error) {
        const bool is_flag = std::string(error.what()).starts_with("-");
        complain(on_one_line(error.what()) +
                 (is_flag ? "" : " (one that begins with a dash goes behind --; see --help)"));
    } catch (const CLI::ParseError& error) {
        complain(on_one_line(error.what()));
    } catch (const std::bad_alloc&) {
        complain("out of memory");
    } catch (const std::filesystem::filesystem_error& error) {
        complain(error.path1().string() + ": cannot be opened: " + error.code().message());
    } catch (const std::exception& error) {
        complain(error.what());
    }
    return error_status(argc, argv);
}

}  // namespace
}  // namespace gptoss::tool

int main(int argc, char** argv) {
    using namespace gptoss::tool;
    std::signal(SIGPIPE, SIG_DFL);  // a closed pipe ends the program quietly
    std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit: an error, like a full disk
    wants_json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
    report_lost_files(wants_json, error_status(argc, argv));
    is_in_team = team_path() != nullptr && asks_for_team(argc, argv);
    if (!is_in_team) return run_and_complain(argc, argv);
    team_path()->start(wants_json);
    const int status = run_and_complain(argc, argv);
    return team_path()->end(status, problem);
}

// gptoss bench: how fast a model runs here, and what it keeps in memory.
//
// For each length of the prompt: prefill it, then decode --decode-tokens more behind it, sampling
// included; once to warm up and then --repeats times, of which the medians are shown.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gptoss/core/generator.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/ops/scalar.hpp"
#include "gptoss/run/generate.hpp"
#include "models.hpp"
#include "signals.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kBenchExamples =
    "  gptoss bench                                    the small model that ships with the tool\n"
    "  gptoss bench --model DIR --prompt-tokens 8 --decode-tokens 4 --repeats 1\n";

struct BenchFlags {
    std::vector<int> prompt_tokens = {32, 128, 512};
    int decode_tokens = 64;
    int repeats = 3;
};

// Tokens per second of several runs.
struct Rates {
    std::vector<double> of_runs = {};

    double median() const {
        std::vector<double> sorted = of_runs;
        std::sort(sorted.begin(), sorted.end());
        const std::size_t half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
    // Between the slowest and the fastest run, as a share of the median.
    double spread() const {
        const auto [least, most] = std::minmax_element(of_runs.begin(), of_runs.end());
        return (*most - *least) / median();
    }
};

struct Row {
    int prompt_tokens = 0;
    Rates prefill;
    Rates decode;
    std::size_t cache_bytes = 0;
    std::size_t activation_bytes = 0;
};

// Any tokens do: the work does not depend on them, but for the experts they are sent to.
std::vector<std::int32_t> some_tokens(int n_tokens, int vocab_size) {
    std::vector<std::int32_t> tokens;
    for (int t = 0; t < n_tokens; ++t) {
        tokens.push_back(std::int32_t(mix(std::uint64_t(t)) % std::uint64_t(vocab_size)));
    }
    return tokens;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// One run from an empty cache, added to the row.
void measure(Transformer<ScalarOps>& transformer, int decode_tokens, Row& row) {
    const int vocab_size = transformer.w.config.vocab_size;
    const std::vector<std::int32_t> tokens = some_tokens(row.prompt_tokens, vocab_size);
    StopWatch stop_watch;
    transformer.cache = {};

    const auto prefill_begin = std::chrono::steady_clock::now();
    prefill(transformer, {tokens.data(), row.prompt_tokens}, kPrefillChunk, &stop_watch);
    row.prefill.of_runs.push_back(row.prompt_tokens / seconds_since(prefill_begin));
    row.activation_bytes = transformer.a.memory.bytes();

    const auto decode_begin = std::chrono::steady_clock::now();
    for (int n = 0; n < decode_tokens; ++n) {
        Activations& a = transformer.a;
        ScalarOps::sample(a.logits, {0}, 0.0, a.next_token);
        transformer.feed({a.next_token.data, 1}, LogitRows::last, &stop_watch);
    }
    row.decode.of_runs.push_back(decode_tokens / seconds_since(decode_begin));
    row.cache_bytes = bytes_of(transformer.cache);
}

std::size_t peak_resident_bytes() {
    struct rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::size_t(usage.ru_maxrss) * 1024;
}

// --- How it looks -----------------------------------------------------------------------------

Table table_of(const std::vector<Row>& rows) {
    Table table{"rrrrrrr"};
    table.add({"prompt", "prefill tokens/s", "spread", "decode tokens/s", "spread", "KV cache",
               "activations"});
    const auto percent = [](double share) { return formatted("%.0f %%", 100 * share); };
    for (const Row& row : rows) {
        table.add({std::to_string(row.prompt_tokens), formatted("%.1f", row.prefill.median()),
                   percent(row.prefill.spread()), formatted("%.1f", row.decode.median()),
                   percent(row.decode.spread()), readable_bytes(std::int64_t(row.cache_bytes)),
                   readable_bytes(std::int64_t(row.activation_bytes))});
    }
    return table;
}

nlohmann::ordered_json json_of(const std::vector<Row>& rows, const Model& model) {
    nlohmann::ordered_json json;
    json["model"] = model.dir;
    json["path"] = "scalar";
    json["threads"] = 1;
    json["bytes_per_token"] = model_size(model.weights.config).bytes_per_token;
    for (const Row& row : rows) {
        json["rows"].push_back({{"prompt_tokens", row.prompt_tokens},
                                {"prefill_tokens_per_s", row.prefill.median()},
                                {"prefill_runs", row.prefill.of_runs},
                                {"decode_tokens_per_s", row.decode.median()},
                                {"decode_runs", row.decode.of_runs},
                                {"kv_cache_bytes", row.cache_bytes},
                                {"activation_bytes", row.activation_bytes}});
    }
    json["peak_resident_bytes"] = peak_resident_bytes();
    return json;
}

void print_text(const std::vector<Row>& rows, const BenchFlags& flags, const Model& model) {
    const ModelSize size = model_size(model.weights.config);
    print(model.dir + ", path scalar, one thread; medians of " + std::to_string(flags.repeats) +
          "\n\n");
    print_table("decode: " + std::to_string(flags.decode_tokens) + " tokens behind the prompt",
                table_of(rows));
    print("weights        " + readable_bytes(size.payload_bytes) + " mapped, " +
          readable_bytes(size.bytes_per_token) + " read per decoded token\n");
    print("peak resident  " + readable_bytes(std::int64_t(peak_resident_bytes())) + "\n");
}

// --- The run ----------------------------------------------------------------------------------

void require_at_least_one(const char* flag, int number) {
    if (number >= 1) return;
    throw Error(std::string(flag) + " is " + std::to_string(number) + ", expected at least 1");
}

int run_bench(const BenchFlags& flags, const Globals& globals) {
    require_at_least_one("--decode-tokens", flags.decode_tokens);
    require_at_least_one("--repeats", flags.repeats);
    const StopOnSignal stop_on_signal;
    const Model model = open_model(globals);
    Transformer<ScalarOps> transformer(model.weights);
    std::vector<Row> rows;
    ProgressBar progress;
    const std::size_t n_runs = flags.prompt_tokens.size() * std::size_t(flags.repeats + 1);
    for (const int n_tokens : flags.prompt_tokens) {
        require_at_least_one("--prompt-tokens", n_tokens);
        Row row{n_tokens, {}, {}};
        for (int run = 0; run <= flags.repeats; ++run) {
            progress.show(rows.size() * std::size_t(flags.repeats + 1) + std::size_t(run), n_runs,
                          std::to_string(n_tokens) + " tokens");
            if (run == 1) row = {n_tokens, {}, {}};  // the first one was to warm up
            measure(transformer, flags.decode_tokens, row);
        }
        rows.push_back(row);
    }
    if (globals.json) {
        print_json(json_of(rows, model));
    } else {
        print_text(rows, flags, model);
    }
    return 0;
}

}  // namespace

void add_bench(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<BenchFlags>();
    CLI::App* bench = add_subcommand(app, "bench", "Measure speed and memory", kBenchExamples);
    bench->add_option("--prompt-tokens", flags->prompt_tokens, "Lengths of prompts [32,128,512]")
        ->type_name("LIST")
        ->delimiter(',');
    bench->add_option("--decode-tokens", flags->decode_tokens, "Tokens to decode behind each [64]")
        ->type_name("N");
    bench->add_option("--repeats", flags->repeats, "Runs behind the one that warms up [3]")
        ->type_name("N");
    when_chosen(bench, tool, [flags, &tool] { return run_bench(*flags, tool.globals); });
}

}  // namespace gptoss::tool

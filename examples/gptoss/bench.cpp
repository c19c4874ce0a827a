// gptoss bench: how fast a model runs here, how near that is to what the machine can do, and what it
// keeps in memory.
//
// For each length of the prompt: prefill it, then decode --decode-tokens more behind it, sampling
// included; once to warm up and then --repeats times, of which the medians are shown.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/generator.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/run/generate.hpp"
#include "machine_rates.hpp"
#include "models.hpp"
#include "op_clock.hpp"
#include "paths.hpp"
#include "team_path.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kBenchExamples =
    "  gptoss bench                                    the small model that ships with the tool\n"
    "  gptoss bench --model DIR --prompt-tokens 8 --decode-tokens 4 --repeats 1\n"
    "  gptoss bench --path scalar                      the plain path\n"
    "  gptoss bench --synth 20b --layers 4             random weights in memory, four layers\n";

struct BenchFlags {
    std::vector<int> prompt_tokens = {32, 128, 512, 2048};
    int decode_tokens = 64;
    int repeats = 3;
    std::string synth;
    int layers = 0;  // 0: all
};

// What is measured: --model, or random weights with the shapes of a preset.
struct BenchModel {
    std::string name;
    Weights weights;
    int layers_in_full = 0;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void wait_for_device() {
    if (device_in_use != nullptr) device_in_use->wait();
}

// Several runs of one phase.
struct Phase {
    int n_tokens = 0;  // of each run
    std::vector<double> seconds = {};
    std::vector<std::array<double, kNTimedOps>> ops = {};

    std::vector<double> rates() const {
        std::vector<double> rates;
        for (const double s : seconds)
            rates.push_back(n_tokens / s);
        return rates;
    }
    double rate() const { return median(rates()); }
    // Between the slowest and the fastest run, as a share of the median.
    double spread() const {
        const auto [least, most] = std::minmax_element(seconds.begin(), seconds.end());
        return (*most - *least) / median(seconds);
    }
    double op_seconds(std::size_t op) const {
        std::vector<double> of_runs;
        for (const auto& run : ops)
            of_runs.push_back(run[op]);
        return median(of_runs);
    }
    // What is in a layer takes as much longer as there are more of them; the ends do not.
    double rate_with_layers(double times_as_many) const {
        double total = 0;
        for (std::size_t op = 0; op < kNTimedOps; ++op)
            total += op_seconds(op) * (is_in_layers(op) ? times_as_many : 1);
        return n_tokens / total;
    }
};

struct Row {
    int prompt_tokens = 0;
    Phase prefill = {};
    Phase decode = {};
    std::size_t cache_bytes = 0;
    std::size_t activation_bytes = 0;
    std::vector<RankReport> ranks = {};  // of --path mpi: while the last run decoded
};

// Any tokens do: the work does not depend on them, but for the experts they are sent to.
std::vector<std::int32_t> some_tokens(int n_tokens, int vocab_size) {
    std::vector<std::int32_t> tokens;
    for (int t = 0; t < n_tokens; ++t) {
        tokens.push_back(std::int32_t(mix(std::uint64_t(t)) % std::uint64_t(vocab_size)));
    }
    return tokens;
}

// What a run is for. On a CPU every run gives both rates and the time of each op; on a device a
// clock has to wait behind every op, so there the ops have a run of their own.
enum class Purpose { rates, ops };
bool is_timed(Purpose purpose) {
    return device_in_use == nullptr || purpose == Purpose::rates;
}

// One run from an empty cache, added to the row.
void measure(ChosenTransformer& transformer, Row& row, Purpose purpose) {
    const bool has_clock = device_in_use == nullptr || purpose == Purpose::ops;
    const Forward usual_forward = transformer.path.forward;
    if (device_in_use != nullptr && has_clock) {
        transformer.path.forward = transformer.path.forward_by_ops;
    }
    const int vocab_size = transformer.w.config.vocab_size;
    const std::vector<std::int32_t> tokens = some_tokens(row.prompt_tokens, vocab_size);
    transformer.cache = {};

    OpClock prefill_clock;
    const auto prefill_begin = std::chrono::steady_clock::now();
    prefill(transformer, {tokens.data(), row.prompt_tokens}, prefill_chunk(),
            has_clock ? &prefill_clock : nullptr);
    wait_for_device();
    if (is_timed(purpose)) row.prefill.seconds.push_back(seconds_since(prefill_begin));
    if (has_clock) row.prefill.ops.push_back(prefill_clock.seconds);
    row.activation_bytes = transformer.a.memory.bytes();

    const bool has_ranks = transformer.path.name == "mpi";
    if (has_ranks) team_path()->report();  // from here on
    OpClock decode_clock;
    const auto decode_begin = std::chrono::steady_clock::now();
    for (int n = 0; n < row.decode.n_tokens; ++n) {
        Activations& a = transformer.a;
        throw_if_stopped();
        decode_clock.last = std::chrono::steady_clock::now();
        ChosenPath::sample(a.logits, {0}, 0.0, a.next_token);
        std::int32_t id = 0;
        PathMemory::download(&id, a.next_token.data, sizeof id);
        if (has_clock) decode_clock.add(kSampleOp);
        transformer.feed({&id, 1}, LogitRows::last, has_clock ? &decode_clock : nullptr);
    }
    wait_for_device();
    if (is_timed(purpose)) row.decode.seconds.push_back(seconds_since(decode_begin));
    if (has_clock) row.decode.ops.push_back(decode_clock.seconds);
    if (has_ranks) row.ranks = team_path()->report();
    transformer.path.forward = usual_forward;
    row.cache_bytes = bytes_of(transformer.cache);
}

std::size_t peak_resident_bytes() {
    struct rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::size_t(usage.ru_maxrss) * 1024;
}

// --- How it looks -----------------------------------------------------------------------------

// What was measured, and all that is needed to judge it.
struct Report {
    const BenchModel& subject;
    const Path& path;
    const BenchFlags& flags;
    MachineRates machine;
    std::int64_t bytes_saved_per_token = 0;  // by dense matrices that are not BF16
    std::vector<Row> rows = {};

    double bytes_per_token() const {
        const auto as_stored = model_size(subject.weights.config).bytes_per_token;
        return double(as_stored - bytes_saved_per_token);
    }
    double share_of_roof(const Row& row) const {
        return row.decode.rate() * bytes_per_token() / machine.read_bytes_per_s;
    }
    bool is_cut() const { return subject.weights.config.n_layers < subject.layers_in_full; }
    double times_as_many_layers() const {
        return double(subject.layers_in_full) / subject.weights.config.n_layers;
    }
};

std::string share_text(double share) {
    return formatted("%.0f %%", 100 * share);
}

Table rate_table(const Report& report) {
    Table table{"rrrrrrrr"};
    table.add({"prompt", "prefill tokens/s", "spread", "decode tokens/s", "spread", "share of roof",
               "KV cache", "activations"});
    for (const Row& row : report.rows) {
        table.add({std::to_string(row.prompt_tokens), formatted("%.1f", row.prefill.rate()),
                   share_text(row.prefill.spread()), formatted("%.1f", row.decode.rate()),
                   share_text(row.decode.spread()), share_text(report.share_of_roof(row)),
                   readable_bytes(std::int64_t(row.cache_bytes)),
                   readable_bytes(std::int64_t(row.activation_bytes))});
    }
    return table;
}

Table extrapolated_table(const Report& report) {
    Table table{"rrr"};
    table.add({"prompt", "prefill tokens/s", "decode tokens/s"});
    for (const Row& row : report.rows) {
        const double times = report.times_as_many_layers();
        table.add({std::to_string(row.prompt_tokens),
                   formatted("%.1f", row.prefill.rate_with_layers(times)),
                   formatted("%.1f", row.decode.rate_with_layers(times))});
    }
    return table;
}

// Medians of each op for itself; their sum misses that of the wall time by what lies between passes,
// and by a little either way.
Table op_table(const Row& row) {
    Table table{"lrrrr"};
    table.add({"op", "prefill ms", "share", "decode ms per token", "share"});
    const double prefill_ms = 1e3 * median(row.prefill.seconds);
    const double decode_ms = 1e3 * median(row.decode.seconds) / row.decode.n_tokens;
    double prefill_sum = 0, decode_sum = 0;
    const auto add = [&](const std::string& name, double in_prefill, double in_decode) {
        table.add({name, formatted("%.3f", in_prefill), share_text(in_prefill / prefill_ms),
                   formatted("%.4f", in_decode), share_text(in_decode / decode_ms)});
    };
    for (std::size_t op = 0; op < kNTimedOps; ++op) {
        const double in_prefill = 1e3 * row.prefill.op_seconds(op);
        const double in_decode = 1e3 * row.decode.op_seconds(op) / row.decode.n_tokens;
        add(kTimedOps[op], in_prefill, in_decode);
        prefill_sum += in_prefill;
        decode_sum += in_decode;
    }
    add("sum", prefill_sum, decode_sum);
    add("wall", prefill_ms, decode_ms);
    return table;
}

// What each rank did while the last run decoded.
Table rank_table(const Row& row) {
    const double n_tokens = row.decode.n_tokens;
    double all_expert_bytes = 0;
    for (const RankReport& rank : row.ranks)
        all_expert_bytes += double(rank.n_expert_bytes);
    Table table{"rlrrrrrrr"};
    table.add({"rank", "machine", "experts", "expert bytes per token", "share", "calls per token",
               "bytes handed over", "in MPI", "files in memory"});
    for (const RankReport& rank : row.ranks) {
        table.add({std::to_string(rank.rank), rank.machine,
                   std::to_string(rank.first_expert) + " to " + std::to_string(rank.end_expert - 1),
                   with_commas(std::int64_t(double(rank.n_expert_bytes) / n_tokens)),
                   share_text(double(rank.n_expert_bytes) / all_expert_bytes),
                   formatted("%.1f", double(rank.n_calls) / n_tokens),
                   with_commas(std::int64_t(double(rank.n_bytes) / n_tokens)),
                   share_text(rank.seconds_in_mpi / row.decode.seconds.back()),
                   readable_bytes(rank.resident_file_bytes)});
    }
    return table;
}

nlohmann::ordered_json json_of(const RankReport& rank, int n_tokens) {
    return {{"rank", rank.rank},
            {"machine", rank.machine},
            {"first_expert", rank.first_expert},
            {"end_expert", rank.end_expert},
            {"expert_bytes_per_token", double(rank.n_expert_bytes) / n_tokens},
            {"mpi_calls_per_token", double(rank.n_calls) / n_tokens},
            {"mpi_bytes_per_token", double(rank.n_bytes) / n_tokens},
            {"seconds_in_mpi", rank.seconds_in_mpi},
            {"resident_bytes", rank.resident_bytes},
            {"resident_file_bytes", rank.resident_file_bytes}};
}

nlohmann::ordered_json json_of(const Row& row, const Report& report) {
    nlohmann::ordered_json json = {
        {"prompt_tokens", row.prompt_tokens},  {"prefill_tokens_per_s", row.prefill.rate()},
        {"prefill_runs", row.prefill.rates()}, {"decode_tokens_per_s", row.decode.rate()},
        {"decode_runs", row.decode.rates()},   {"decode_share_of_roof", report.share_of_roof(row)},
        {"kv_cache_bytes", row.cache_bytes},   {"activation_bytes", row.activation_bytes}};
    if (report.is_cut()) {
        const double times = report.times_as_many_layers();
        json["extrapolated"] = {{"prefill_tokens_per_s", row.prefill.rate_with_layers(times)},
                                {"decode_tokens_per_s", row.decode.rate_with_layers(times)}};
    }
    for (std::size_t op = 0; op < kNTimedOps; ++op) {
        json["op_seconds"].push_back({{"op", kTimedOps[op]},
                                      {"prefill", row.prefill.op_seconds(op)},
                                      {"decode", row.decode.op_seconds(op)}});
    }
    for (const RankReport& rank : row.ranks)
        json["ranks"].push_back(json_of(rank, row.decode.n_tokens));
    json["wall_seconds"] = {{"prefill", median(row.prefill.seconds)},
                            {"decode", median(row.decode.seconds)}};
    return json;
}

nlohmann::ordered_json json_of(const Report& report) {
    nlohmann::ordered_json json;
    json["model"] = report.subject.name;
    json["layers"] = report.subject.weights.config.n_layers;
    json["path"] = report.path.name;
    json["threads"] = report.path.n_threads;
    json["bf16_unit"] = report.path.bf16_unit.name;
    json["dense"] = report.path.dense;
    json["read_bytes_per_s"] = report.machine.read_bytes_per_s;
    json["float32_flop_per_s"] = report.machine.float32_flop_per_s;
    json["bytes_per_token"] = std::int64_t(report.bytes_per_token());
    json["roof_tokens_per_s"] = report.machine.read_bytes_per_s / report.bytes_per_token();
    for (const Row& row : report.rows)
        json["rows"].push_back(json_of(row, report));
    json["peak_resident_bytes"] = peak_resident_bytes();
    return json;
}

std::string gigabytes_per_s(double bytes_per_s) {
    return formatted("%.1f GB/s", bytes_per_s / 1e9);
}

std::string machine_text(const Report& report) {
    const MachineRates& machine = report.machine;
    if (device_in_use != nullptr) {
        const double achieved = report.rows.front().decode.rate() * report.bytes_per_token();
        return "device         " + device_in_use->name() + ": copies within its memory at " +
               gigabytes_per_s(machine.read_bytes_per_s) + ", read and written; decoding reads " +
               gigabytes_per_s(achieved) + " behind the first prompt\n";
    }
    return "machine        reads " + gigabytes_per_s(machine.read_bytes_per_s) + ", computes " +
           formatted("%.0f GFLOP/s", machine.float32_flop_per_s / 1e9) + " in float32\n";
}

void print_text(const Report& report) {
    const ModelSize size = model_size(report.subject.weights.config);
    const MachineRates& machine = report.machine;
    print(report.subject.name + ", path " + report.path.name + ", threads " +
          std::to_string(report.path.n_threads) + ", BF16 unit " + report.path.bf16_unit.name +
          (report.path.dense == "q8_0" ? ", dense weights Q8_0" : "") + "; medians of " +
          std::to_string(report.flags.repeats) + "\n\n");
    print_table(
        "decode: " + std::to_string(report.flags.decode_tokens) + " tokens behind the prompt",
        rate_table(report));
    if (report.is_cut()) {
        print_table("extrapolated to " + std::to_string(report.subject.layers_in_full) +
                        " layers: what is in layers times " +
                        formatted("%.3g", report.times_as_many_layers()) + ", the ends once",
                    extrapolated_table(report));
    }
    print_table("ops behind a prompt of " + std::to_string(report.rows.back().prompt_tokens),
                op_table(report.rows.back()));
    if (!report.rows.back().ranks.empty()) {
        print_table("ranks, decoding behind a prompt of " +
                        std::to_string(report.rows.back().prompt_tokens),
                    rank_table(report.rows.back()));
    }
    print(machine_text(report));
    print("weights        " + readable_bytes(size.payload_bytes) + " in all, " +
          readable_bytes(std::int64_t(report.bytes_per_token())) +
          " read per decoded token: at most " +
          formatted("%.1f tokens/s", machine.read_bytes_per_s / report.bytes_per_token()) + "\n");
    print("peak resident  " + readable_bytes(std::int64_t(peak_resident_bytes())) + "\n");
}

// --- The run ----------------------------------------------------------------------------------

void require_at_least_one(const char* flag, int number) {
    if (number >= 1) return;
    throw Error(std::string(flag) + " is " + std::to_string(number) + ", expected at least 1");
}

// What bounds a path: the machine, or the device, of which only copies are measured.
MachineRates rates_under(const Path& path) {
    if (path.name != "cuda") return machine_rates();
    return {device_in_use->copy_bytes_per_s(), 0};
}

// Measured before and behind each length, since other programs take their share: the best counts.
MachineRates better_of(const MachineRates& a, const MachineRates& b) {
    return {std::max(a.read_bytes_per_s, b.read_bytes_per_s),
            std::max(a.float32_flop_per_s, b.float32_flop_per_s)};
}

BenchModel bench_model(const BenchFlags& flags, const Globals& globals) {
    if (flags.synth.empty()) {
        if (flags.layers != 0) throw Error("--layers needs --synth PRESET");
        OpenedModel model = open_model(globals);
        const int n_layers = model.weights.config.n_layers;
        return {model.dir, std::move(model.weights), n_layers};
    }
    if (!globals.model.empty()) throw Error("--synth and --model: expected one of them");
    const Config full = preset(flags.synth);
    const int n_layers = flags.layers == 0 ? full.n_layers : flags.layers;
    require_at_least_one("--layers", n_layers);
    if (n_layers > full.n_layers) {
        throw Error("--layers is " + std::to_string(n_layers) + ", expected at most " +
                    std::to_string(full.n_layers) + " (" + flags.synth + ")");
    }
    return {"synthetic " + flags.synth + ", " + std::to_string(n_layers) + " layers",
            checkpoint::synthetic_weights(with_layers(full, n_layers), 1), full.n_layers};
}

// Of the dense matrices that decoding one token reads, against BF16.
std::int64_t bytes_saved_per_token(const Weights& weights) {
    std::vector<DenseMatrix> dense{weights.unembedding};
    for (const LayerWeights& layer : weights.layers) {
        const AttentionWeights& attn = layer.attn;
        dense.insert(dense.end(), {attn.q, attn.k, attn.v, attn.out, layer.mlp.router});
    }
    std::int64_t saved = 0;
    for (const DenseMatrix& w : dense) {
        saved += std::int64_t(w.rows) * (2 * std::int64_t(w.cols) - std::int64_t(w.row_bytes()));
    }
    return saved;
}

int run_bench(const BenchFlags& flags, const Globals& globals) {
    require_at_least_one("--decode-tokens", flags.decode_tokens);
    require_at_least_one("--repeats", flags.repeats);
    for (const int n_tokens : flags.prompt_tokens)
        require_at_least_one("--prompt-tokens", n_tokens);
    const Path path = chosen_path(globals);
    const BenchModel subject = bench_model(flags, globals);
    for (const int n_tokens : flags.prompt_tokens)
        require_context({}, subject.weights.config, n_tokens);
    const StopOnSignal stop_on_signal;  // not before: what made the weights is ended at once
    Report report{subject, path, flags, rates_under(path)};
    ChosenTransformer transformer(subject.weights, path);
    report.bytes_saved_per_token = bytes_saved_per_token(transformer.w);
    ProgressBar progress;
    const std::size_t n_runs = flags.prompt_tokens.size() * std::size_t(flags.repeats + 1);
    std::size_t n_done = 0;
    for (const int n_tokens : flags.prompt_tokens) {
        Row row;
        for (int run = 0; run <= flags.repeats; ++run) {
            progress.show(n_done++, n_runs, std::to_string(n_tokens) + " tokens");
            if (run <= 1) {  // the first one is to warm up
                row = {n_tokens, {n_tokens}, {flags.decode_tokens}};
            }
            measure(transformer, row, Purpose::rates);
        }
        if (device_in_use != nullptr) measure(transformer, row, Purpose::ops);
        report.rows.push_back(row);
        report.machine = better_of(report.machine, rates_under(path));
    }
    if (globals.json) {
        print_json(json_of(report));
    } else {
        print_text(report);
    }
    return 0;
}

}  // namespace

void add_bench(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<BenchFlags>();
    CLI::App* bench = add_subcommand(app, "bench", "Measure speed and memory", kBenchExamples);
    bench
        ->add_option("--prompt-tokens", flags->prompt_tokens,
                     "Lengths of prompts [32,128,512,2048]")
        ->type_name("LIST")
        ->delimiter(',');
    bench->add_option("--decode-tokens", flags->decode_tokens, "Tokens to decode behind each [64]")
        ->type_name("N");
    bench->add_option("--repeats", flags->repeats, "Runs behind the one that warms up [3]")
        ->type_name("N");
    bench
        ->add_option("--synth", flags->synth,
                     "Random weights with the shapes of a preset, instead of --model")
        ->type_name("NAME");
    bench->add_option("--layers", flags->layers, "Only so many layers of --synth [all]")
        ->type_name("N");
    when_chosen(bench, tool, [flags, &tool] { return run_bench(*flags, tool.globals); });
    tool.weights_of["bench"] = [flags, &tool] { return bench_model(*flags, tool.globals).weights; };
}

}  // namespace gptoss::tool

// gptoss inspect: what a model is made of, from its config alone or from its files.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gptoss/checkpoint/check_tensors.hpp"
#include "gptoss/checkpoint/checkpoint_files.hpp"
#include "gptoss/checkpoint/gguf_weights.hpp"
#include "gptoss/checkpoint/yarn_differences.hpp"
#include "gptoss/core/model_size.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/format/write_config_json.hpp"
#include "gptoss/model/activations.hpp"
#include "gptoss/run/generate.hpp"
#include "inspect_gpu.hpp"
#include "inspect_kernels.hpp"
#include "inspect_ranks.hpp"
#include "models.hpp"
#include "name_map.hpp"
#include "terminal.hpp"
#include "tool.hpp"

namespace gptoss::tool {
namespace {

constexpr const char* kInspectExamples =
    "  gptoss inspect                            the small model that ships with the tool\n"
    "  gptoss inspect --preset 120b              sizes of a released model, no files needed\n"
    "  gptoss inspect --model PATH               the same of a checkpoint, and its tensors\n"
    "  gptoss inspect --model DIR --verify       also check names, shapes and MXFP4 scales\n"
    "  gptoss inspect --preset 120b --ranks 4    what each of four machines holds of it\n"
    "  gptoss inspect --preset 20b --gpu         the longest context on GPUs of 16 to 141 GiB\n"
    "  gptoss inspect --cpu                      which implementation of each op will run\n"
    "  gptoss inspect --names                    what each tensor is called elsewhere\n";

struct InspectFlags {
    std::string preset;
    bool verify = false;
    bool cpu = false;
    bool names = false;
    RanksFlags ranks = {};
    std::optional<std::uint64_t> gpu;  // bytes; 0 stands for the usual sizes
};

struct ListedTensor {
    format::TensorView view;
    std::string file;  // its name
};
using ListedTensors = std::map<std::string, ListedTensor>;

// A model to look at. Without files it is only a config.
struct Subject {
    std::string name;
    Config config;
    std::optional<checkpoint::CheckpointFiles> checkpoint;
    std::optional<format::GgufFiles> gguf;
    ListedTensors tensors;
    checkpoint::Layout layout = checkpoint::Layout::hugging_face;  // of the checkpoint

    bool has_files() const { return checkpoint || gguf; }
};

std::string layout_name(const Subject& subject) {
    if (subject.gguf) return "GGUF version " + std::to_string(subject.gguf->first().version);
    const checkpoint::Layout layout = subject.layout;
    if (layout == checkpoint::Layout::openai) return "OpenAI";
    if (layout == checkpoint::Layout::hugging_face) return "Hugging Face";
    return "Hugging Face, experts unpacked";
}

std::string file_name(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

void look_at_gguf(const std::filesystem::path& path, Subject& subject) {
    subject.gguf = format::open_gguf_files(path);
    subject.config = checkpoint::gguf_config(*subject.gguf);
    for (const format::Gguf& part : subject.gguf->parts) {
        for (const auto& [name, view] : part.tensors) {
            subject.tensors[name] = {view, file_name(part.path)};
        }
    }
}

void look_at_checkpoint(Subject& subject) {
    subject.checkpoint = checkpoint::open_checkpoint(subject.name);
    subject.config = subject.checkpoint->config;
    checkpoint::Problems problems;
    const checkpoint::FoundTensors tensors =
        checkpoint::find_tensors(*subject.checkpoint, problems);
    checkpoint::throw_if_any(subject.name, problems);
    subject.layout = checkpoint::likeliest_layout(*subject.checkpoint, tensors);
    for (const auto& [name, tensor] : tensors) {
        subject.tensors[name] = {tensor.view, file_name(tensor.file->path)};
    }
}

Subject subject_of(const InspectFlags& flags, const Globals& globals) {
    Subject subject;
    if (!flags.preset.empty()) {
        subject.name = "preset " + flags.preset;
        subject.config = preset(flags.preset);
        return subject;
    }
    subject.name = model_dir(globals);
    const auto gguf = format::find_gguf(subject.name);
    if (gguf) {
        look_at_gguf(*gguf, subject);
    } else {
        look_at_checkpoint(subject);
    }
    return subject;
}

// --- Config -----------------------------------------------------------------------------------

std::string layers_text(const Config& c) {
    const auto n_sliding =
        std::count(c.layer_kinds.begin(), c.layer_kinds.end(), AttentionKind::sliding);
    const bool alternates = c.layer_kinds == alternating_layers(c.n_layers);
    return std::to_string(c.n_layers) + " (" + std::to_string(n_sliding) + " sliding, " +
           std::to_string(c.n_layers - n_sliding) + " full" +
           (alternates ? ", alternating from layer 0)" : ")");
}

std::string eos_ids_text(const std::vector<int>& ids) {
    std::string text;
    for (const int id : ids)
        text += (text.empty() ? "" : ", ") + std::to_string(id);
    return text.empty() ? "none" : text;
}

Table config_table(const Config& c) {
    const auto integer = [](int number) { return with_commas(number); };
    const auto real = [](double number) { return formatted("%g", number); };
    Table table{"ll"};
    table.add({"n_layers", layers_text(c)});
    table.add({"hidden_size", integer(c.hidden_size)});
    table.add({"vocab_size", integer(c.vocab_size)});
    table.add({"n_heads", integer(c.n_heads)});
    table.add({"n_kv_heads", integer(c.n_kv_heads)});
    table.add({"head_dim", integer(c.head_dim)});
    table.add({"sliding_window", integer(c.sliding_window)});
    table.add({"n_experts", integer(c.n_experts)});
    table.add({"top_k", integer(c.top_k)});
    table.add({"intermediate_size", integer(c.intermediate_size)});
    table.add({"swiglu_limit", real(c.swiglu_limit)});
    if (c.swiglu_alpha != Config{}.swiglu_alpha) table.add({"swiglu_alpha", real(c.swiglu_alpha)});
    if (!c.attention_bias) table.add({"attention_bias", "false"});
    table.add({"rope_theta", real(c.rope_theta)});
    table.add({"rope_scaling_factor", real(c.rope_scaling_factor)});
    table.add({"rope_ntk_alpha", real(c.rope_ntk_alpha)});
    table.add({"rope_ntk_beta", real(c.rope_ntk_beta)});
    table.add({"initial_context_length", integer(c.initial_context_length)});
    table.add({"max_context_length", integer(c.max_context_length)});
    table.add({"eps", real(c.eps)});
    table.add({"pad_token_id", c.pad_token_id < 0 ? "none" : std::to_string(c.pad_token_id)});
    table.add({"eos_token_id", eos_ids_text(c.eos_token_ids)});
    return table;
}

// What is worth knowing of a config beside its numbers.
struct ConfigRemarks {
    std::map<std::string, std::string> defaults;  // keys that the file lacks
    std::vector<std::string> lines;
};

ConfigRemarks remarks_on(const Subject& subject) {
    ConfigRemarks remarks;
    if (subject.checkpoint) remarks.defaults = subject.checkpoint->notes.defaults;
    if (subject.checkpoint) remarks.lines = subject.checkpoint->notes.remarks;
    for (const std::string& line : checkpoint::yarn_differences(subject.config))
        remarks.lines.push_back(line);
    return remarks;
}

void print_remarks(const ConfigRemarks& remarks) {
    Table defaults{"ll"};
    for (const auto& [key, value] : remarks.defaults)
        defaults.add({key, value});
    if (!remarks.defaults.empty()) print_table("not in the config, so the default", defaults);
    Table lines{"l"};
    for (const std::string& line : remarks.lines)
        lines.add({line});
    if (!remarks.lines.empty()) print_table("notes on the config", lines);
}

// --- Sizes ------------------------------------------------------------------------------------

Table parameter_table(const ModelSize& size) {
    const auto share = [&size](std::int64_t part) {
        return formatted("%.2f %%", 100.0 * double(part) / double(size.total));
    };
    Table table{"lrr"};
    table.add({"embedding and unembedding", with_commas(size.embedding), share(size.embedding)});
    table.add({"attention with its norms", with_commas(size.attention), share(size.attention)});
    table.add({"experts with norms and routers", with_commas(size.experts), share(size.experts)});
    table.add({"final norm", with_commas(size.final_norm), share(size.final_norm)});
    table.add({"total", with_commas(size.total), share(size.total)});
    table.add({"active per token", with_commas(size.active), share(size.active)});
    return table;
}

struct Bytes {
    std::int64_t payload = 0;    // of all tensors
    std::int64_t per_token = 0;  // of weights that decoding one token reads
};

// Of a GGUF file, whose matrices may have any form: all but the embedding, and of the experts top_k.
std::int64_t gguf_bytes_per_token(const Subject& subject) {
    std::int64_t bytes = 0;
    for (const auto& [name, tensor] : subject.tensors) {
        if (name == "token_embd.weight") continue;
        const bool is_of_experts = name.find("_exps.") != std::string::npos;
        const std::int64_t all = std::int64_t(tensor.view.n_bytes);
        bytes += is_of_experts ? all / subject.config.n_experts * subject.config.top_k : all;
    }
    return bytes;
}

Bytes bytes_of(const Subject& subject) {
    const ModelSize size = model_size(subject.config);
    Bytes bytes{size.payload_bytes, size.bytes_per_token};
    if (!subject.has_files()) return bytes;
    bytes.payload = 0;
    for (const auto& [name, tensor] : subject.tensors) {
        bytes.payload += std::int64_t(tensor.view.n_bytes);
    }
    if (subject.gguf) bytes.per_token = gguf_bytes_per_token(subject);
    if (subject.layout == checkpoint::Layout::hugging_face_bf16)
        bytes.per_token =
            std::int64_t(double(bytes.payload) / double(size.total) * double(size.active));
    return bytes;
}

void add_bytes(Table& table, const std::string& what, std::int64_t bytes) {
    table.add({what, with_commas(bytes), readable_bytes(bytes)});
}

std::vector<int> context_lengths(const Config& c) {
    const int usual = std::min(4096, c.max_context_length);
    if (usual == c.max_context_length) return {usual};
    return {usual, c.max_context_length};
}

Table kv_cache_table(const Config& c) {
    Table table{"lrr"};
    for (const int n_tokens : context_lengths(c)) {
        const std::string tokens = with_commas(n_tokens) + " tokens";
        add_bytes(table, tokens + ", sliding layers keep " + std::to_string(c.sliding_window),
                  kv_cache_bytes(c, n_tokens, c.sliding_window));
        add_bytes(table, tokens + ", if all layers kept everything",
                  kv_cache_bytes(c, n_tokens, n_tokens));
    }
    return table;
}

// Norm gains, biases and sinks, as floats.
std::int64_t widened_bytes(const Config& c) {
    const std::int64_t hidden = c.hidden_size;
    const std::int64_t attention =
        2 * hidden + c.q_size() + 2 * std::int64_t(c.kv_size()) + c.n_heads;
    const std::int64_t expert_biases = 2 * std::int64_t(c.intermediate_size) + hidden;
    const std::int64_t experts = hidden + c.n_experts + c.n_experts * expert_biases;
    return 4 * (c.n_layers * (attention + experts) + hidden);
}

struct MemoryPlan {
    std::int64_t mapped = 0;
    std::int64_t widened = 0;
    std::int64_t activations = 0;
    std::int64_t kv_cache = 0;
    int n_tokens = 0;  // of context
};

MemoryPlan memory_plan(const Subject& subject) {
    const Config& c = subject.config;
    const int sliding_capacity = c.sliding_window - 1 + kPrefillChunk;
    MemoryPlan plan;
    plan.n_tokens = context_lengths(c)[0];
    plan.mapped = bytes_of(subject).payload;
    plan.widened = widened_bytes(c);
    plan.activations = std::int64_t(activation_bytes(c, kPrefillChunk, 1));
    plan.kv_cache = kv_cache_bytes(c, plan.n_tokens, sliding_capacity);
    return plan;
}

Table memory_table(const MemoryPlan& plan) {
    Table table{"lrr"};
    add_bytes(table, "mapped from the files, shared and droppable", plan.mapped);
    add_bytes(table, "norm gains, biases and sinks as floats", plan.widened);
    add_bytes(table, "activations, passes of " + std::to_string(kPrefillChunk) + " tokens",
              plan.activations);
    add_bytes(table, "kv cache, " + with_commas(plan.n_tokens) + " tokens", plan.kv_cache);
    add_bytes(table, "besides the mapping", plan.widened + plan.activations + plan.kv_cache);
    return table;
}

// --- Tensors ----------------------------------------------------------------------------------

// "experts.7.down_proj.bias" -> "experts.{e}.down_proj.bias", of a tensor for each expert.
std::string without_expert(std::string name) {
    const int expert = checkpoint::piece_of(name).expert;
    if (expert < 0) return name;
    const std::string number = "." + std::to_string(expert);
    return name.replace(name.find(number, name.find(".experts")), number.size(), ".{e}");
}

// "block.17.attn.sinks" -> "block.{l}.attn.sinks"
std::string pattern_of(const std::string& name_in_file) {
    const std::string name = without_expert(name_in_file);
    for (const std::string prefix : {"block.", "model.layers.", "blk."}) {
        if (!name.starts_with(prefix)) continue;
        const std::size_t end = name.find('.', prefix.size());
        if (end != std::string::npos) return prefix + "{l}" + name.substr(end);
    }
    return name;
}

// One row for the same tensor of all layers.
Table tensor_table(const ListedTensors& tensors) {
    struct Group {
        int count = 0;
        std::int64_t bytes = 0;
        std::set<std::string> files = {};
    };
    std::map<std::tuple<std::string, std::string, format::Shape>, Group> groups;
    for (const auto& [name, tensor] : tensors) {
        Group& group = groups[{pattern_of(name), tensor.view.dtype, tensor.view.shape}];
        ++group.count;
        group.bytes += std::int64_t(tensor.view.n_bytes);
        group.files.insert(tensor.file);
    }

    Table table{"lllrrl"};
    table.add({"name", "dtype", "shape", "count", "bytes", "file"});
    for (const auto& [key, group] : groups) {
        const auto& [pattern, dtype, shape] = key;
        const std::size_t n_files = group.files.size();
        const std::string file =
            n_files == 1 ? *group.files.begin() : std::to_string(n_files) + " files";
        table.add({pattern, dtype, format::shape_text(shape), std::to_string(group.count),
                   with_commas(group.bytes), file});
    }
    return table;
}

std::int64_t count_scales(const Subject& subject) {
    std::int64_t n_scales = 0;
    for (const auto& [name, tensor] : subject.tensors) {
        const bool has_scales = subject.gguf && tensor.view.dtype == "MXFP4";
        if (has_scales) n_scales += std::int64_t(tensor.view.n_bytes) / kGgufMxfp4BlockBytes;
    }
    if (subject.gguf) return n_scales;
    for (const checkpoint::TensorSpec& spec :
         checkpoint::tensor_inventory(subject.config, subject.layout)) {
        const bool holds_scales = spec.rows[0]->values.kind == checkpoint::Values::scales;
        if (holds_scales) n_scales += std::int64_t(checkpoint::byte_count(spec));
    }
    return n_scales;
}

// --- All of it --------------------------------------------------------------------------------

nlohmann::ordered_json json_of_sizes(const Subject& subject) {
    const ModelSize size = model_size(subject.config);
    const Bytes bytes = bytes_of(subject);
    const MemoryPlan plan = memory_plan(subject);
    nlohmann::ordered_json json;
    json["name"] = subject.name;
    json["config"] =
        nlohmann::ordered_json::parse(format::hugging_face_config_text(subject.config));
    const ConfigRemarks remarks = remarks_on(subject);
    json["defaults"] = remarks.defaults;
    json["notes"] = remarks.lines;
    json["parameters"] = {{"embedding", size.embedding}, {"attention", size.attention},
                          {"experts", size.experts},     {"final_norm", size.final_norm},
                          {"total", size.total},         {"active", size.active}};
    json["bytes"] = {{"payload", bytes.payload}, {"per_token", bytes.per_token}};
    for (const int n_tokens : context_lengths(subject.config)) {
        const Config& c = subject.config;
        json["kv_cache"].push_back({{"tokens", n_tokens},
                                    {"rolling", kv_cache_bytes(c, n_tokens, c.sliding_window)},
                                    {"full", kv_cache_bytes(c, n_tokens, n_tokens)}});
    }
    json["memory"] = {{"mapped", plan.mapped},
                      {"widened", plan.widened},
                      {"activations", plan.activations},
                      {"kv_cache", plan.kv_cache}};
    return json;
}

nlohmann::ordered_json json_of_tensors(const ListedTensors& tensors) {
    auto json = nlohmann::ordered_json::array();
    for (const auto& [name, tensor] : tensors) {
        json.push_back({{"name", name},
                        {"dtype", tensor.view.dtype},
                        {"shape", tensor.view.shape},
                        {"bytes", tensor.view.n_bytes},
                        {"file", tensor.file}});
    }
    return json;
}

void print_sizes(const Subject& subject) {
    const ModelSize size = model_size(subject.config);
    const Bytes bytes = bytes_of(subject);
    print_table("config of " + subject.name, config_table(subject.config));
    print_remarks(remarks_on(subject));
    print_table("parameters", parameter_table(size));
    Table byte_table{"lrr"};
    add_bytes(byte_table, "checkpoint", bytes.payload);
    add_bytes(byte_table, "read per token", bytes.per_token);
    print_table("bytes of weights", byte_table);
    print_table("kv cache, float32", kv_cache_table(subject.config));
    print_table("memory to run it", memory_table(memory_plan(subject)));
}

void inspect_model(const InspectFlags& flags, const Globals& globals,
                   nlohmann::ordered_json& json) {
    const Subject subject = subject_of(flags, globals);
    check_ranks_flags(subject.config, flags.ranks);
    if (globals.json) {
        json = json_of_sizes(subject);
    } else {
        print_sizes(subject);
    }
    if (flags.ranks.n_ranks) {
        const MemoryPlan plan = memory_plan(subject);
        inspect_ranks(subject.config, flags.ranks, plan.widened + plan.activations + plan.kv_cache,
                      globals.json ? &json : nullptr);
    }
    if (flags.gpu) {
        // Gains, biases and sinks lie there as floats, twice as wide as BF16 in the files.
        const MemoryPlan plan = memory_plan(subject);
        inspect_gpu(subject.config, plan.mapped + plan.widened / 2, *flags.gpu,
                    globals.json ? &json : nullptr);
    }
    if (!subject.has_files()) return;

    const std::string layout = layout_name(subject);
    if (globals.json) {
        json["layout"] = layout;
        json["tensors"] = json_of_tensors(subject.tensors);
    } else {
        print_table(std::to_string(subject.tensors.size()) + " tensors, layout " + layout,
                    tensor_table(subject.tensors));
    }
    if (!flags.verify) return;

    const bool read_scales = true;
    if (subject.gguf) checkpoint::check_gguf_tensors(*subject.gguf, subject.config, read_scales);
    if (subject.checkpoint) checkpoint::check_tensors(*subject.checkpoint, read_scales);
    const std::int64_t n_scales = count_scales(subject);
    if (globals.json) {
        json["verified"] = {{"tensors", subject.tensors.size()}, {"scale_bytes", n_scales}};
    } else {
        print("verified: " + std::to_string(subject.tensors.size()) +
              " tensors have the expected names, dtypes and shapes; " + with_commas(n_scales) +
              " scale bytes, none is NaN\n");
    }
}

int run_inspect(const InspectFlags& flags, const Globals& globals) {
    if (flags.names && globals.json) throw Error("--names prints Markdown, expected no --json");
    if (flags.names) {
        print(name_map_text());
        return 0;
    }
    const bool has_preset = !flags.preset.empty();
    if (has_preset && !globals.model.empty())
        throw Error("--preset and --model: expected one of them");
    if (flags.verify && has_preset) throw Error("--verify needs --model, a preset has no files");
    const bool only_kernels = flags.cpu && !has_preset && globals.model.empty() && !flags.verify;

    nlohmann::ordered_json json;
    if (!only_kernels) inspect_model(flags, globals, json);
    if (flags.cpu) inspect_kernels(globals, json);
    if (globals.json) print_json(json);
    return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Tool& tool) {
    const auto flags = std::make_shared<InspectFlags>();
    CLI::App* inspect = add_subcommand(
        app, "inspect", "Config, sizes, tensors and memory of a model", kInspectExamples);
    inspect
        ->add_option("--preset", flags->preset, "tiny, odd, nano, 20b or 120b, instead of --model")
        ->type_name("NAME");
    inspect->add_flag("--verify", flags->verify, "Check every name, shape and MXFP4 scale byte");
    inspect->add_flag("--cpu", flags->cpu, "Say which implementation of each op will run");
    inspect->add_flag("--names", flags->names,
                      "Print what each tensor and site is called elsewhere, and nothing else");
    RanksFlags& ranks = flags->ranks;
    inspect->add_option("--ranks", ranks.n_ranks, "Say what each of N machines holds and sends")
        ->type_name("N");
    inspect->add_option("--latency-us", ranks.latency_us, "Of the network between them [50]")
        ->type_name("X");
    inspect->add_option("--gbit-per-s", ranks.gbit_per_s, "Of each one's link [1]")->type_name("X");
    inspect->add_option("--gpu", flags->gpu, "Say how long a context a GPU of BYTES has room for")
        ->type_name("BYTES")
        ->expected(0, 1)
        ->default_str("0")
        ->transform(CLI::AsSizeValue(true));
    when_chosen(inspect, tool, [flags, &tool] { return run_inspect(*flags, tool.globals); });
}

}  // namespace gptoss::tool

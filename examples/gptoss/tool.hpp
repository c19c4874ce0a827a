// What main and the subcommands agree on: the global options, and how a subcommand joins.
#pragma once
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <system_error>

#include "gptoss/core/check.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss::tool {

// Options of every subcommand; they may stand before or behind its name.
struct Globals {
    std::string model;
    std::string path = "auto";
    std::optional<int> threads;  // as many as there are cores
    bool exact = false;
    std::string dense = "stored";
    bool json = false;
};

struct Tool {
    Globals globals;
    std::function<int()> run;  // the chosen subcommand; returns the exit status
    std::map<std::string, std::function<Weights()>> weights_of =
        {};  // by subcommand, else --model's
};

// examples is what --help prints below the options.
inline CLI::App* add_subcommand(CLI::App& app, const char* name, const char* description,
                                const std::string& examples) {
    CLI::App* subcommand = app.add_subcommand(name, description);
    subcommand->fallthrough();  // global options behind the name
    subcommand->footer(
        "Also: --model DIR, --path NAME, --threads N, --json (see gptoss --help)\n\n"
        "Examples:\n" +
        examples);
    return subcommand;
}

// --- Values -----------------------------------------------------------------------------------

inline std::string empty_mistake(const std::string& value) {
    return value.empty() ? "is empty, expected a value" : "";
}

// An unset variable of a shell gives --model "", which CLI11 takes for no --model at all.
inline void refuse_empty_values(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) {
        if (!option->get_positional()) option->check(empty_mistake);
    }
    for (CLI::App* subcommand : app.get_subcommands({})) {
        refuse_empty_values(*subcommand);
    }
}

// For options that are std::uint64_t: CLI11 takes -1 and 2^64 for the largest one.
inline std::string count_mistake(const std::string& value) {
    std::uint64_t count = 0;
    const char* end = value.data() + value.size();
    const auto [stop, status] = std::from_chars(value.data(), end, count);
    if (status == std::errc() && stop == end) return "";
    return "is '" + value + "', expected a whole number from 0 to 18446744073709551615";
}

inline void when_chosen(CLI::App* subcommand, Tool& tool, const std::function<int()>& run) {
    subcommand->callback([&tool, run] { tool.run = run; });
}

// A file is not written over another one of the same command.
inline void require_apart(const char* flag, const std::string& file, const std::string& other) {
    const auto place = [](const std::string& path) {
        return std::filesystem::weakly_canonical(std::filesystem::absolute(path));
    };
    if (file.empty() || other.empty() || place(file) != place(other)) return;
    throw Error(std::string(flag) + " is '" + file + "', the same file as '" + other +
                "', expected one of its own");
}

// Nor is a result put where it would be read as a part of a model: these names, beside weights.
inline void require_no_part_of_model(const char* flag, const std::string& file) {
    if (file.empty()) return;
    const auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(file));
    const std::string name = path.filename().string();
    const bool is_weights = name.starts_with("model") && name.ends_with(".safetensors");
    const bool is_read = is_weights || name == "config.json" || name == "tokenizer.json" ||
                         name == "generation_config.json" || name == "model.safetensors.index.json";
    std::error_code problem;
    if (!is_read || !std::filesystem::is_directory(path.parent_path(), problem)) return;
    for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) {
        const std::string other = entry.path().filename().string();
        if (other == name) continue;
        if (other != "config.json" && !other.ends_with(".safetensors")) continue;
        throw Error(std::string(flag) + " is '" + file +
                    "', which would be read as a part of the " + "model beside it (" + other +
                    "), expected another name or folder");
    }
}

// One function per subcommand, in the file of its name.
void add_bench(CLI::App& app, Tool& tool);
void add_chat(CLI::App& app, Tool& tool);
void add_compare(CLI::App& app, Tool& tool);
void add_convert(CLI::App& app, Tool& tool);
void add_diagnose(CLI::App& app, Tool& tool);
void add_generate(CLI::App& app, Tool& tool);
void add_harmony(CLI::App& app, Tool& tool);
void add_inspect(CLI::App& app, Tool& tool);
void add_perplexity(CLI::App& app, Tool& tool);
void add_synth(CLI::App& app, Tool& tool);
void add_tokenize(CLI::App& app, Tool& tool);
void add_trace(CLI::App& app, Tool& tool);

}  // namespace gptoss::tool

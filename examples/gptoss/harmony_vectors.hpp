// Test vectors: a folder of conversations with the tokens they must become, and of tokens with the
// messages they must become.
//
//     NAME.json            one render case; expected_text_file names a text beside it
//     any other .json      {"cases": [...]}: render cases with expected_text inline or
//                          expected_error_contains, and parse cases with states, deltas, errors
//
// Where    gptoss harmony --vectors DIR, and our own tests over tests/harmony/data.
// Source   the format is described in tests/harmony/data/README.md.
// Errors   a case that fails, or cannot be read, is a Mistake in the report; only a folder without
//          any case is an Error.
// Pitfalls Every .json is a vector or a list of them: other files do not belong into the folder.
#pragma once
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/format/json.hpp"
#include "harmony_vector_cases.hpp"

namespace gptoss::tool {

using namespace harmony;

struct VectorReport {
    struct Mistake {
        std::string name;  // of the case
        std::string text;
    };
    int n_passed = 0;
    std::vector<Mistake> mistakes = {};  // one per failed case
};

inline void run_vector(const HarmonyEncoding& encoding, const format::OrderedJson& json,
                       const std::filesystem::path& file, VectorReport& report) {
    std::string name = file.stem().string();
    try {
        if (!json.is_object()) throw VectorMistake("is no object");
        name = json.value("name", name);
        const bool is_parse_case = json.contains("input") || json.contains("ids");
        if (is_parse_case) check_parse_case(encoding, json);
        if (!is_parse_case) check_render_case(encoding, json, file.parent_path());
        ++report.n_passed;
    } catch (const Error& mistake) {
        report.mistakes.push_back({name, mistake.what()});
    } catch (const format::OrderedJson::exception& mistake) {
        report.mistakes.push_back({name, std::string("cannot be read: ") + mistake.what()});
    }
}

inline void run_vector_file(const HarmonyEncoding& encoding, const std::filesystem::path& file,
                            VectorReport& report) {
    format::OrderedJson json;
    try {
        json = format::read_ordered_json_file(file);
    } catch (const Error& mistake) {
        report.mistakes.push_back({file.filename().string(), mistake.what()});
        return;
    }
    if (!json.contains("cases")) return run_vector(encoding, json, file, report);
    for (const format::OrderedJson& entry : json["cases"]) {
        run_vector(encoding, entry, file, report);
    }
}

inline VectorReport run_harmony_vectors(const HarmonyEncoding& encoding,
                                        const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder)) throw Error(folder.string() + ": is no folder");
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    VectorReport report;
    for (const std::filesystem::path& file : files) {
        run_vector_file(encoding, file, report);
    }
    const bool has_cases = report.n_passed > 0 || !report.mistakes.empty();
    if (!has_cases) throw Error(folder.string() + ": holds no vectors");
    return report;
}

}  // namespace gptoss::tool

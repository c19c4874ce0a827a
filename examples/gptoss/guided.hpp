// What generate does beside its loop: a mask for --schema and --choices, and --beams.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/run/beam_search.hpp"
#include "gptoss/run/json_pattern.hpp"
#include "gptoss/run/token_mask.hpp"
#include "models.hpp"
#include "paths.hpp"
#include "terminal.hpp"
#include "tokens.hpp"

namespace gptoss::tool {

struct GuidedFlags {
    std::string schema;   // a file
    std::string choices;  // texts, with a comma between
    int n_beams = 0;      // 0: no beam search
    double length_penalty = 1.0;

    bool has_mask() const { return !schema.empty() || !choices.empty(); }
};

inline std::vector<std::string> split_choices(const std::string& text) {
    std::vector<std::string> choices;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        choices.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return choices;
}

// Nothing without --schema and --choices. The model must outlive it.
inline std::optional<TokenMask> mask_of(const GuidedFlags& flags, const OpenedModel& model,
                                        const std::vector<std::int32_t>& stop_ids) {
    if (!flags.has_mask()) return std::nullopt;
    if (!model.tokenizer)
        throw Error("--schema and --choices need a tokenizer, the model has none");
    BytePattern pattern = flags.schema.empty()
                              ? choice_pattern(split_choices(flags.choices))
                              : JsonPattern(format::read_ordered_json_file(flags.schema)).pattern;
    return std::make_optional<TokenMask>(model.tokenizer->vocabulary, std::move(pattern), stop_ids);
}

inline void require_complete(const TokenMask& mask, std::size_t n_tokens) {
    if (mask.is_complete()) return;
    throw Error("generate: after " + std::to_string(n_tokens) +
                " tokens the text is not complete, expected more of --max-tokens");
}

// --- Beams ------------------------------------------------------------------------------------

inline std::vector<BeamResult> run_beams(const OpenedModel& model, const GuidedFlags& flags,
                                         const GenerateOptions& options, const Path& path,
                                         const std::vector<std::int32_t>& prompt) {
    if (path.name == "cuda") throw Error("--beams runs on the CPU, expected no --path cuda");
    if (path.name == "mpi") throw Error("--beams runs on one machine, expected no --path mpi");
    ChosenTransformer transformer(model.weights, path);
    const BeamOptions beams{flags.n_beams, options.max_tokens, flags.length_penalty,
                            options.stop_ids, prefill_chunk()};
    return beam_search(transformer, {prompt.data(), int(prompt.size())}, beams);
}

// Without the stop id.
inline std::string text_of(const BeamResult& result, const OpenedModel& model,
                           const std::vector<std::int32_t>& stop_ids) {
    TokenPrinter printer(model.tokenizer);
    std::string text;
    for (const std::int32_t id : result.ids) {
        const bool stops = std::find(stop_ids.begin(), stop_ids.end(), id) != stop_ids.end();
        if (!stops) text += printer.push(id);
    }
    return text + printer.finish();
}

inline void print_beams(const std::vector<BeamResult>& results, const OpenedModel& model,
                        const std::vector<std::int32_t>& stop_ids, bool as_json) {
    auto json = nlohmann::ordered_json::array();
    for (const BeamResult& result : results) {
        const std::string text = text_of(result, model, stop_ids);
        if (as_json) {
            json.push_back({{"score", result.score}, {"ids", result.ids}, {"text", text}});
        } else {
            print(formatted("%9.4f  ", result.score) + text + "\n");
        }
    }
    if (as_json) print_json({{"beams", json}});
}

}  // namespace gptoss::tool

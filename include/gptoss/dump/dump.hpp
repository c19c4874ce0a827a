// Dump: the recorded activations of a run in one safetensors file.
//
//     Recorder recorder(config);                            dump/recorder.hpp
//     transformer.feed(tokens, LogitRows::all, &recorder);
//     write_dump("run.safetensors", recorder, config_text);
//
// The file holds one tensor per site and layer under the site's name ("block.0.attn.q"), float32,
// expert_ids int32, in the shapes of trace/sites.hpp, and as metadata
//
//     format  "gptoss-dump-1"
//     tokens  the token ids, as a JSON list
//     config  the model's config.json, as text
//     edited  what a Watch changed while it ran, as a JSON list of names; absent if nothing was
//
// Several passes (a prompt in chunks) are joined along T. attn.scores and attn.weights of an
// earlier pass are padded to the S of the last: -inf and 0, since later positions are hidden from
// it.
//
// Errors   Error, naming the file, if it cannot be written or a recorded pass did not finish; nothing
//          is left under its name then.
#pragma once
#include <algorithm>
#include <bit>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/dump/recorder.hpp"
#include "gptoss/format/safetensors_writer.hpp"

namespace gptoss::dump {

inline constexpr const char* kDumpFormat = "gptoss-dump-1";

// A recorded site as one tensor: passes joined along T. values is empty for ids and the other way
// round.
struct JoinedSite {
    format::Shape shape;
    std::vector<float> values;
    std::vector<std::int32_t> ids;
};

// (n_heads, T, S): every pass's rows of a head follow each other, padded to the last pass's S.
inline JoinedSite join_heads_first(const RecordedSite& recorded, int n_heads) {
    const int n_positions = recorded.passes.back().cols;
    const bool is_scores = recorded.site == Site::attn_scores;
    const float hidden = is_scores ? -std::numeric_limits<float>::infinity() : 0.0f;
    JoinedSite joined;
    int n_tokens = 0;
    for (const RecordedPass& pass : recorded.passes) {
        n_tokens += pass.rows / n_heads;
    }
    for (int h = 0; h < n_heads; ++h) {
        for (const RecordedPass& pass : recorded.passes) {
            const int pass_tokens = pass.rows / n_heads;
            for (int t = 0; t < pass_tokens; ++t) {
                const float* row =
                    pass.values.data() + std::ptrdiff_t(h * pass_tokens + t) * pass.cols;
                joined.values.insert(joined.values.end(), row, row + pass.cols);
                joined.values.insert(joined.values.end(), std::size_t(n_positions - pass.cols),
                                     hidden);
            }
        }
    }
    joined.shape = {n_heads, n_tokens, n_positions};
    return joined;
}

inline JoinedSite join_passes(const RecordedSite& recorded, const Config& config) {
    const auto& dims = site_info(recorded.site).dims;
    if (dims[0] == Dim::heads) return join_heads_first(recorded, config.n_heads);

    JoinedSite joined;
    int n_rows = 0;
    for (const RecordedPass& pass : recorded.passes) {
        n_rows += pass.rows;
        joined.values.insert(joined.values.end(), pass.values.begin(), pass.values.end());
        joined.ids.insert(joined.ids.end(), pass.ids.begin(), pass.ids.end());
    }
    const int n_cols = recorded.passes.back().cols;
    const bool has_three_dims = dims[2] != Dim::none;
    if (has_three_dims) {
        joined.shape = {n_rows / config.top_k, config.top_k, n_cols};
    } else {
        joined.shape = {n_rows, n_cols};
    }
    return joined;
}

inline std::string tokens_text(const std::vector<std::int32_t>& tokens) {
    std::string text;
    for (const std::int32_t token : tokens) {
        text += (text.empty() ? "" : ",") + std::to_string(token);
    }
    return "[" + text + "]";
}

// A pass that threw has shown some sites and not the others: their rows would be of other tokens.
inline void require_whole_passes(const std::string& where, const Recorder& recorder) {
    for (const RecordedSite& recorded : recorder.recorded()) {
        if (recorded.n_shown == recorder.n_passes()) continue;
        throw Error(where + ": " + site_name(recorded.site, recorded.layer) + " was shown by " +
                    std::to_string(recorded.n_shown) + " passes, expected " +
                    std::to_string(recorder.n_passes()) + ": one did not finish");
    }
}

inline void write_dump(const std::filesystem::path& path, const Recorder& recorder,
                       const std::string& config_text) {
    static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");
    require_whole_passes(path.string(), recorder);
    std::vector<JoinedSite> joined;
    for (const RecordedSite& recorded : recorder.recorded()) {
        joined.push_back(join_passes(recorded, recorder.config()));
    }

    std::vector<format::NamedTensor> tensors;
    for (std::size_t i = 0; i < joined.size(); ++i) {
        const RecordedSite& recorded = recorder.recorded()[i];
        const JoinedSite& site = joined[i];
        const bool is_ids = !site.ids.empty();
        const void* data = is_ids ? static_cast<const void*>(site.ids.data()) : site.values.data();
        format::TensorView view;
        view.dtype = is_ids ? "I32" : "F32";
        view.shape = site.shape;
        view.bytes = static_cast<const std::uint8_t*>(data);
        view.n_bytes = 4 * (site.ids.size() + site.values.size());
        tensors.push_back({site_name(recorded.site, recorded.layer), view});
    }

    format::Metadata metadata = {{"format", kDumpFormat},
                                 {"tokens", tokens_text(recorder.tokens())},
                                 {"config", config_text}};
    if (!recorder.edited().empty()) {
        metadata["edited"] = nlohmann::json(recorder.edited()).dump();
    }
    format::write_safetensors(path, tensors, metadata);
}

}  // namespace gptoss::dump

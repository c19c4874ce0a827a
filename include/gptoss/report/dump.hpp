// Dump: record the named activations of a run and write them to one safetensors file.
//
//     Recorder recorder(config);                    a Watch: hand it to feed() or forward()
//     transformer.feed(tokens, LogitRows::all, &recorder);
//     write_dump("run.safetensors", recorder, config_text);
//
// The file holds one tensor per site and layer under the site's name ("block.0.attn.q"), float32,
// expert_ids int32, in the shapes of trace/sites.hpp, and as metadata
//
//     format  "gptoss-dump-1"
//     tokens  the token ids, as a JSON list
//     config  the model's config.json, as text
//
// Several passes (a prompt in chunks) are joined along T. attn.scores and attn.weights of an
// earlier pass are padded to the S of the last: -inf and 0, since later positions are hidden from
// it.
//
// Errors   Error, naming the file, if it cannot be written; nothing is left under its name then.
// Pitfalls All positions of all sites are kept in memory until the file is written: about 8 MB per
//          token at 20b. Record fewer sites, or the last position only, for long prompts.
#pragma once
#include <algorithm>
#include <bit>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/format/safetensors_writer.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss {

inline constexpr const char* kDumpFormat = "gptoss-dump-1";

// What one pass showed at one site: float32, or int32 bits for expert_ids.
struct RecordedPass {
    int rows = 0;
    int cols = 0;
    std::vector<float> values;
    std::vector<std::int32_t> ids;
};

struct RecordedSite {
    Site site;
    int layer;
    std::vector<RecordedPass> passes;
};

// All sites but the two large ones.
inline std::set<Site> usual_sites() {
    std::set<Site> sites;
    for (const SiteInfo& info : kSites) {
        if (info.site != Site::attn_scores && info.site != Site::attn_weights) {
            sites.insert(info.site);
        }
    }
    return sites;
}

inline std::set<Site> all_sites() {
    std::set<Site> sites = usual_sites();
    sites.insert(Site::attn_scores);
    sites.insert(Site::attn_weights);
    return sites;
}

class Recorder : public Watch {
public:
    explicit Recorder(Config config, std::set<Site> sites = usual_sites(), bool last_only = false)
        : config_(std::move(config)), sites_(std::move(sites)), last_only_(last_only) {}

    bool wants(Site site, int /*layer*/) override { return sites_.count(site) > 0; }

    void begin_pass(ConstIdsView tokens, ConstIdsView /*positions*/) override {
        tokens_.insert(tokens_.end(), tokens.data, tokens.data + tokens.rows);
        pass_tokens_ = tokens.rows;
    }
    void show(Site site, int layer, ConstMatrixView values) override {
        RecordedPass pass{values.rows, values.cols, {}, {}};
        pass.values.assign(values.data, values.row(values.rows));
        add(site, layer, std::move(pass));
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        RecordedPass pass{ids.rows, ids.cols, {}, {}};
        pass.ids.assign(ids.data, ids.row(ids.rows));
        add(site, layer, std::move(pass));
    }

    const Config& config() const { return config_; }
    const std::vector<std::int32_t>& tokens() const { return tokens_; }
    const std::vector<RecordedSite>& recorded() const { return recorded_; }

private:
    void add(Site site, int layer, RecordedPass pass) {
        const auto [place, is_new] = place_of_.try_emplace({layer, site}, recorded_.size());
        if (is_new) recorded_.push_back({site, layer, {}});
        std::vector<RecordedPass>& passes = recorded_[place->second].passes;
        if (last_only_) {
            passes.clear();
            keep_last_token(site, pass);
        }
        passes.push_back(std::move(pass));
    }

    // The first two dimensions are flattened: a token has top_k rows in a row, or one row of every
    // n_tokens in the sites that begin with the heads.
    void keep_last_token(Site site, RecordedPass& pass) const {
        const bool heads_first = site_info(site).dims[0] == Dim::heads;
        const bool has_ranks =
            site_info(site).dims[1] == Dim::top_k && site_info(site).dims[2] != Dim::none;
        RecordedPass last{0, pass.cols, {}, {}};
        for (int row = 0; row < pass.rows; ++row) {
            const int n_tail = has_ranks ? config_.top_k : 1;
            const bool is_last =
                heads_first ? row % pass_tokens_ == pass_tokens_ - 1 : row >= pass.rows - n_tail;
            if (!is_last) continue;
            append_row(last, pass, row);
        }
        pass = std::move(last);
    }

    static void append_row(RecordedPass& to, const RecordedPass& from, int row) {
        const std::ptrdiff_t begin = std::ptrdiff_t(row) * from.cols;
        const std::ptrdiff_t end = begin + from.cols;
        if (!from.values.empty()) {
            to.values.insert(to.values.end(), from.values.begin() + begin,
                             from.values.begin() + end);
        }
        if (!from.ids.empty()) {
            to.ids.insert(to.ids.end(), from.ids.begin() + begin, from.ids.begin() + end);
        }
        ++to.rows;
    }

    Config config_;
    std::set<Site> sites_;
    bool last_only_;
    int pass_tokens_ = 0;
    std::vector<std::int32_t> tokens_;
    std::vector<RecordedSite> recorded_;  // in the order they were first shown
    std::map<std::pair<int, Site>, std::size_t> place_of_;
};

// A recorded site as one tensor: passes joined along T. values is empty for ids and the other way
// round.
struct JoinedSite {
    Shape shape;
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

inline void write_dump(const std::filesystem::path& path, const Recorder& recorder,
                       const std::string& config_text) {
    static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");
    std::vector<JoinedSite> joined;
    for (const RecordedSite& recorded : recorder.recorded()) {
        joined.push_back(join_passes(recorded, recorder.config()));
    }

    std::vector<NamedTensor> tensors;
    for (std::size_t i = 0; i < joined.size(); ++i) {
        const RecordedSite& recorded = recorder.recorded()[i];
        const JoinedSite& site = joined[i];
        const bool is_ids = !site.ids.empty();
        const void* data = is_ids ? static_cast<const void*>(site.ids.data()) : site.values.data();
        TensorView view;
        view.dtype = is_ids ? "I32" : "F32";
        view.shape = site.shape;
        view.bytes = static_cast<const std::uint8_t*>(data);
        view.n_bytes = 4 * (site.ids.size() + site.values.size());
        tensors.push_back({site_name(recorded.site, recorded.layer), view});
    }

    const Metadata metadata = {{"format", kDumpFormat},
                               {"tokens", tokens_text(recorder.tokens())},
                               {"config", config_text}};
    write_safetensors(path, tensors, metadata);
}

}  // namespace gptoss

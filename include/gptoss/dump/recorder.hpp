// Recorder: a Watch that keeps what it is shown.
//
//     Recorder recorder(config);                            all sites but the two large ones
//     Recorder recorder(config, {Site::attn_q}, true);      one site, the last token only
//     transformer.feed(tokens, LogitRows::all, &recorder);
//
// Where    behind dumps (dump/dump.hpp) and the tables and pages of a run (examples/gptoss/summary.hpp).
// Units    those of the site.
// Pitfalls All positions of all sites stay in memory: about 8 MB per token at 20b. Record fewer
//          sites, or the last token only, for long prompts.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss::dump {

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
    int n_shown = 0;  // by how many passes, all kept or the last one only
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
        ++n_passes_;
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
    void note_edit(const std::string& name) override {
        const bool is_new = std::find(edited_.begin(), edited_.end(), name) == edited_.end();
        if (is_new) edited_.push_back(name);
    }

    const Config& config() const { return config_; }
    const std::vector<std::int32_t>& tokens() const { return tokens_; }
    int n_passes() const { return n_passes_; }  // that began
    const std::vector<RecordedSite>& recorded() const { return recorded_; }
    const std::vector<std::string>& edited() const { return edited_; }  // what a subclass changed

private:
    void add(Site site, int layer, RecordedPass pass) {
        const auto [place, is_new] = place_of_.try_emplace({layer, site}, recorded_.size());
        if (is_new) recorded_.push_back({site, layer, {}});
        ++recorded_[place->second].n_shown;
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
    int n_passes_ = 0;
    std::vector<std::int32_t> tokens_;
    std::vector<RecordedSite> recorded_;  // in the order they were first shown
    std::map<std::pair<int, Site>, std::size_t> place_of_;
    std::vector<std::string> edited_;
};

}  // namespace gptoss::dump

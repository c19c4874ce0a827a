// Edits: what a reader of the page changes in a run, as a Watch.
//
//     [{"do": "head", "layer": 0, "head": 7, "token": 61, "factor": 0},   one head at one token
//      {"do": "sinks_off", "layer": 2},                                   layer -1: everywhere
//      {"do": "window_off", "layer": 0},
//      {"do": "close_expert", "layer": 1, "expert": 3, "token": -1},      token -1: at all of them
//      {"do": "force_expert", "layer": 1, "expert": 3, "token": 61},
//      {"do": "residual", "layer": 1, "half": "attn", "token": 61, "from": 40}]   from -1: zeros
//
// A closed expert's score is set below all others before the router chooses, a forced one's above
// them, so that it comes first with the weight that follows. Token t is the position in the run.
//
// Where    examples/live/live.cpp; the other edits of a run are docs/look-inside.md's.
// Errors   Error, naming the edit and the field, for a field that is missing or out of range.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/format/json.hpp"
#include "gptoss/trace/watch.hpp"

namespace gptoss::live {

enum class Change { head, sinks_off, window_off, close_expert, force_expert, residual };

struct Edit {
    Change change = Change::head;
    int layer = -1;  // -1: every layer
    int head = 0;
    int expert = 0;
    int token = -1;  // -1: every token
    int from = -1;   // residual: whose stream to take, -1: zeros
    float factor = 0;
    bool behind_experts = false;  // residual: behind the experts instead of the attention
};

inline Change change_named(const std::string& name) {
    const std::array<const char*, 6> names = {"head",         "sinks_off",    "window_off",
                                              "close_expert", "force_expert", "residual"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (name == names[i]) return Change(i);
    }
    throw Error("edit: do is " + format::quoted(name) + ", expected one of head, sinks_off, " +
                "window_off, close_expert, force_expert, residual");
}

inline int edit_number(const nlohmann::json& json, const char* key, int lowest, int below) {
    const int value = json.value(key, lowest);
    if (value >= lowest && value < below) return value;
    throw Error(std::string("edit: ") + key + " is " + std::to_string(value) + ", expected " +
                std::to_string(lowest) + " <= " + key + " < " + std::to_string(below));
}

inline std::vector<Edit> parse_edits(const std::string& text, const Config& c) {
    std::vector<Edit> edits;
    for (const nlohmann::json& json : format::parse_json("edits", text)) {
        Edit edit;
        edit.change = change_named(json.value("do", ""));
        edit.layer = edit_number(json, "layer", -1, c.n_layers);
        edit.head = edit_number(json, "head", 0, c.n_heads);
        edit.expert = edit_number(json, "expert", 0, c.n_experts);
        edit.token = edit_number(json, "token", -1, c.max_context_length);
        edit.from = edit_number(json, "from", -1, c.max_context_length);
        edit.factor = json.value("factor", 0.0f);
        edit.behind_experts = json.value("half", "attn") == "mlp";
        edits.push_back(edit);
    }
    return edits;
}

// Carries out edits; whoever derives from it shows or records.
class EditingWatch : public Watch {
public:
    EditingWatch(const Config& config, std::vector<Edit> edits)
        : config_(config), edits_(std::move(edits)) {}

    void begin_pass(ConstIdsView, ConstIdsView positions) override { first_ = positions.data[0]; }
    bool edits(Site site, int layer) override {
        return std::any_of(edits_.begin(), edits_.end(), [&](const Edit& edit) {
            return is_in(edit, layer) && site_of(edit) == site;
        });
    }
    void edit(Site site, int layer, MatrixView values) override {
        for (const Edit& edit : edits_) {
            if (!is_in(edit, layer) || site_of(edit) != site) continue;
            for (int t = 0; t < values.rows; ++t) {
                const bool is_meant = edit.token < 0 || edit.token == first_ + t;
                if (is_meant) change_row(edit, values, t);
            }
        }
    }
    bool edits_attention(int layer) override {
        return std::any_of(edits_.begin(), edits_.end(), [&](const Edit& edit) {
            return is_in(edit, layer) && is_of_attention(edit);
        });
    }
    void edit_attention(int layer, VectorView sinks, int& window) override {
        for (const Edit& edit : edits_) {
            if (!is_in(edit, layer)) continue;
            if (edit.change == Change::window_off) window = 0;
            if (edit.change != Change::sinks_off) continue;
            std::fill_n(sinks.data, sinks.size, -std::numeric_limits<float>::infinity());
        }
    }
    void show(Site, int, ConstMatrixView) override {}
    bool wants(Site, int) override { return false; }
    void note_edit(const std::string& name) override { noted_.push_back(name); }
    const std::vector<std::string>& noted() const { return noted_; }

private:
    static bool is_in(const Edit& edit, int layer) { return edit.layer < 0 || edit.layer == layer; }
    static bool is_of_attention(const Edit& edit) {
        return edit.change == Change::sinks_off || edit.change == Change::window_off;
    }
    // attn_scores stands for "no site": it is never edited.
    static Site site_of(const Edit& edit) {
        if (edit.change == Change::head) return Site::attn_mix;
        if (is_of_attention(edit)) return Site::attn_scores;
        if (edit.change != Change::residual) return Site::mlp_router_logits;
        return edit.behind_experts ? Site::mlp_residual : Site::attn_residual;
    }

    void change_row(const Edit& edit, MatrixView values, int t) const {
        float* row = values.row(t);
        if (edit.change == Change::head) {
            float* head = row + edit.head * config_.head_dim;  // (head_dim)
            for (int d = 0; d < config_.head_dim; ++d) {
                head[d] *= edit.factor;
            }
        } else if (edit.change == Change::residual) {
            replace_stream(edit, values, t);
        } else {
            const auto [low, high] = std::minmax_element(row, row + values.cols);
            const bool closes = edit.change == Change::close_expert;
            row[edit.expert] = closes ? *low - 100.0f : *high + 1.0f;
        }
    }
    // A token outside this pass (it was fed before) has no stream here: nothing is changed then.
    void replace_stream(const Edit& edit, MatrixView values, int t) const {
        const int from = edit.from - first_;
        const std::size_t bytes = std::size_t(values.cols) * sizeof(float);
        if (edit.from < 0) std::memset(values.row(t), 0, bytes);
        if (edit.from < 0 || from < 0 || from >= values.rows) return;
        std::memcpy(values.row(t), values.row(from), bytes);
    }

    Config config_;
    std::vector<Edit> edits_;
    int first_ = 0;  // position of the first row of this pass
    std::vector<std::string> noted_;
};

}  // namespace gptoss::live

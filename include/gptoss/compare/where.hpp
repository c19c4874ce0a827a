// Where: which tokens, heads, ranks and channels of a site are off, in words.
//
//     where_text(pair, bound, head_dim)    "from token 20 on, heads 8 to 15 of 16"
//     sites_text(keys, n_layers)           "attn.q_rope in layers 0 to 3, logits"
//
//   pair      both runs' values at a site (compare/site_pair.hpp)
//   bound     a value is off if it is further than this from the reference's
//   head_dim  of q, k, v, rotated and mix; 0 if it is not known
//
// An axis on which everything is off is not named.
//
// Where    compare/compare.hpp and diagnose/diagnose.hpp, of the first site that diverges.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "gptoss/compare/metrics.hpp"
#include "gptoss/compare/site_pair.hpp"

namespace gptoss::compare {

// "layers 0 to 3", "tokens 20 and 40"; "" if there is none. Rising, without repetition.
inline std::string numbers_text(const std::string& what, const std::vector<int>& numbers) {
    if (numbers.empty()) return "";
    const int first = numbers.front();
    const int last = numbers.back();
    if (numbers.size() == 1) return what + " " + std::to_string(first);
    if (last - first + 1 == int(numbers.size()) && numbers.size() > 2) {
        return what + "s " + std::to_string(first) + " to " + std::to_string(last);
    }
    if (numbers.size() > 4) return std::to_string(numbers.size()) + " " + what + "s";
    std::string text = what + "s " + std::to_string(first);
    for (std::size_t i = 1; i < numbers.size(); ++i) {
        text += (i + 1 == numbers.size() ? " and " : ", ") + std::to_string(numbers[i]);
    }
    return text;
}

// The places of one axis at which anything is off.
struct AxisPlaces {
    std::string what;  // "token"
    int first_place = 0;
    std::vector<bool> is_off = {};  // from the first place on

    void add(int number) {
        const int place = number - first_place;
        if (place >= int(is_off.size())) is_off.resize(std::size_t(place) + 1, false);
        is_off[std::size_t(place)] = true;
    }
    std::vector<int> numbers() const {
        std::vector<int> all;
        for (std::size_t i = 0; i < is_off.size(); ++i) {
            if (is_off[i]) all.push_back(first_place + int(i));
        }
        return all;
    }
    // Of the places first to end - 1; "" if all are off.
    std::string text(int first, int end) const {
        const std::vector<int> off = numbers();
        if (off.empty() || int(off.size()) == end - first) return "";
        const bool is_tail = off.back() == end - 1 && int(off.size()) == end - off.front();
        if (what == "token" && is_tail && off.size() > 1) {
            return "from token " + std::to_string(off.front()) + " on";
        }
        return numbers_text(what, off) + " of " + std::to_string(end - first);
    }
};

// What the columns of a site are: channels, or the other things that a row has one of each.
inline const char* column_name(Site site) {
    if (site == Site::attn_scores || site == Site::attn_weights) return "position";
    if (site == Site::attn_sink_share) return "head";
    if (site == Site::mlp_router_logits) return "expert";
    if (site == Site::mlp_expert_weights) return "rank";
    if (site == Site::logits) return "id";
    return "channel";
}

inline bool is_off(float got, float expected, double bound) {
    if (std::isnan(got) != std::isnan(expected)) return true;
    if (is_infinite(got) || is_infinite(expected)) return is_infinite(got) != is_infinite(expected);
    return std::abs(double(got) - double(expected)) > bound;
}

inline std::string where_text(const SitePair& pair, double bound, int head_dim) {
    const Site site = pair.in.site;
    const bool heads_first = dump::token_axis(site) == 1;
    const bool heads_in_columns =
        dump::has_heads(site) && head_dim > 0 && pair.in.cols % head_dim == 0;
    const int n_ranks = heads_first ? 1 : pair.in.rows_per_token();
    const int n_heads = heads_first        ? pair.in.rows / pair.in.n_tokens
                        : heads_in_columns ? pair.in.cols / head_dim
                                           : 1;
    const int n_columns = heads_in_columns ? head_dim : pair.in.cols;
    AxisPlaces tokens{"token", pair.first_token}, heads{"head"}, ranks{"rank"},
        columns{column_name(site)};
    for (int row = 0; row < pair.in.rows; ++row) {
        if (!pair.has_partner[std::size_t(row)]) continue;
        for (int col = 0; col < pair.in.cols; ++col) {
            if (!is_off(pair.got_rows().row(row)[col], pair.expected_rows().row(row)[col], bound)) {
                continue;
            }
            tokens.add(pair.token(row));
            heads.add(heads_first ? row / pair.in.n_tokens : col / n_columns);
            ranks.add(heads_first ? 0 : row % n_ranks);
            columns.add(col % n_columns);
        }
    }
    std::string text;
    for (const std::string& part :
         {tokens.text(pair.first_token, pair.first_token + pair.in.n_tokens),
          heads.text(0, n_heads), ranks.text(0, n_ranks), columns.text(0, n_columns)}) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    }
    return text;
}

// "attn.q": the name without the layer.
inline std::string name_in_layer(Site site) {
    std::string name(site_info(site).name);
    const std::string prefix = "block.{l}.";
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
    return name;
}

// "attn.q, attn.k, attn.v and 3 more"
inline std::string kinds_text(const std::vector<Site>& sites) {
    std::string text;
    for (std::size_t i = 0; i < sites.size() && i < 4; ++i) {
        text += (i > 0 ? ", " : "") + name_in_layer(sites[i]);
    }
    const bool has_more = sites.size() > 4;
    return text + (has_more ? " and " + std::to_string(sites.size() - 4) + " more" : "");
}

// The sites by their names, with their layers; those in the same layers together.
inline std::string sites_text(const std::vector<dump::SiteKey>& keys, int n_layers) {
    std::vector<Site> order;
    std::map<Site, std::vector<int>> layers;
    for (const dump::SiteKey& key : keys) {
        if (!layers.contains(key.site)) order.push_back(key.site);
        layers[key.site].push_back(key.layer);
    }
    std::string text;
    for (std::size_t i = 0; i < order.size(); ++i) {
        text += (i > 0 ? ", " : "") + name_in_layer(order[i]);
        if (!is_per_layer(order[i])) continue;
        const std::vector<int>& in = layers[order[i]];
        if (i + 1 < order.size() && layers[order[i + 1]] == in) continue;
        const bool in_all = int(in.size()) == n_layers && n_layers > 1;
        text += in_all ? " in every layer" : " in " + numbers_text("layer", in);
    }
    return text;
}

}  // namespace gptoss::compare

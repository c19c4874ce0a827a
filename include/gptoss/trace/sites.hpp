// Sites: the closed list of activations that have a name. Dumps, goldens, the comparer and the docs
// all use these names and no others.
//
//     "block.{l}.attn.q"  =  Site::attn_q  =  a.attn_q      {l} is the layer, dots are underscores
//
// Shapes   in terms of the config, with T tokens in the pass and S positions seen so far.
// Types    float32 everywhere, except expert_ids: int32.
// Where    each site is shown to the Watch once per forward pass and layer; embedding, final_norm
//          and logits once per pass. attn_scores and attn_weights only if the Watch wants them.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/config.hpp"
#include "gptoss/core/dim.hpp"
#include "gptoss/core/nearest_words.hpp"

namespace gptoss {

enum class Site {
    embedding,
    attn_norm,
    attn_q,
    attn_k,
    attn_v,
    attn_q_rope,
    attn_k_rope,
    attn_scores,
    attn_weights,
    attn_sink_share,
    attn_mix,
    attn_out,
    attn_residual,
    mlp_norm,
    mlp_router_logits,
    mlp_expert_ids,
    mlp_expert_weights,
    mlp_gate_up,
    mlp_swiglu,
    mlp_expert_out,
    mlp_out,
    mlp_residual,
    final_norm,
    logits,
};

inline constexpr int kNoLayer = -1;  // for embedding, final_norm and logits

struct SiteInfo {
    Site site;
    std::string_view name;  // with {l} for the layer
    std::array<Dim, 3> dims;
    std::string_view meaning;
};

inline constexpr std::array<SiteInfo, 24> kSites = {{
    {Site::embedding, "embedding", {Dim::tokens, Dim::hidden}, "rows of the embedding table"},
    {Site::attn_norm, "block.{l}.attn.norm", {Dim::tokens, Dim::hidden}, "normed block input"},
    {Site::attn_q, "block.{l}.attn.q", {Dim::tokens, Dim::q}, "with bias, not rotated"},
    {Site::attn_k, "block.{l}.attn.k", {Dim::tokens, Dim::kv}, "with bias, not rotated"},
    {Site::attn_v, "block.{l}.attn.v", {Dim::tokens, Dim::kv}, "with bias"},
    {Site::attn_q_rope, "block.{l}.attn.q_rope", {Dim::tokens, Dim::q}, "after rotation"},
    {Site::attn_k_rope, "block.{l}.attn.k_rope", {Dim::tokens, Dim::kv}, "after rotation"},
    {Site::attn_scores,
     "block.{l}.attn.scores",
     {Dim::heads, Dim::tokens, Dim::positions},
     "scaled, hidden ones -inf, before the softmax"},
    {Site::attn_weights,
     "block.{l}.attn.weights",
     {Dim::heads, Dim::tokens, Dim::positions},
     "after the softmax with the sink in the denominator"},
    {Site::attn_sink_share,
     "block.{l}.attn.sink_share",
     {Dim::tokens, Dim::heads},
     "the probability that went to the sink"},
    {Site::attn_mix, "block.{l}.attn.mix", {Dim::tokens, Dim::q}, "weights times values"},
    {Site::attn_out, "block.{l}.attn.out", {Dim::tokens, Dim::hidden}, "projected, with bias"},
    {Site::attn_residual,
     "block.{l}.attn.residual",
     {Dim::tokens, Dim::hidden},
     "input + attn.out"},
    {Site::mlp_norm, "block.{l}.mlp.norm", {Dim::tokens, Dim::hidden}, "normed attn.residual"},
    {Site::mlp_router_logits,
     "block.{l}.mlp.router_logits",
     {Dim::tokens, Dim::experts},
     "a score per expert, with bias"},
    {Site::mlp_expert_ids,
     "block.{l}.mlp.expert_ids",
     {Dim::tokens, Dim::top_k},
     "descending logit, ties to the lower id"},
    {Site::mlp_expert_weights,
     "block.{l}.mlp.expert_weights",
     {Dim::tokens, Dim::top_k},
     "softmax over the chosen"},
    {Site::mlp_gate_up,
     "block.{l}.mlp.gate_up",
     {Dim::tokens, Dim::top_k, Dim::gate_up},
     "gate and up interleaved, with bias"},
    {Site::mlp_swiglu,
     "block.{l}.mlp.swiglu",
     {Dim::tokens, Dim::top_k, Dim::intermediate},
     "gated activation"},
    {Site::mlp_expert_out,
     "block.{l}.mlp.expert_out",
     {Dim::tokens, Dim::top_k, Dim::hidden},
     "with bias, before weighting"},
    {Site::mlp_out, "block.{l}.mlp.out", {Dim::tokens, Dim::hidden}, "weighted sum of the experts"},
    {Site::mlp_residual, "block.{l}.mlp.residual", {Dim::tokens, Dim::hidden}, "block output"},
    {Site::final_norm, "final_norm", {Dim::tokens, Dim::hidden}, "normed last residual"},
    {Site::logits, "logits", {Dim::tokens, Dim::vocab}, "or the last position only"},
}};

inline const SiteInfo& site_info(Site site) {
    return kSites[std::size_t(site)];
}

inline bool is_per_layer(Site site) {
    return site_info(site).name.find("{l}") != std::string_view::npos;
}

// "block.3.attn.q"
inline std::string site_name(Site site, int layer) {
    std::string name(site_info(site).name);
    const std::size_t place = name.find("{l}");
    if (place != std::string::npos) name.replace(place, 3, std::to_string(layer));
    return name;
}

// "block.3.attn.q" and "block.{l}.attn.q" -> "attn_q"
inline std::string symbol_of_name(std::string name) {
    const std::string_view prefix = "block.";
    const std::size_t end_of_layer = name.find('.', prefix.size());
    const bool has_layer = name.starts_with(prefix) && end_of_layer != std::string::npos;
    if (has_layer) name.erase(0, end_of_layer + 1);
    for (char& letter : name) {
        if (letter == '.') letter = '_';
    }
    return name;
}

// "attn_q": the symbol in the code, as a flag would spell it.
inline std::string site_symbol(Site site) {
    return symbol_of_name(std::string(site_info(site).name));
}

// What a misspelt symbol, or a site's name in place of its symbol, may stand for.
inline std::vector<std::string> near_site_symbols(std::string_view text) {
    std::vector<std::string> symbols;
    for (const SiteInfo& info : kSites) {
        symbols.push_back(site_symbol(info.site));
    }
    return nearest_words(symbol_of_name(std::string(text)), symbols);
}

inline Site site_from_symbol(std::string_view symbol) {
    for (const SiteInfo& info : kSites) {
        if (site_symbol(info.site) == symbol) return info.site;
    }
    throw Error("site: '" + std::string(symbol) + "' is unknown, expected one of docs/sites.md" +
                did_you_mean(near_site_symbols(symbol)));
}

inline int extent_in_pass(Dim dim, const Config& c, int n_tokens, int n_positions) {
    if (dim == Dim::tokens) return n_tokens;
    if (dim == Dim::positions) return n_positions;
    return extent_of(dim, c);
}

// The shape of a site in a dump of n_tokens tokens.
inline std::vector<int> site_shape(Site site, const Config& c, int n_tokens, int n_positions) {
    std::vector<int> shape;
    for (const Dim dim : site_info(site).dims) {
        if (dim != Dim::none) shape.push_back(extent_in_pass(dim, c, n_tokens, n_positions));
    }
    return shape;
}

}  // namespace gptoss

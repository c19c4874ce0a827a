// Site names: ours read back, and those of another program through a map.
//
//     {"model.layers.{l}.self_attn.q_proj": "block.{l}.attn.q",
//      "model.norm": "final_norm", "input_ids": "tokens"}
//
// {l} stands for the layer, a number, on both sides. "tokens" is the array of the run's token ids.
// A name that is no key of the map is taken as it is, so a file with our own names needs no map.
//
// Gate and up that are two arrays are the even and the odd channels of one site:
//
//     {"mlp.{l}.gate": "block.{l}.mlp.gate_up[0::2]", "mlp.{l}.up": "block.{l}.mlp.gate_up[1::2]"}
//
// Where    dump/read_dump.hpp; the tool's --map.
// Errors   Error, naming the file and the entry.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/dump/run_dump.hpp"
#include "gptoss/format/json.hpp"

namespace gptoss::dump {

inline constexpr std::string_view kTokensName = "tokens";

// The number that stands in name where pattern has {l}; kNoLayer if pattern has none; nothing if
// name is another.
inline std::optional<int> match_layer(std::string_view pattern, std::string_view name) {
    const std::size_t place = pattern.find("{l}");
    if (place == std::string_view::npos) {
        return pattern == name ? std::optional<int>(kNoLayer) : std::nullopt;
    }
    const std::string_view head = pattern.substr(0, place);
    const std::string_view tail = pattern.substr(place + 3);
    const bool frames =
        name.size() > head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
    if (!frames) return std::nullopt;
    const std::string_view digits =
        name.substr(head.size(), name.size() - head.size() - tail.size());
    int layer = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        layer = 10 * layer + (digit - '0');
        if (layer > 9999) return std::nullopt;
    }
    const bool has_leading_zero = digits.size() > 1 && digits[0] == '0';
    return has_leading_zero ? std::nullopt : std::optional<int>(layer);
}

// "block.3.attn.q" -> {Site::attn_q, 3}
inline std::optional<SiteKey> site_from_name(std::string_view name) {
    for (const SiteInfo& info : kSites) {
        const auto layer = match_layer(info.name, name);
        if (layer) return SiteKey{info.site, *layer};
    }
    return std::nullopt;
}

// Which channels of a site an array holds.
enum class Channels { all, even, odd };

struct SiteChannels {
    SiteKey key;
    Channels channels = Channels::all;
};

// "block.3.mlp.gate_up[0::2]" -> {{Site::mlp_gate_up, 3}, Channels::even}
inline std::optional<SiteChannels> site_channels_from_name(std::string_view name) {
    Channels channels = Channels::all;
    if (name.ends_with("[0::2]")) channels = Channels::even;
    if (name.ends_with("[1::2]")) channels = Channels::odd;
    if (channels != Channels::all) name.remove_suffix(std::string_view("[0::2]").size());
    const auto key = site_from_name(name);
    if (!key || (channels != Channels::all && key->site != Site::mlp_gate_up)) return std::nullopt;
    return SiteChannels{*key, channels};
}

struct NameMap {
    struct Entry {
        std::string theirs;
        std::string ours;
    };
    std::vector<Entry> entries = {};  // the first that fits is taken

    // Our name of an array, which is its own if no entry fits.
    std::string ours(const std::string& theirs) const {
        for (const Entry& entry : entries) {
            const auto layer = match_layer(entry.theirs, theirs);
            if (!layer) continue;
            std::string name = entry.ours;
            const std::size_t place = name.find("{l}");
            if (place != std::string::npos) name.replace(place, 3, std::to_string(*layer));
            return name;
        }
        return theirs;
    }
};

inline NameMap::Entry read_map_entry(const std::string& where, const std::string& theirs,
                                     const format::OrderedJson& ours) {
    const std::string entry = where + ": " + format::quoted(theirs);
    if (!ours.is_string()) throw Error(entry + ": is " + ours.dump() + ", expected a site's name");
    const std::string name = ours.get<std::string>();
    const std::size_t place = theirs.find("{l}");
    const bool has_layer = place != std::string::npos;
    if (has_layer && theirs.find("{l}", place + 1) != std::string::npos) {
        throw Error(entry + ": has {l} twice");
    }
    std::string example = name;
    const std::size_t our_place = name.find("{l}");
    if (our_place != std::string::npos) example.replace(our_place, 3, "0");
    const bool is_known = site_channels_from_name(example).has_value() || name == kTokensName;
    if (!is_known) {
        throw Error(entry + ": " + format::quoted(name) +
                    " is no site, expected one of docs/sites.md");
    }
    if (has_layer != (our_place != std::string::npos)) {
        throw Error(entry + ": {l} is on one side only of " + format::quoted(name));
    }
    return {theirs, name};
}

inline NameMap name_map_from_json(const std::string& where, const format::OrderedJson& json) {
    if (!json.is_object()) throw Error(where + ": is no object {\"their name\": \"our name\"}");
    NameMap map;
    for (const auto& [theirs, ours] : json.items()) {
        map.entries.push_back(read_map_entry(where, theirs, ours));
    }
    return map;
}

inline NameMap read_name_map(const std::filesystem::path& path) {
    return name_map_from_json(path.string(), format::read_ordered_json_file(path));
}

}  // namespace gptoss::dump

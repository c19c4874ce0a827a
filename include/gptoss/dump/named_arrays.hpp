// Named arrays: what a dump's file holds, on its way into a Dump.
//
//     ArraysRead arrays{map};
//     arrays.add(dump, {name, {tensor}, tensor.dtype});    one after the other, in any order
//     arrays.finish(dump);
//
// Where    dump/read_dump.hpp, for each kind of file.
// Errors   Error, naming the file and the array: two arrays for one site, gate without up, tokens that
//          make no sense.
#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/dump/llama_cpp_names.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/dump/site_names.hpp"
#include "gptoss/format/array.hpp"

namespace gptoss::dump {

// An array as a file has it. The bytes live as long as what they were read from.
struct NamedArray {
    std::string name;
    format::ArrayView array;
    std::string dtype;         // in messages
    std::string refusal = {};  // why it cannot be read
};

inline std::vector<std::int32_t> read_ids(const std::string& where,
                                          const format::ArrayView& array) {
    std::vector<std::int32_t> ids;
    for (const std::int64_t id : format::read_integers(array)) {
        if (id < std::numeric_limits<std::int32_t>::min() ||
            id > std::numeric_limits<std::int32_t>::max()) {
            throw Error(where + ": holds " + std::to_string(id) + ", expected an id");
        }
        ids.push_back(std::int32_t(id));
    }
    return ids;
}

// (T) or (1, T)
inline std::vector<std::int32_t> read_tokens(const std::string& where, const NamedArray& named) {
    if (!named.refusal.empty()) throw Error(where + ": " + named.refusal);
    const format::Shape& shape = named.array.tensor.shape;
    const bool is_list = shape.size() == 1 || (shape.size() == 2 && shape[0] == 1);
    if (!is_list || !format::is_integer_dtype(named.dtype)) {
        throw Error(where + ": is " + named.dtype + " " + format::shape_text(shape) +
                    ", expected I32 or I64 (T) or (1, T)");
    }
    return read_ids(where, named.array);
}

inline Activation read_activation(const std::string& where, Site site, const NamedArray& named) {
    Activation activation;
    activation.shape = named.array.tensor.shape;
    activation.dtype = named.dtype;
    activation.refusal = named.refusal;
    if (!activation.refusal.empty()) return activation;
    const bool is_ids = site == Site::mlp_expert_ids;
    if (is_ids && format::is_integer_dtype(named.dtype)) {
        activation.ids = read_ids(where, named.array);
    } else if (!is_ids && format::is_float_dtype(named.dtype)) {
        activation.values = format::read_floats(named.array);
    } else {
        activation.refusal = "dtype is " + named.dtype + ", expected " +
                             (is_ids ? "I32 or I64" : "F32, F64, F16 or BF16");
    }
    return activation;
}

// Every second channel of a site, from the first or the second one on; the others stay as they are.
inline void put_channels(const std::string& where, const Activation& half, Channels channels,
                         Activation& whole) {
    if (whole.shape.empty()) {
        whole = half;
        if (!whole.shape.empty()) whole.shape.back() *= 2;
        whole.values.assign(2 * half.values.size(), std::numeric_limits<float>::quiet_NaN());
    }
    if (whole.refusal.empty()) whole.refusal = half.refusal;
    if (whole.values.size() != 2 * half.values.size()) {
        throw Error(where + ": is " + format::shape_text(half.shape) +
                    ", expected the shape of the other half, whose channels alternate with it");
    }
    const std::size_t first = channels == Channels::even ? 0 : 1;
    for (std::size_t i = 0; i < half.values.size(); ++i) {
        whole.values[2 * i + first] = half.values[i];
    }
}

// Arrays on their way into a dump.
struct ArraysRead {
    const NameMap& map;
    std::map<SiteKey, std::set<Channels>> channels = {};  // that are there so far

    // Ours, or llama.cpp's, whose names with a layer nobody else has.
    std::string site_name_of(Dump& dump, const std::string& theirs) const {
        const std::string name = map.ours(theirs);
        if (name == kTokensName || site_channels_from_name(name)) return name;
        const std::string of_llama_cpp = llama_cpp_names().ours(name);
        dump.is_llama_cpp |= of_llama_cpp != name && name.find('-') != std::string::npos;
        return of_llama_cpp;
    }

    void add(Dump& dump, const NamedArray& named) {
        const std::string where = dump.name + ": " + format::quoted(named.name);
        const std::string name = site_name_of(dump, named.name);
        if (name == kTokensName) {
            dump.tokens = read_tokens(where, named);
            return;
        }
        const auto place = site_channels_from_name(name);
        if (!place) {
            dump.unknown_names.push_back(named.name);
            return;
        }
        const bool is_before_bias = named.name.ends_with(" MUL_MAT");  // llama.cpp's, behind ADD
        if (is_taken(*place) && is_before_bias) return;
        if (is_taken(*place)) throw Error(where + ": is " + name + ", which another array is too");
        channels[place->key].insert(place->channels);
        Activation activation = read_activation(where, place->key.site, named);
        if (place->channels == Channels::all) {
            dump.sites[place->key] = std::move(activation);
        } else {
            put_channels(where, activation, place->channels, dump.sites[place->key]);
        }
    }

    bool is_taken(const SiteChannels& place) const {
        const auto there = channels.find(place.key);
        if (there == channels.end()) return false;
        const bool is_all = place.channels == Channels::all;
        return is_all || there->second.contains(Channels::all) ||
               there->second.contains(place.channels);
    }

    void finish(Dump& dump) const {
        for (const auto& [key, there] : channels) {
            if (there.size() == 2 || there.contains(Channels::all)) continue;
            const bool is_gate = there.contains(Channels::even);
            throw Error(dump.name + ": has the " + (is_gate ? "gates" : "ups") + " of " +
                        site_name(key) + ", expected the " + (is_gate ? "ups" : "gates") + " too");
        }
        if (dump.is_llama_cpp) tidy_llama_cpp(dump);
    }
};

}  // namespace gptoss::dump

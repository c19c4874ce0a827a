// Shortening: the numbers of a run made to fit into a page. First floats lose lower bytes, all alike; then
// arrays are left out, and a line says which.
//
//     F32   4 bytes   exact
//     F24   3 bytes   16 significant bits, 0.0015 % at most
//     BF16  2 bytes   8 significant bits, 0.4 % at most
//
// Kept first: guesses, norms, routes and sinks, which all pictures need; then attention weights, layer by
// layer; then the rest, small sites before large ones.
//
// Pitfalls Lower bytes are rounded away, half away from zero: a NaN or an infinity stays one, as its lower
//          bytes are not carried.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "page_arrays.hpp"

namespace gptoss::live {

struct Precision {
    const char* dtype;
    int n_bytes;
    const char* text;  // for the inspector
};
inline constexpr Precision kPrecisions[] = {{"F32", 4, "float32"},
                                            {"F24", 3, "float32, rounded to 16 bits"},
                                            {"BF16", 2, "float32, rounded to 8 bits"}};

inline bool is_float(const PageArray& array) {
    return std::string(array.dtype) == "F32";
}

inline std::size_t bytes_in(const PageArray& array, const Precision& precision) {
    return array.count * std::size_t(is_float(array) ? precision.n_bytes : 4);
}

// The upper n_bytes of a float, rounded.
inline void append_shortened(std::vector<std::uint8_t>& bytes, float value, int n_bytes) {
    std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const int n_dropped = 8 * (4 - n_bytes);
    if (n_dropped > 0 && std::isfinite(value)) bits += 1u << (n_dropped - 1);
    for (int b = 4 - n_bytes; b < 4; ++b) {
        bytes.push_back(std::uint8_t(bits >> (8 * b)));
    }
}

inline int rank_of(const std::string& name) {
    for (const char* ending : {"next.ids", "next.p", "lens.ids", "lens.p", "stream.rms",
                               ".expert_ids", ".expert_weights", ".router_logits", ".sink_share"}) {
        if (name.ends_with(ending)) return 0;
    }
    return name.ends_with(".attn.weights") ? 1 : 2;
}

// "block.3.mlp.gate_up" -> "block.*.mlp.gate_up"
inline std::string of_any_layer(const std::string& name) {
    if (!name.starts_with("block.")) return name;
    return "block.*" + name.substr(name.find('.', 6));
}

struct Shortened {
    PageArrays arrays;
    Precision precision = kPrecisions[0];
    std::string left_out;  // a sentence, or ""
};

inline std::string left_out_text(const std::vector<std::string>& names) {
    std::set<std::string> seen;
    std::string text;
    for (const std::string& name : names) {
        const std::string every = of_any_layer(name);
        const auto is_like = [&](const std::string& other) { return of_any_layer(other) == every; };
        if (!seen.insert(every).second) continue;
        const auto n_layers = std::count_if(names.begin(), names.end(), is_like);
        text += (text.empty() ? "" : ", ") + every;
        if (n_layers > 1) text += " (" + std::to_string(n_layers) + " layers)";
    }
    return text.empty() ? "" : "Left out, to keep the page small: " + text + ".";
}

// The arrays that fit into max_bytes, in the order in which they are kept.
inline std::vector<PageArray> fitting(const std::vector<PageArray>& arrays,
                                      const Precision& precision, std::size_t max_bytes,
                                      std::vector<std::string>& left_out) {
    const auto comes_first = [](const PageArray& a, const PageArray& b) {
        const int rank_a = rank_of(a.name);
        const int rank_b = rank_of(b.name);
        if (rank_a != rank_b) return rank_a < rank_b;
        return rank_a == 2 && a.count < b.count;
    };
    std::list<PageArray> sorted(arrays.begin(), arrays.end());
    sorted.sort(comes_first);  // those alike stay in their order
    std::vector<PageArray> kept;
    std::size_t n_bytes = 0;
    for (const PageArray& array : sorted) {
        const std::size_t size = bytes_in(array, precision);
        if (n_bytes + size > max_bytes) {
            left_out.push_back(array.name);
            continue;
        }
        n_bytes += size;
        kept.push_back(array);
    }
    return kept;
}

inline Shortened shortened(const PageArrays& whole, std::size_t max_bytes) {
    Shortened result;
    std::vector<PageArray> kept;
    for (const Precision& precision : kPrecisions) {
        std::vector<std::string> left_out;
        kept = fitting(whole.arrays, precision, max_bytes, left_out);
        result.precision = precision;
        result.left_out = left_out_text(left_out);
        if (left_out.empty()) break;
    }
    std::vector<std::uint8_t>& bytes = result.arrays.bytes;
    for (PageArray array : kept) {
        const std::uint8_t* from = whole.bytes.data() + array.at;
        array.at = bytes.size();
        if (!is_float(array)) {
            bytes.insert(bytes.end(), from, from + 4 * array.count);
        } else {
            array.dtype = result.precision.dtype;
            for (std::size_t i = 0; i < array.count; ++i) {
                float value = 0;
                std::memcpy(&value, from + 4 * i, sizeof value);
                append_shortened(bytes, value, result.precision.n_bytes);
            }
        }
        result.arrays.arrays.push_back(array);
    }
    return result;
}

}  // namespace gptoss::live

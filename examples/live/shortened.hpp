// Shortening: the numbers of a run made to fit into a page. First floats lose lower bytes, all alike; then
// of attention only the largest weights are kept (largest.hpp), of all layers or, if that is too much, of
// some; then arrays are left out. A line says what is gone.
//
//     F32   4 bytes   exact
//     F24   3 bytes   16 significant bits, 0.0015 % at most
//     BF16  2 bytes   8 significant bits, 0.4 % at most
//
// Kept first: guesses, norms, routes and sinks, which all pictures need; then attention weights; then the
// rest, small sites before large ones. Of 200 tokens of 20b the 8 largest of each row stay, in ten of 24 layers.
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

#include "largest.hpp"

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
    return array.count * (is_float(array) ? std::size_t(precision.n_bytes) : bytes_each(array));
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
    return name.find(".attn.weights") != name.npos ? 1 : 2;
}

// "block.3.mlp.gate_up" -> "block.*.mlp.gate_up"
inline std::string of_any_layer(const std::string& name) {
    if (!name.starts_with("block.")) return name;
    return "block.*" + name.substr(name.find('.', 6));
}

struct Shortened {
    PageArrays arrays;
    Precision precision = kPrecisions[0];
    std::string left_out;  // in sentences, or ""
    int n_largest = 0;     // weights a row that are kept where not all are
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

// "Of attention the 8 largest weights of each head and token are kept, in 9 of 24 layers (0, 3, ...)."
inline std::string kept_weights_text(const LargestChoice& choice, std::size_t n_layers) {
    if (choice.layers.empty()) return "Of attention no weights are kept.";
    std::string text =
        "Of attention the " + std::to_string(choice.k) +
        " largest weights of each head and token are kept, and the sum of the others";
    if (choice.layers.size() == n_layers) return text + ".";
    text += ", in " + std::to_string(choice.layers.size()) + " of " + std::to_string(n_layers) +
            " layers (";
    for (const int layer : choice.layers) {
        text += (layer == choice.layers[0] ? "" : ", ") + std::to_string(layer);
    }
    return text + ").";
}

// Leaves so many attention weights that they fit with what is kept before them. -> how many a row
inline int keep_fewer_weights(PageArrays& run, const Extent& extent, const Precision& precision,
                              std::size_t max_bytes, std::string& sentence) {
    std::size_t n_used = 0;
    std::vector<int> layers;
    int n_heads = 0;
    for (const PageArray& array : run.arrays) {
        if (rank_of(array.name) == 0) n_used += bytes_in(array, precision);
        if (rank_of(array.name) != 1) continue;
        layers.push_back(layer_of(array.name));
        n_heads = array.shape[0];
    }
    const LargestChoice choice = choose_largest(layers, n_heads, extent, precision.n_bytes,
                                                max_bytes - std::min(max_bytes, n_used));
    keep_largest(run, extent, choice);
    sentence = kept_weights_text(choice, layers.size());
    return choice.k;
}

// The arrays named, rounded to a precision.
inline PageArrays rounded(const PageArrays& run, const std::vector<PageArray>& kept,
                          const Precision& precision) {
    PageArrays result;
    for (PageArray array : kept) {
        const std::uint8_t* from = run.bytes.data() + array.at;
        if (!is_float(array)) {
            result.add(array, from);
            continue;
        }
        array.at = result.bytes.size();
        array.dtype = precision.dtype;
        for (std::size_t i = 0; i < array.count; ++i) {
            float value = 0;
            std::memcpy(&value, from + 4 * i, sizeof value);
            append_shortened(result.bytes, value, precision.n_bytes);
        }
        result.arrays.push_back(array);
    }
    return result;
}

inline Shortened shortened(PageArrays run, const Extent& extent, std::size_t max_bytes) {
    std::vector<std::string> left_out;
    std::vector<PageArray> kept;
    for (const Precision& precision : kPrecisions) {
        left_out.clear();
        kept = fitting(run.arrays, precision, max_bytes, left_out);
        if (left_out.empty()) return {rounded(run, kept, precision), precision, "", 0};
    }
    const Precision& coarsest = kPrecisions[std::size(kPrecisions) - 1];
    const auto is_attention = [](const std::string& name) { return rank_of(name) == 1; };
    std::string sentence;
    int n_largest = 0;
    if (std::any_of(left_out.begin(), left_out.end(), is_attention)) {
        n_largest = keep_fewer_weights(run, extent, coarsest, max_bytes, sentence);
        left_out.clear();
        kept = fitting(run.arrays, coarsest, max_bytes, left_out);
    }
    if (!sentence.empty() && !left_out.empty()) sentence += " ";
    return {rounded(run, kept, coarsest), coarsest, sentence + left_out_text(left_out), n_largest};
}

}  // namespace gptoss::live

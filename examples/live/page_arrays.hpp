// PageArrays: the numbers of one run as the page reads them: bytes, and where each array lies in them.
//
//     PageArrays arrays;
//     arrays.add("block.0.attn.q", {T, 512}, values, count);
//     arrays.index()    {"block.0.attn.q": {"shape": [T, 512], "dtype": "F32", "at": 0}, ...}
//
// attn.scores and attn.weights of a layer lie packed: per head and token only what the token sees,
// so that a sliding layer costs its window and a full one a triangle. Their shape is (n_heads,
// visible), visible being the sum of min(t + 1, window) over the tokens (page/run.js undoes it).
//
// Types    F32, I32 and U16, little-endian.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gptoss/layers/attention_record.hpp"

namespace gptoss::live {

static_assert(std::endian::native == std::endian::little, "the page reads little-endian numbers");

struct PageArray {
    std::string name;
    std::vector<int> shape;
    const char* dtype = "F32";
    std::size_t at = 0;  // in bytes
    std::size_t count = 0;
};

inline std::size_t bytes_each(const PageArray& array) {
    return std::string_view(array.dtype) == "U16" ? 2 : 4;
}

struct PageArrays {
    std::vector<PageArray> arrays;
    std::vector<std::uint8_t> bytes;

    void add(const std::string& name, std::vector<int> shape, const float* values,
             std::size_t count) {
        add({name, std::move(shape), "F32", 0, count}, values);
    }
    void add(const std::string& name, std::vector<int> shape, const std::int32_t* values,
             std::size_t count) {
        add({name, std::move(shape), "I32", 0, count}, values);
    }
    void add(const std::string& name, std::vector<int> shape, const std::uint16_t* values,
             std::size_t count) {
        add({name, std::move(shape), "U16", 0, count}, values);
    }
    void add(PageArray array, const void* values) {
        const auto* first = static_cast<const std::uint8_t*>(values);
        array.at = bytes.size();
        bytes.insert(bytes.end(), first, first + array.count * bytes_each(array));
        arrays.push_back(std::move(array));
    }

    nlohmann::ordered_json index() const {
        nlohmann::ordered_json json = nlohmann::ordered_json::object();
        for (const PageArray& array : arrays) {
            json[array.name] = {{"shape", array.shape}, {"dtype", array.dtype}, {"at", array.at}};
        }
        return json;
    }
};

// Of a record (n_heads * n_tokens, n_positions) of a run from position 0 on, what the tokens see.
inline std::vector<float> visible_values(const float* record, int n_heads, int n_tokens,
                                         int n_positions, int window) {
    std::vector<float> visible;
    for (int h = 0; h < n_heads; ++h) {
        for (int t = 0; t < n_tokens; ++t) {
            const std::size_t row = std::size_t(h) * std::size_t(n_tokens) + std::size_t(t);
            const float* values = record + row * std::size_t(n_positions);
            visible.insert(visible.end(), values + first_visible_position(t, window),
                           values + t + 1);
        }
    }
    return visible;
}

inline void add_visible(PageArrays& arrays, const std::string& name, const float* record,
                        int n_heads, int n_tokens, int n_positions, int window) {
    const std::vector<float> visible =
        visible_values(record, n_heads, n_tokens, n_positions, window);
    const int per_head = int(visible.size()) / n_heads;
    arrays.add(name, {n_heads, per_head}, visible.data(), visible.size());
}

}  // namespace gptoss::live

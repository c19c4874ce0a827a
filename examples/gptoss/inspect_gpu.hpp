// gptoss inspect --gpu: how long a context a GPU has room for.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/model/device_fit.hpp"
#include "terminal.hpp"

namespace gptoss::tool {

// Of cards that are sold; their gigabytes are 2^30 bytes.
inline std::vector<std::int64_t> usual_gpus() {
    std::vector<std::int64_t> sizes;
    for (const int gibibytes : {16, 24, 32, 80, 141}) {
        sizes.push_back(std::int64_t(gibibytes) << 30);
    }
    return sizes;
}

inline Table gpu_table(const Config& c, std::int64_t weight_bytes,
                       const std::vector<std::int64_t>& gpus) {
    Table table{"rrrrr"};
    table.add({"GPU", "longest context", "weights", "KV cache", "left over"});
    for (const std::int64_t gpu : gpus) {
        const int n_tokens = longest_context(c, weight_bytes, gpu);
        const DeviceBytes bytes = device_bytes(c, weight_bytes, n_tokens);
        if (n_tokens == 0) {
            table.add({readable_bytes(gpu), "does not fit", readable_bytes(weight_bytes), "", ""});
            continue;
        }
        table.add({readable_bytes(gpu), with_commas(n_tokens), readable_bytes(weight_bytes),
                   readable_bytes(bytes.cache), readable_bytes(gpu - bytes.total())});
    }
    return table;
}

inline nlohmann::ordered_json json_of_gpus(const Config& c, std::int64_t weight_bytes,
                                           const std::vector<std::int64_t>& gpus) {
    auto json = nlohmann::ordered_json::array();
    for (const std::int64_t gpu : gpus) {
        const int n_tokens = longest_context(c, weight_bytes, gpu);
        const DeviceBytes bytes = device_bytes(c, weight_bytes, n_tokens);
        json.push_back({{"bytes", gpu},
                        {"longest_context", n_tokens},
                        {"weights", weight_bytes},
                        {"activations", bytes.activations},
                        {"kv_cache", bytes.cache},
                        {"needed", bytes.total()}});
    }
    return json;
}

// Prints a table, or adds the same to json. A size of 0 is that of the usual ones alone.
inline void inspect_gpu(const Config& c, std::int64_t weight_bytes, std::uint64_t size,
                        nlohmann::ordered_json* json) {
    std::vector<std::int64_t> gpus = usual_gpus();
    if (size > 0) gpus = {std::int64_t(size)};
    if (json != nullptr) {
        (*json)["gpus"] = json_of_gpus(c, weight_bytes, gpus);
        return;
    }
    print_table(
        "what fits a GPU, by arithmetic, with " + readable_bytes(kDriverBytes) + " for its driver",
        gpu_table(c, weight_bytes, gpus));
}

}  // namespace gptoss::tool

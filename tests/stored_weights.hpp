// A dense matrix in any form for a test, rounded from floats.
//
//     const StoredWeights w(Storage::q8_0, 2, 32, values);
//     linear(x, w.view(), bias, y);
//
// Its bytes begin at an odd address, as a tensor in a file may.
#pragma once
#include <cstring>
#include <vector>

#include "gptoss/core/view.hpp"

namespace gptoss::test {

// q8_0: values.size() is a multiple of 32.
inline std::vector<std::uint8_t> stored(Storage storage, const std::vector<float>& values) {
    std::vector<std::uint8_t> bytes(storage_bytes(storage, values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint8_t* place = bytes.data() + storage_bytes(storage, i / 32 * 32);
        const std::size_t l = i % 32;
        const std::uint16_t bf16 = float_to_bf16(values[i]);
        const std::uint16_t fp16 = float_to_fp16(values[i]);
        if (storage == Storage::bf16) std::memcpy(place + 2 * l, &bf16, 2);
        if (storage == Storage::f16) std::memcpy(place + 2 * l, &fp16, 2);
        if (storage == Storage::f32) std::memcpy(place + 4 * l, &values[i], 4);
        if (storage == Storage::q8_0 && l == 0) q8_0_encode_block(&values[i], place);
    }
    return bytes;
}

struct StoredWeights {
    StoredWeights(Storage form, int n_rows, int n_cols, const std::vector<float>& values)
        : bytes(1), storage(form), rows(n_rows), cols(n_cols) {
        const std::vector<std::uint8_t> all = stored(form, values);
        bytes.insert(bytes.end(), all.begin(), all.end());
    }

    DenseMatrix view() const { return {bytes.data() + 1, rows, cols, storage}; }

    std::vector<std::uint8_t> bytes;
    Storage storage;
    int rows;
    int cols;
};

}  // namespace gptoss::test

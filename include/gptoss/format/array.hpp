// Array: the numbers of a file as floats or ids, however they lie there.
//
//     std::vector<float> values = read_floats(array);         F32, F64, F16, BF16
//     std::vector<std::int64_t> ids = read_integers(array);   I32, I64
//
// The result is row-major. Wider floats are rounded to nearest, narrower ones widen exactly.
//
// Where    reading dumps of others (dump/read_dump.hpp).
// Pitfalls In Fortran order the first index is contiguous, and the shape alone does not show it.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/fp16.hpp"
#include "gptoss/format/tensor.hpp"

namespace gptoss::format {

struct ArrayView {
    TensorView tensor;
    bool big_endian = false;
    bool fortran_order = false;
};

inline bool is_float_dtype(std::string_view dtype) {
    return dtype == "F32" || dtype == "F64" || dtype == "F16" || dtype == "BF16";
}

inline bool is_integer_dtype(std::string_view dtype) {
    return dtype == "I32" || dtype == "I64";
}

// Element i of the file's own order, as the type whose bits it has.
template <class Number>
Number load_element(const ArrayView& array, std::size_t i) {
    std::uint8_t bytes[sizeof(Number)];
    std::memcpy(bytes, array.tensor.bytes + i * sizeof(Number), sizeof(Number));
    if (array.big_endian) std::reverse(bytes, bytes + sizeof(Number));
    Number number;
    std::memcpy(&number, bytes, sizeof(Number));
    return number;
}

inline float load_float(const ArrayView& array, std::size_t i) {
    const std::string_view dtype = array.tensor.dtype;
    if (dtype == "F64") return float(load_element<double>(array, i));
    if (dtype == "F16") return fp16_to_float(load_element<std::uint16_t>(array, i));
    if (dtype == "BF16") return bf16_to_float(load_element<std::uint16_t>(array, i));
    return load_element<float>(array, i);
}

inline std::int64_t load_integer(const ArrayView& array, std::size_t i) {
    if (array.tensor.dtype == "I64") return load_element<std::int64_t>(array, i);
    return load_element<std::int32_t>(array, i);
}

inline std::size_t n_elements(const ArrayView& array) {
    return std::size_t(array.tensor.n_bytes) / std::size_t(dtype_bytes(array.tensor.dtype));
}

// Where the file has each element of the row-major order.
inline std::vector<std::size_t> file_places(const ArrayView& array) {
    const Shape& shape = array.tensor.shape;
    std::vector<std::size_t> strides;  // of the first index 1
    std::size_t stride = 1;
    for (const std::int64_t extent : shape) {
        strides.push_back(stride);
        stride *= std::size_t(extent);
    }
    std::vector<std::size_t> places;
    places.reserve(n_elements(array));
    std::vector<std::int64_t> index(shape.size(), 0);
    std::size_t place = 0;
    while (places.size() < n_elements(array)) {
        places.push_back(place);
        for (std::size_t axis = shape.size(); axis-- > 0;) {  // the last index counts first
            place += strides[axis];
            if (++index[axis] < shape[axis]) break;
            place -= strides[axis] * std::size_t(shape[axis]);
            index[axis] = 0;
        }
    }
    return places;
}

// All elements, each by load(array, place), in row-major order.
template <class Number>
std::vector<Number> read_elements(const ArrayView& array,
                                  Number (*load)(const ArrayView&, std::size_t)) {
    std::vector<Number> numbers(n_elements(array));
    if (array.fortran_order) {
        const std::vector<std::size_t> places = file_places(array);
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            numbers[i] = load(array, places[i]);
        }
        return numbers;
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = load(array, i);
    }
    return numbers;
}

inline std::vector<float> read_floats(const ArrayView& array) {
    return read_elements<float>(array, &load_float);
}

inline std::vector<std::int64_t> read_integers(const ArrayView& array) {
    return read_elements<std::int64_t>(array, &load_integer);
}

}  // namespace gptoss::format

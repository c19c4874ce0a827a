// Operands: numpy arrays as the views that ops take. Nothing is converted: another dtype, byte order
// or layout is refused, in one line that names the operand, what it got and what it expected.
//
//     Operands in("rmsnorm");
//     const ConstMatrixView x = in.matrix("x", x_array);      float32 (rows, cols)
//
// Views live as long as the Operands, which holds the arrays' memory.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gptoss/core/check.hpp"
#include "gptoss/core/view.hpp"

namespace gptoss::python {

namespace nb = nanobind;

// While it lives, this thread may touch Python; while the other does, other threads of Python run.
using Gil = nb::gil_scoped_acquire;
using WithoutGil = nb::gil_scoped_release;

class Operands {
public:
    explicit Operands(const char* op) : op_(op) {}
    Operands(const Operands&) = delete;
    Operands& operator=(const Operands&) = delete;
    ~Operands() {
        for (Py_buffer& buffer : buffers_) {
            PyBuffer_Release(&buffer);
        }
    }

    // Of three dimensions the first two are flattened: (n_tokens, top_k, cols).
    ConstMatrixView matrix(const char* name, nb::handle array) {
        const Memory m = take(name, array, "float32", 2, 3, "(rows, cols)", false);
        return {static_cast<const float*>(m.data), m.rows, m.cols};
    }
    MatrixView writable_matrix(const char* name, nb::handle array) {
        const Memory m = take(name, array, "float32", 2, 2, "(rows, cols)", true);
        return {static_cast<float*>(m.data), m.rows, m.cols};
    }
    ConstVectorView vector(const char* name, nb::handle array) {
        const Memory m = take(name, array, "float32", 1, 1, "(size)", false);
        return {static_cast<const float*>(m.data), m.rows};
    }
    ConstIdsView ids(const char* name, nb::handle array) {
        const Memory m = take(name, array, "int32", 1, 2, "(n_tokens) or (n_tokens, top_k)", false);
        return {static_cast<const std::int32_t*>(m.data), m.rows, m.cols};
    }
    // Positions are rows of tables and caches.
    ConstIdsView positions(const char* name, nb::handle array) {
        const ConstIdsView all = ids(name, array);
        for (int t = 0; t < all.rows * all.cols; ++t) {
            const int position = all.data[t];
            if (position >= 0 && position < std::numeric_limits<int>::max()) continue;
            throw Error(std::string(op_) + ": " + name + "[" + std::to_string(t) + "] is " +
                        std::to_string(position) + ", expected 0 or more");
        }
        return all;
    }
    // bfloat16, its bits as uint16, float16 or float32: each is read as it is.
    DenseMatrix dense(const char* name, nb::handle array);
    const std::uint8_t* bytes(const char* name, nb::handle array, const std::vector<int>& shape);

private:
    struct Memory {
        void* data;
        int rows;
        int cols;
    };

    Memory take(const char* name, nb::handle array, const char* dtype, int least_dims,
                int most_dims, const char* expected_shape, bool writable);
    void require_array(const char* name, nb::handle array, const std::string& expected) const;
    void require_dtype(const char* name, nb::handle array, const std::string& dtype) const;
    void require_layout(const char* name, nb::handle array, bool writable) const;
    std::string where(const char* name) const { return std::string(op_) + ": " + name; }
    void* hold(nb::handle array, bool writable);

    const char* op_;
    std::deque<Py_buffer> buffers_;
};

// "(2, 3)"
std::string shape_of(nb::handle array);

// --- New arrays -------------------------------------------------------------------------------

// A numpy array that keeps owner; the memory is not copied.
template <class Number, class Owner>
nb::object array_of(Number* data, const std::vector<std::size_t>& shape, Owner owner) {
    auto* kept = new Owner(std::move(owner));
    const nb::capsule capsule(kept, [](void* p) noexcept { delete static_cast<Owner*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, Number>(data, shape.size(), shape.data(), capsule));
}

// The result of an op, on the way to be an array.
template <class Number>
struct NewArray {
    std::shared_ptr<std::vector<Number>> values;
    std::vector<std::size_t> shape;

    explicit NewArray(std::vector<std::size_t> extents) : shape(std::move(extents)) {
        std::size_t size = 1;
        for (const std::size_t extent : shape) {
            size *= extent;
        }
        values = std::make_shared<std::vector<Number>>(size);
    }
    nb::object array() const { return array_of(values->data(), shape, values); }
};

struct NewMatrix : NewArray<float> {
    NewMatrix(int rows, int cols) : NewArray({std::size_t(rows), std::size_t(cols)}) {}
    MatrixView view() { return {values->data(), int(shape[0]), int(shape[1])}; }
};

struct NewIds : NewArray<std::int32_t> {
    NewIds(int rows, int cols) : NewArray({std::size_t(rows), std::size_t(cols)}) {}
    IdsView view() { return {values->data(), int(shape[0]), int(shape[1])}; }
};

// BF16 bits as ml_dtypes.bfloat16, or as uint16 where that package is missing.
nb::object as_bfloat16(const nb::object& bits);

}  // namespace gptoss::python

// A function that returns one of them returns its array.
template <>
struct nanobind::detail::type_caster<gptoss::python::NewMatrix> {
    static constexpr auto Name = const_name("numpy.ndarray");
    static handle from_cpp(const gptoss::python::NewMatrix& made, rv_policy, cleanup_list*) {
        return made.array().release();
    }
};

template <class Number>
struct nanobind::detail::type_caster<gptoss::python::NewArray<Number>> {
    static constexpr auto Name = const_name("numpy.ndarray");
    static handle from_cpp(const gptoss::python::NewArray<Number>& made, rv_policy, cleanup_list*) {
        return made.array().release();
    }
};

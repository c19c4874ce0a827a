#include "operands.hpp"

#include <nanobind/stl/string.h>

namespace gptoss::python {
namespace {

std::string text_of(nb::handle object) {
    return nb::cast<std::string>(nb::str(object));
}

}  // namespace

std::string shape_of(nb::handle array) {
    return text_of(array.attr("shape"));
}

nb::object as_bfloat16(const nb::object& bits) {
    try {
        return bits.attr("view")(nb::module_::import_("ml_dtypes").attr("bfloat16"));
    } catch (nb::python_error& error) {
        if (!error.matches(PyExc_ImportError)) throw;
        return bits;
    }
}

void Operands::require_array(const char* name, nb::handle array,
                             const std::string& expected) const {
    const nb::object ndarray = nb::module_::import_("numpy").attr("ndarray");
    if (nb::isinstance(array, ndarray)) return;
    const std::string got = nb::cast<std::string>(array.type().attr("__name__"));
    throw nb::type_error(
        (where(name) + " is " + got + ", expected a numpy array of " + expected).c_str());
}

// str(dtype) is "float32" in the machine's byte order and ">f4" in the other.
void Operands::require_dtype(const char* name, nb::handle array, const std::string& dtype) const {
    const std::string got = text_of(array.attr("dtype"));
    if (got == dtype || (dtype == "bfloat16" && got == "uint16")) return;
    const std::string expected =
        dtype == "bfloat16" ? "bfloat16 (or its bits as uint16), float16 or float32" : dtype;
    throw nb::type_error((where(name) + " is " + got + " " + shape_of(array) + ", expected " +
                          expected + "; nothing is converted in silence: astype does it")
                             .c_str());
}

void Operands::require_layout(const char* name, nb::handle array, bool writable) const {
    const nb::object flags = array.attr("flags");
    if (!nb::cast<bool>(flags.attr("c_contiguous"))) {
        throw nb::value_error((where(name) + " is " + shape_of(array) +
                               " with gaps or in another order, expected row behind row "
                               "(numpy.ascontiguousarray)")
                                  .c_str());
    }
    if (writable && !nb::cast<bool>(flags.attr("writeable"))) {
        throw nb::value_error((where(name) + " is read-only, expected a writable array").c_str());
    }
}

void* Operands::hold(nb::handle array, bool writable) {
    Py_buffer buffer;
    const int flags = writable ? PyBUF_WRITABLE : PyBUF_SIMPLE;
    if (PyObject_GetBuffer(array.ptr(), &buffer, flags) != 0) throw nb::python_error();
    buffers_.push_back(buffer);
    return buffer.buf;
}

Operands::Memory Operands::take(const char* name, nb::handle array, const char* dtype,
                                int least_dims, int most_dims, const char* expected_shape,
                                bool writable) {
    require_array(name, array, std::string(dtype) + " " + expected_shape);
    require_dtype(name, array, dtype);
    const int n_dims = nb::cast<int>(array.attr("ndim"));
    if (n_dims < least_dims || n_dims > most_dims) {
        throw nb::value_error(
            (where(name) + " is " + shape_of(array) + ", expected " + expected_shape).c_str());
    }
    require_layout(name, array, writable);

    std::int64_t rows = 1;
    for (int i = 0; i < std::max(1, n_dims - 1); ++i) {
        rows *= nb::cast<std::int64_t>(array.attr("shape")[i]);
    }
    const std::int64_t cols =
        n_dims > 1 ? nb::cast<std::int64_t>(array.attr("shape")[n_dims - 1]) : 1;
    if (rows > std::numeric_limits<int>::max() || cols > std::numeric_limits<int>::max()) {
        throw nb::value_error(
            (where(name) + " is " + shape_of(array) + ", expected extents below 2147483648")
                .c_str());
    }
    const bool is_bf16 = std::string(dtype) == "bfloat16";
    const nb::object plain =  // numpy gives no buffer of ml_dtypes' own dtype
        is_bf16 ? nb::object(array.attr("view")("uint16")) : nb::borrow(array);
    return {hold(plain, writable), int(rows), int(cols)};
}

DenseMatrix Operands::dense(const char* name, nb::handle array) {
    Storage storage = Storage::bf16;
    const char* dtype = "bfloat16";
    if (nb::hasattr(array, "dtype")) {
        const std::string got = text_of(array.attr("dtype"));
        if (got == "float16") {
            storage = Storage::f16;
            dtype = "float16";
        }
        if (got == "float32") {
            storage = Storage::f32;
            dtype = "float32";
        }
    }
    const Memory m = take(name, array, dtype, 2, 2, "(rows, cols)", false);
    return {static_cast<const std::uint8_t*>(m.data), m.rows, m.cols, storage};
}

const std::uint8_t* Operands::bytes(const char* name, nb::handle array,
                                    const std::vector<int>& shape) {
    std::string expected;
    for (const int extent : shape) {
        expected += (expected.empty() ? "(" : ", ") + std::to_string(extent);
    }
    expected += ")";
    require_array(name, array, "uint8 " + expected);
    require_dtype(name, array, "uint8");
    require_layout(name, array, false);
    if (shape_of(array) != expected) {
        throw nb::value_error(
            (where(name) + " is " + shape_of(array) + ", expected " + expected).c_str());
    }
    return static_cast<const std::uint8_t*>(hold(array, false));
}

}  // namespace gptoss::python

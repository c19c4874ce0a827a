// gptoss._core: the compiled half of the package; python/gptoss/ is the other.
#include <nanobind/nanobind.h>

#include "bind.hpp"
#include "gptoss/core/version.hpp"
#include "header_docs.hpp"

namespace nb = nanobind;

NB_MODULE(_core, m) {
    m.attr("version") = GPTOSS_VERSION;
    m.attr("headers_digest") = gptoss::python::kHeadersDigest;
    auto error = nb::exception<gptoss::Error>(m, "Error", PyExc_ValueError);
    error.doc() = gptoss::python::header_doc("core/check.hpp");
    nb::exception<gptoss::ShapeError>(m, "ShapeError", error.ptr());
    gptoss::python::bind_config(m);
    gptoss::python::bind_dump(m);
    gptoss::python::bind_model(m);
    gptoss::python::bind_page(m);
    gptoss::python::bind_weights(m);
    gptoss::python::bind_ops(m);
    gptoss::python::bind_pitfalls(m);
    gptoss::python::bind_text(m);
}

// What the sources of the module know of each other: one function each that fills the module, and the
// types that several of them take.
#pragma once
#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gptoss/model/transformer.hpp"
#include "gptoss/model/weights.hpp"
#include "operands.hpp"

namespace gptoss::python {

using SharedWeights = std::shared_ptr<const Weights>;

// The matrices of all experts, and what keeps them.
struct SharedExperts {
    ExpertStack stack;
    std::shared_ptr<const void> owner;
};

using Forward = void (*)(const Weights&, KvCache&, Activations&, Watch*);

struct Path {
    std::string name;
    Forward forward;
};
Path path_named(const std::string& name);  // scalar, fast or bf16

struct Model {
    std::string name;  // its directory
    SharedWeights weights;
    Path path;
};

void bind_ops(nb::module_& m);
void bind_config(nb::module_& m);
void bind_weights(nb::module_& m);
void bind_dump(nb::module_& m);
void bind_model(nb::module_& m);
void bind_page(nb::module_& m);
void bind_pitfalls(nb::module_& m);
void bind_text(nb::module_& m);

// Throws KeyboardInterrupt if Ctrl-C was pressed; called without the GIL, from Python's main thread.
inline void hear_ctrl_c() {
    const Gil gil;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

}  // namespace gptoss::python

// A run as a page: what Trace.view() shows.
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include "../../examples/live/recorded_page.hpp"
#include "../../examples/live/viewer_html.hpp"
#include "bind.hpp"

using namespace nanobind::literals;

namespace gptoss::python {
namespace {

std::string page_of(const dump::Dump& dump, const Model& model,
                    const tokenizer::Tokenizer* tokenizer, const std::string& title, int n_prompt) {
    const tokenizer::Vocabulary* vocabulary =
        tokenizer == nullptr ? nullptr : &tokenizer->vocabulary;
    const WithoutGil without_gil;
    return live::recorded_page(live::viewer_html(), dump, *model.weights, vocabulary,
                               {title, n_prompt});
}

}  // namespace

void bind_page(nb::module_& m) {
    m.def("recorded_page", &page_of, "dump"_a, "model"_a, "tokenizer"_a.none(), "title"_a,
          "n_prompt"_a);
}

}  // namespace gptoss::python

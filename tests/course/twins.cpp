// Every mistake of the bug lab that is made in an op, as a student's program that makes it.
//
// One program: which mistake it makes stands in kTwin, which tests/course/test_twins.py overwrites
// in a copy. (The runner hands no arguments on, and a compilation for each would take minutes.)
#include <cstring>

#include "gptoss/pitfalls/pitfall_list.hpp"
#include "serve.hpp"

namespace gptoss::course {
namespace {

volatile const char kTwin[64] = "TWIN=right                                                     ";

bool is_wanted(const char* name) {
    std::size_t i = 0;
    while (name[i] != '\0' && kTwin[5 + i] == name[i]) {
        ++i;
    }
    return name[i] == '\0' && kTwin[5 + i] == ' ';
}

template <class Ops>
int serve_ops() {
    return serve({served<+Ops::embed>("embed"), served<+Ops::rmsnorm>("rmsnorm"),
                  served<+Ops::linear>("linear"), served<+Ops::rope_table>("rope_table"),
                  served<+Ops::rope>("rope"), served<+Ops::cache_store>("cache_store"),
                  served<+Ops::attend>("attend"), served<+Ops::add_residual>("add_residual"),
                  served<+Ops::route>("route"), served<+Ops::expert_linear>("expert_linear"),
                  served<+Ops::swiglu>("swiglu"), served<+Ops::combine>("combine"),
                  served<+Ops::unembed>("unembed")});
}

// A mistake in the Config, made by the one op that reads those fields.
template <class Mistake>
struct EditedTable : ScalarOps {
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        Config edited = config;
        Mistake::edit(edited);
        ScalarOps::rope_table(edited, positions, table);
    }
};

template <class Mistake>
bool serves_twin() {
    if (!is_wanted(Mistake::facts.name)) return false;
    if constexpr (requires(Config& c) { Mistake::edit(c); }) {
        serve_ops<EditedTable<Mistake>>();
    } else if constexpr (!requires(Weights& w) { Mistake::edit(w); }) {
        serve_ops<Mistake>();
    }
    return true;
}

template <class... Mistakes>
bool serves_any(pitfalls::MistakeList<Mistakes...>) {
    return (serves_twin<Mistakes>() || ...);
}

}  // namespace
}  // namespace gptoss::course

int main() {
    using namespace gptoss::course;
    if (is_wanted("right")) return serve_ops<gptoss::ScalarOps>();
    return serves_any(gptoss::pitfalls::AllMistakes<gptoss::ScalarOps>{}) ? 0 : 1;
}

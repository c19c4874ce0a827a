// The mutants: every pitfall, to be put in the place of the right model under all other tests.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>

#include "catch.hpp"
#include "gptoss/pitfalls/pitfall_list.hpp"
#include "mutant_ops.hpp"

namespace gptoss {
namespace {

template <class Ops>
OpPointers pointers_of() {
    return {Ops::embed,       Ops::rmsnorm, Ops::linear,       Ops::rope_table, Ops::rope,
            Ops::cache_store, Ops::attend,  Ops::add_residual, Ops::route,      Ops::expert_linear,
            Ops::swiglu,      Ops::combine, Ops::unembed};
}

using Right = ScalarOps;
using namespace pitfalls;

// The tables of the mistakes that lie in an op.
template <class... Mistakes>
std::map<std::string, OpPointers> tables_of(MistakeList<Mistakes...>) {
    std::map<std::string, OpPointers> tables;
    const auto add = [&tables]<class Mistake>(const Mistake*) {
        if constexpr (std::is_base_of_v<Right, Mistake>) {
            tables.emplace(Mistake::facts.name, pointers_of<Mistake>());
        }
    };
    (add(static_cast<const Mistakes*>(nullptr)), ...);
    return tables;
}

const std::map<std::string, OpPointers>& wrong_tables() {
    static const auto tables = tables_of(AllMistakes<Right>{});
    return tables;
}

// Of the mutant that the environment names; without a name, a pitfall that changes nothing.
Pitfall chosen_pitfall() {
    const char* name = std::getenv("GPTOSS_MUTANT");
    if (name == nullptr) return {};
    for (const Pitfall& pitfall : all_pitfalls<ScalarOps>()) {
        if (std::strcmp(pitfall.facts.name, name) == 0) return pitfall;
    }
    std::fprintf(stderr, "GPTOSS_MUTANT: '%s' is no pitfall\n", name);
    std::exit(2);
}

}  // namespace

const OpPointers& ops_of_mutant() {
    static const OpPointers ops = [] {
        const Pitfall pitfall = chosen_pitfall();
        const bool is_right = pitfall.facts.name == nullptr;
        return is_right || pitfall.edit != nullptr ? pointers_of<Right>()
                                                   : wrong_tables().at(pitfall.facts.name);
    }();
    return ops;
}

Weights synthetic_weights_of_mutant(const Config& config, std::uint64_t seed) {
    const Pitfall pitfall = chosen_pitfall();
    Weights weights = checkpoint::synthetic_weights(config, seed);
    if (pitfall.edit != nullptr) pitfall.edit(weights);
    return weights;
}

// scripts/mutation_score.py asks for these.
TEST_CASE("mutants: what is known of each, one line of JSON per pitfall", "[.facts]") {
    for (const Pitfall& pitfall : all_pitfalls<ScalarOps>()) {
        const Facts& facts = pitfall.facts;
        const nlohmann::ordered_json line = {{"name", facts.name},
                                             {"mistake", facts.mistake},
                                             {"who", facts.who},
                                             {"symptom", facts.symptom},
                                             {"visible_from", facts.visible_from},
                                             {"first_site", site_symbol(facts.first_site)}};
        std::printf("%s\n", line.dump().c_str());
        CHECK((pitfall.edit != nullptr) != wrong_tables().contains(facts.name));
    }
}

}  // namespace gptoss

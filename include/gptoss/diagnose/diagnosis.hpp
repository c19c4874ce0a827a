// Diagnosis: what diagnose finds: where a dump leaves the right model, and which mistake explains it.
//
// Where    made by diagnose/diagnose.hpp, printed by the tool.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gptoss/compare/comparison.hpp"
#include "gptoss/compare/number_format.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::diagnose {

// One site held against the right model, and against one with the mistake switched on.
struct SiteEvidence {
    dump::SiteKey key;
    double tolerance = 0;
    double right = 0;  // error of the right model
    double wrong = 0;  // error that is left with the mistake
};

struct Suspect {
    pitfalls::Facts facts;
    double left = 1;              // error left where the right model is off, as a share of it
    double confidence = 0;        // 0 to 1, against the other suspects and "none of these"
    bool explains_first = false;  // the first divergent site is as it should be with the mistake
    int n_explained = 0;          // divergent sites that are
    int n_made_wrong = 0;         // right sites that are not
    std::vector<SiteEvidence> evidence = {};  // the divergent sites and those that got worse
};

struct Diagnosis {
    compare::Verdict verdict = compare::Verdict::unusable;
    std::string reason;      // one line
    std::string doubt = {};  // what a verdict of "no divergence" cannot exclude; part of the reason
    compare::Policy policy = compare::Policy::float32;
    compare::NumberFormat numbers = compare::NumberFormat::float32;  // that the dump holds
    bool below_noise = false;                 // errors that right programs may have too
    bool is_by_token = false;                 // found by errors token by token, not site by site
    std::optional<dump::SiteKey> first = {};  // the first divergent site
    std::optional<int> first_token = {};  // all tokens from this one on are off, and none before it
    std::string where = {};               // what of it is off, unless all is (compare/where.hpp)
    std::string divergent = {};           // all sites that diverge, with their layers
    std::string unexplained = {};         // those that the likeliest mistake does not explain
    int n_sites = 0;                      // that were compared
    int n_divergent = 0;
    int tokens_per_pass = 0;             // how chunks were cut; pitfalls::kOnePass if they were not
    bool is_known = false;               // does suspects[0] explain it?
    std::vector<Suspect> suspects = {};  // the likeliest first
    int n_as_likely = 0;                 // of the suspects: 2 or more cannot be told apart
    std::optional<Suspect> second = {};  // of a mistake that comes later, if there is another
    std::string hint = {};               // of dumps of other tokens or weights, or edited
    std::vector<std::string> invisible = {};  // mistakes within the tolerances of this run
    std::vector<std::string> notes = {};      // what could not be compared
    std::vector<std::string> remarks = {};    // what the dump was held against
};

}  // namespace gptoss::diagnose

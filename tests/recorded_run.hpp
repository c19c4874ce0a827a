// A run with everything it showed: what two runs are compared by, bit for bit.
//
//     const RecordedRun right = recorded_run(&run_in_passes<ScalarOps>, weights, tokens);
//     const FirstDifference d = first_difference(wrong, right);   d.site, d.layer, d.error
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "gptoss/pitfalls/pitfall_list.hpp"

namespace gptoss::test {

using namespace gptoss::pitfalls;

struct ShownSite {
    Site site;
    int layer;
    std::vector<float> values;  // of ids the numbers
};

struct RecordedRun : PassWatch {
    std::vector<ShownSite> shown;  // in the order of the run, pass after pass

    bool wants(Site, int) override { return true; }
    void show(Site site, int layer, ConstMatrixView values) override {
        shown.push_back({site, layer, {values.data, values.row(values.rows)}});
    }
    void show_ids(Site site, int layer, ConstIdsView ids) override {
        shown.push_back({site, layer, {ids.data, ids.row(ids.rows)}});
    }
};

inline RecordedRun recorded_right(const Weights& weights, ConstIdsView tokens,
                                  int tokens_per_pass = kOnePass) {
    RecordedRun run;
    run_in_passes<ScalarOps>(weights, tokens, tokens_per_pass, LogitRows::all, run);
    return run;
}

inline RecordedRun recorded_pitfall(const pitfalls::Pitfall& pitfall, const Weights& weights,
                                    ConstIdsView tokens, int tokens_per_pass = kOnePass) {
    RecordedRun run;
    run_pitfall(pitfall, weights, tokens, tokens_per_pass, LogitRows::all, run);
    return run;
}

struct FirstDifference {
    std::string site = "none";
    double error = 0;  // max |wrong - right| / rms(right) there
};

// Hidden scores are -inf on both sides or a difference without measure.
inline double error_of(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 0;
    double sum_of_squares = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i] == expected[i]) continue;
        largest = std::max(largest, std::abs(double(got[i]) - double(expected[i])));
    }
    for (const float value : expected) {
        if (std::isfinite(value)) sum_of_squares += double(value) * double(value);
    }
    return largest / std::sqrt(sum_of_squares / double(expected.size()));
}

inline FirstDifference first_difference(const RecordedRun& got, const RecordedRun& expected) {
    for (std::size_t i = 0; i < expected.shown.size(); ++i) {
        const ShownSite& a = got.shown[i];
        const ShownSite& b = expected.shown[i];
        const std::size_t bytes = a.values.size() * sizeof(float);
        if (std::memcmp(a.values.data(), b.values.data(), bytes) == 0) continue;
        return {site_symbol(a.site), error_of(a.values, b.values)};
    }
    return {};
}

}  // namespace gptoss::test

// Summary: a recorded run in one row per site and layer: shape, min, max, mean and rms.
//
//     mean = sum x / n        rms = sqrt( sum x^2 / n )        over the n finite values
//
// Where    the table of the tool's trace, and its HTML page (html.hpp).
// Units    those of the site.
// Pitfalls Hidden positions of attn.scores are -inf and are left out: n_values - n_finite counts
//          them, NaN and infinities too; SiteSummary::n_nonfinite counts what no right run has. Ids
//          are summarized as numbers. Sums are double.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "gptoss/dump/dump.hpp"

namespace gptoss::tool {

struct Statistics {
    std::size_t n_values = 0;
    std::size_t n_finite = 0;
    std::size_t n_hidden = 0;  // -inf
    double min = 0;
    double max = 0;
    double mean = 0;
    double rms = 0;
};

template <class Number>
Statistics statistics_of(const std::vector<Number>& values) {
    Statistics s;
    s.n_values = values.size();
    double sum = 0;
    double sum_of_squares = 0;
    for (const Number number : values) {
        const double value = double(number);
        s.n_hidden += std::isinf(value) && value < 0;
        if (!std::isfinite(value)) continue;
        const bool is_first = s.n_finite == 0;
        s.min = is_first ? value : std::min(s.min, value);
        s.max = is_first ? value : std::max(s.max, value);
        sum += value;
        sum_of_squares += value * value;
        ++s.n_finite;
    }
    if (s.n_finite == 0) return s;
    s.mean = sum / double(s.n_finite);
    s.rms = std::sqrt(sum_of_squares / double(s.n_finite));
    return s;
}

struct SiteSummary {
    Site site;
    int layer;
    format::Shape shape;
    Statistics statistics;

    // Values that no right run has: NaN and infinities, but for the -inf of hidden scores.
    std::size_t n_nonfinite() const {
        const std::size_t n_hidden = site == Site::attn_scores ? statistics.n_hidden : 0;
        return statistics.n_values - statistics.n_finite - n_hidden;
    }
};

// In the order in which the run showed them.
inline std::vector<SiteSummary> summarize(const dump::Recorder& recorder) {
    std::vector<SiteSummary> summaries;
    for (const dump::RecordedSite& recorded : recorder.recorded()) {
        const dump::JoinedSite joined = dump::join_passes(recorded, recorder.config());
        const Statistics statistics =
            joined.ids.empty() ? statistics_of(joined.values) : statistics_of(joined.ids);
        summaries.push_back({recorded.site, recorded.layer, joined.shape, statistics});
    }
    return summaries;
}

// The name of the first site with such a value: what comes behind it got it from there. "" if none has.
inline std::string first_nonfinite_site(const std::vector<SiteSummary>& summaries) {
    for (const SiteSummary& summary : summaries) {
        if (summary.n_nonfinite() > 0) return site_name(summary.site, summary.layer);
    }
    return "";
}

}  // namespace gptoss::tool

// Projection: how much of a mistake is in a difference that is no larger than rounding.
//
//     d = theirs - right        m = wrong - right        at every value of every site
//     share = sum(d m / noise^2) / sum(m m / noise^2)    noise: rms of d at the site
//     gain  = sum((d^2 - (d - m)^2) / noise^2)           what the mistake takes away of d
//
// A port with the mistake has d = m + roundings of its own, one without has roundings alone. Roundings
// point nowhere: over thousands of values their product with m adds up to nothing, so share is 1 with
// the mistake and 0 without, however small m is beside d. Tokens say how far to trust it, for each has
// a share of its own:
//
//     error = sqrt(sum_t (dm[t] - share mm[t])^2) / sum_t mm[t]
//
// Where    diagnose/below_noise.hpp.
// Pitfalls right and wrong are not to round: where right is rounded, its rounding is in d and in m, and
//          share is a half of nothing. If all comes from one token, as it may where a single value is
//          clipped, error says nothing: n_tokens counts those that carry it.
#pragma once
#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "gptoss/compare/site_pair.hpp"
#include "gptoss/dump/run_dump.hpp"

namespace gptoss::diagnose {

struct Projection {
    double share = 0;     // of the mistake that is in the difference: 1 is all of it
    double error = 0;     // of share
    double n_tokens = 0;  // that carry it: 1 if a single one does
    double gain = 0;
    double all = 0;         // sum(d^2 / noise^2) at sites that the mistake moves
    double n_values = 0;    // at these
    double n_other = 0;     // of them, that the dump does not have as we do
    double moved = 0;       // sum(m^2 / noise^2)
    double common = 0;      // of d - m, squared: one vector at every row of a site
    double n_channels = 0;  // of these vectors; by chance common is +- sqrt(2 * it)
    std::map<dump::SiteKey, double> at = {};  // gain, site by site
};

class Projector {
public:
    explicit Projector(const compare::RunExtents& run)
        : run_(run), of_token_(std::size_t(run.n_tokens)) {}

    // One site: what the right model, the one with the mistake, and the dump have there.
    void add(const dump::SiteKey& key, const dump::Activation& right, const dump::Activation& wrong,
             const dump::Activation& theirs) {
        const compare::PairedShapes shapes =
            compare::pair_shapes(key.site, right.shape, theirs.shape, run_);
        if (shapes.other.empty() || wrong.values.size() != right.values.size()) return;
        const compare::SitePair with_right =
            compare::pair_sites(key.site, shapes, right, theirs, run_.n_tokens, nullptr);
        const compare::SitePair with_wrong =
            compare::pair_sites(key.site, shapes, wrong, theirs, run_.n_tokens, nullptr);
        const double noise = noise_of(with_right);
        Sums of_site;
        for (int row = 0; row < with_right.in.rows; ++row) {
            const Sums sums =
                sums_of(with_right.expected_rows().row(row), with_wrong.expected_rows().row(row),
                        with_right.got_rows().row(row), with_right.in.cols, noise);
            Sums& of_token = of_token_[std::size_t(with_right.token(row))];
            of_token.dm += sums.dm;
            of_token.mm += sums.mm;
            of_site.dd += sums.dd;
            of_site.dm += sums.dm;
            of_site.mm += sums.mm;
            of_site.n_other += sums.n_other;
        }
        if (of_site.mm == 0) return;
        found_.at[key] = 2 * of_site.dm - of_site.mm;
        found_.all += of_site.dd;
        found_.n_values += double(with_right.expected.size());
        found_.n_other += of_site.n_other;
        found_.moved += of_site.mm;
        found_.common += common_part(with_right, with_wrong, noise);
        found_.n_channels += double(with_right.in.cols);
    }

    Projection result() {
        double dm = 0, mm = 0, squares = 0, spread = 0;
        for (const Sums& of_token : of_token_) {
            dm += of_token.dm;
            mm += of_token.mm;
            squares += of_token.mm * of_token.mm;
        }
        if (mm == 0) return found_;
        found_.share = dm / mm;
        for (const Sums& of_token : of_token_) {
            const double off = of_token.dm - found_.share * of_token.mm;
            spread += off * off;
        }
        found_.error = std::sqrt(spread) / mm;
        found_.n_tokens = mm * mm / squares;
        found_.gain = 2 * dm - mm;
        return found_;
    }

private:
    struct Sums {
        double dd = 0;
        double dm = 0;
        double mm = 0;
        double n_other = 0;  // values with a d
    };

    static Sums sums_of(const float* right, const float* wrong, const float* theirs, int n,
                        double noise) {
        Sums sums;
        for (int c = 0; c < n; ++c) {
            const double d = (double(theirs[c]) - double(right[c])) / noise;
            const double m = (double(wrong[c]) - double(right[c])) / noise;
            if (!std::isfinite(d) || !std::isfinite(m)) continue;
            sums.dd += d * d;
            sums.dm += d * m;
            sums.mm += m * m;
            sums.n_other += d != 0;
        }
        return sums;
    }

    // Roundings of n rows add up to a vector whose square is that of one row, times n; what is more is
    // in all rows alike.
    static double common_part(const compare::SitePair& right, const compare::SitePair& wrong,
                              double noise) {
        std::vector<double> sums(std::size_t(right.in.cols), 0);
        double squares = 0;
        for (int row = 0; row < right.in.rows; ++row) {
            for (int c = 0; c < right.in.cols; ++c) {
                const double left = double(right.got_rows().row(row)[c]) -
                                    double(wrong.expected_rows().row(row)[c]);
                if (!std::isfinite(left)) continue;
                sums[std::size_t(c)] += left / noise;
                squares += left * left / (noise * noise);
            }
        }
        double of_sums = 0;
        for (const double sum : sums) {
            of_sums += sum * sum;
        }
        return (of_sums - squares) / double(right.in.rows);
    }

    // rms of d; at least the last bit of a float32, where d is nothing.
    static double noise_of(const compare::SitePair& pair) {
        double of_difference = 0, of_values = 0;
        for (std::size_t i = 0; i < pair.expected.size(); ++i) {
            const double value = pair.expected[i];
            const double d = double(pair.got[i]) - value;
            if (!std::isfinite(d)) continue;
            of_difference += d * d;
            of_values += value * value;
        }
        const double n = double(std::max<std::size_t>(pair.expected.size(), 1));
        const double last_bit = 6e-8 * std::sqrt(of_values / n);
        return std::max({std::sqrt(of_difference / n), last_bit, 1e-30});
    }

    compare::RunExtents run_;
    std::vector<Sums> of_token_;
    Projection found_ = {};
};

}  // namespace gptoss::diagnose

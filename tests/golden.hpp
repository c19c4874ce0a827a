// The goldens, as the tests use them: activations of an independent implementation (see
// tests/golden/README.md) and the weights they belong to, synthetic or trained.
//
//     const Golden& golden = golden_tiny();
//     const ConstMatrixView q = golden.at(Site::attn_q, layer);  // (n_tokens, n_heads * head_dim)
//     CHECK_SITE(golden, Site::attn_q, layer, got, alone_bound(golden, Site::attn_q));
//
// A site with three dimensions has its first two flattened into rows, as in the forward. A golden
// may have its last positions only: first_row is the first of them.
#pragma once
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gptoss/format/tensor.hpp"
#include "gptoss/model/weights.hpp"
#include "gptoss/trace/sites.hpp"
#include "tolerances.hpp"

namespace gptoss::test {

using namespace gptoss::compare;
using namespace gptoss::format;

class Golden {
public:
    Golden(std::string golden_name, const Config& config);  // synthetic weights; in golden.cpp
    Golden(std::string golden_name, Weights of_the_model);

    const Config& config() const { return weights.config; }
    int n_tokens() const { return int(tokens.size()); }
    ConstIdsView token_ids() const { return {tokens.data(), n_tokens()}; }
    ConstIdsView early_ids() const { return {tokens.data(), first_row}; }  // not recorded
    ConstIdsView recorded_ids() const {
        return {tokens.data() + first_row, n_tokens() - first_row};
    }
    Shape shape(Site site, int layer) const { return sites_.at(site_name(site, layer)).shape; }
    std::size_t n_sites() const { return sites_.size(); }

    ConstMatrixView at(Site site, int layer) const {
        const std::vector<float>& values = sites_.at(site_name(site, layer)).values;
        const int cols = int(shape(site, layer).back());
        return {values.data(), int(values.size()) / cols, cols};
    }
    // What enters a layer: the embedding, or the residual that the layer before left.
    ConstMatrixView residual_in(int layer) const {
        if (layer == 0) return at(Site::embedding, kNoLayer);
        return at(Site::mlp_residual, layer - 1);
    }
    ConstIdsView ids_at(Site site, int layer) const {
        const ConstMatrixView bits = at(site, layer);
        return {reinterpret_cast<const std::int32_t*>(bits.data), bits.rows, bits.cols};
    }

    std::string name;
    Weights weights;
    std::vector<std::int32_t> tokens;
    int first_row = 0;

private:
    struct RecordedSite {
        Shape shape;
        std::vector<float> values;  // of expert_ids the bits of an int32
    };
    std::map<std::string, RecordedSite> sites_;  // by name
};

// Each is read once, when it is first asked for.
const Golden& golden_tiny();
const Golden& golden_odd();
// One block at the real widths of 20b, vocabulary cut to 512 rows: 450 MB, a second or two.
const Golden& golden_block20b();
// Two layers of the same, 140 tokens of which the last 6 are kept: 900 MB.
const Golden& golden_layers20b();
// The model that ships, on a question that looks back past its window, and on a chat with tools.
const Golden& golden_nano();
const Golden& golden_nano_chat();

// The bound for an op that gets the golden's own input. A device adds up float32, so its ops may be
// off by four times as much (measured on the emulated one: 2.5 times the bound of the scalar op).
// static, for it differs between the files of one program.
static inline double alone_bound(const Golden&, Site site) {
#ifdef ScalarOps  // by tests/cuda/device_table.hpp
    return 4 * golden_tolerance(site).alone;
#else
    return golden_tolerance(site).alone;
#endif
}

struct Difference {
    double error = 0;  // max |got - expected| / rms(expected)
    double max = 0;    // max |got - expected|
    double mean = 0;
    int row = 0;  // where the maximum is
    int col = 0;
    float got = 0;
    float expected = 0;
    bool same_shape = true;
    bool same_infinities = true;
};

inline Difference difference(ConstMatrixView got, ConstMatrixView expected) {
    Difference found;
    found.same_shape = got.rows == expected.rows && got.cols == expected.cols;
    if (!found.same_shape) return found;
    double sum_of_squares = 0;
    double sum = 0;
    double n_finite = 0;
    for (int r = 0; r < got.rows; ++r) {
        for (int c = 0; c < got.cols; ++c) {
            const float a = got.row(r)[c];
            const float b = expected.row(r)[c];
            if (!std::isfinite(a) || !std::isfinite(b)) {
                if (!(a == b)) found.same_infinities = false;
                continue;
            }
            const double distance = std::abs(double(a) - double(b));
            n_finite += 1;
            sum += distance;
            sum_of_squares += double(b) * double(b);
            if (distance > found.max) {
                found.max = distance;
                found.row = r;
                found.col = c;
                found.got = a;
                found.expected = b;
            }
        }
    }
    const double rms = std::sqrt(sum_of_squares / n_finite);
    found.mean = sum / n_finite;
    found.error = found.max == 0 ? 0 : found.max / rms;
    return found;
}

// "" if got is within the bound, else one line that says where it is not.
inline std::string site_mistake(const Golden& golden, Site site, int layer, ConstMatrixView got,
                                double bound) {
    const Difference d = difference(got, golden.at(site, layer));
    if (d.same_shape && d.same_infinities && d.error <= bound) return "";
    std::ostringstream text;
    text << golden.name << " " << site_name(site, layer) << "[" << d.row << ", " << d.col
         << "]: got " << d.got << ", expected " << d.expected << "; max difference " << d.max
         << ", mean " << d.mean << ", max / rms " << d.error << ", allowed " << bound;
    if (!d.same_shape) text << "; shapes differ";
    if (!d.same_infinities) text << "; infinities or NaN differ";
    return text.str();
}

}  // namespace gptoss::test

#define CHECK_SITE(golden, site, layer, got, bound) \
    CHECK(gptoss::test::site_mistake(golden, site, layer, got, bound) == "")

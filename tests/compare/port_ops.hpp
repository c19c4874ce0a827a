// Ports of several arithmetics, as op tables: norms and dense products add up by Kind::dot, in float32,
// and what is multiplied with a matrix is rounded by Kind::factor.
//
//     const Dump dump = port_run<PortOps<LongSum>>(wide_weights(), "a plain loop");
//
// scripts/right_ports.py has whole ports of these kinds, which share nothing with the C++ headers.
#pragma once
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "gptoss/checkpoint/synth.hpp"
#include "gptoss/core/presets.hpp"
#include "gptoss/dump/run_dump.hpp"
#include "gptoss/model/transformer.hpp"

namespace gptoss::test {

// --- Kinds: a sum of n products, and what a factor is rounded to ------------------------------------

struct LongSum {
    static float factor(float value) { return value; }
    static float dot(const float* x, const float* w, int n) {
        float sum = 0;
        for (int i = 0; i < n; ++i) {
            sum += x[i] * w[i];
        }
        return sum;
    }
};

struct FusedSum : LongSum {
    static float dot(const float* x, const float* w, int n) {
        float sum = 0;
        for (int i = 0; i < n; ++i) {
            sum = std::fma(x[i], w[i], sum);
        }
        return sum;
    }
};

struct Blocks : LongSum {
    static float dot(const float* x, const float* w, int n) {
        float sum = 0;
        for (int first = 0; first < n; first += 64) {
            sum += LongSum::dot(x + first, w + first, std::min(64, n - first));
        }
        return sum;
    }
};

// Factors of 24 - n_cut bits. Weights have 8 or fewer.
template <int n_cut>
struct ShortFactors : Blocks {
    static float factor(float value) {
        const auto bits = std::bit_cast<std::uint32_t>(value) + (1u << (n_cut - 1));
        return std::bit_cast<float>(bits >> n_cut << n_cut);
    }
};
using Tf32 = ShortFactors<13>;
using Bf16Products = ShortFactors<16>;

// --- The table --------------------------------------------------------------------------------------

template <class Kind>
struct PortOps : ScalarOps {
    static std::vector<float> factors(ConstMatrixView x) {
        std::vector<float> rounded(x.data, x.row(x.rows));
        for (float& value : rounded) {
            value = Kind::factor(value);
        }
        return rounded;
    }
    static void norm(ConstMatrixView x, ConstVectorView gain, float eps, MatrixView y) {
        for (int t = 0; t < x.rows; ++t) {
            const float mean_square = Kind::dot(x.row(t), x.row(t), x.cols) / float(x.cols);
            const float inv_rms = 1 / std::sqrt(mean_square + eps);
            for (int i = 0; i < x.cols; ++i) {
                y.row(t)[i] = x.row(t)[i] * inv_rms * gain.data[i];
            }
        }
    }
    static void product(ConstMatrixView x, DenseMatrix w, ConstVectorView bias, MatrixView y) {
        const std::vector<float> x_factors = factors(x);
        std::vector<float> w_o(std::size_t(w.cols));
        for (int o = 0; o < w.rows; ++o) {
            for (int i = 0; i < w.cols; ++i) {
                w_o[std::size_t(i)] = w.row(o)[i];
            }
            for (int t = 0; t < x.rows; ++t) {
                const float* x_t = x_factors.data() + std::size_t(t) * std::size_t(x.cols);
                y.row(t)[o] = Kind::dot(x_t, w_o.data(), w.cols) + bias.data[o];
            }
        }
    }
    static void experts(ConstMatrixView x, XRows x_rows, ConstIdsView ids, ExpertStack all_experts,
                        ConstMatrixView bias, MatrixView y) {
        const std::vector<float> x_factors = factors(x);
        gptoss::expert_linear({x_factors.data(), x.rows, x.cols}, x_rows, ids, all_experts, bias,
                              y);
    }
    static constexpr auto rmsnorm = &PortOps::norm;
    static constexpr auto linear = &PortOps::product;
    static constexpr auto expert_linear = &PortOps::experts;
};

// One layer as wide as 20b and otherwise small.
inline const Weights& wide_weights() {
    static const Weights weights = [] {
        Config config = with_layers(preset_tiny(), 1);
        config.hidden_size = 2880;
        return checkpoint::synthetic_weights(config, 1);
    }();
    return weights;
}

template <class Ops>
dump::Dump port_run(const Weights& weights, const std::string& name) {
    const std::vector<std::int32_t> tokens = {1, 2, 3, 5, 8, 13, 21, 34};
    Transformer<Ops> transformer(weights);
    dump::Recorder recorder(weights.config, dump::all_sites());
    transformer.feed({tokens.data(), int(tokens.size())}, LogitRows::all, &recorder);
    return dump::dump_of(recorder, name);
}

}  // namespace gptoss::test

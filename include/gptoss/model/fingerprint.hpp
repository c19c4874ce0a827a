// Fingerprint: a number that two copies of a model share, and two models hardly ever.
//
// Over what every machine of a team reads: gains, biases, sinks, routers and the matrices of attention
// whole, of embedding and unembedding every 64th row. The matrices of experts are left out: a machine
// may hold only its own.
//
// Where    the tool, before several machines run one model.
// Source   the mixing function of core/generator.hpp, over eight bytes at a time.
// Pitfalls It is no cryptographic hash, and says nothing of the experts.
#pragma once
#include <cstdint>
#include <cstring>

#include "gptoss/core/generator.hpp"
#include "gptoss/model/weights.hpp"

namespace gptoss {

struct Fingerprint {
    std::uint64_t value = kFnvOffset;

    void add(const void* bytes, std::size_t n_bytes) {
        const auto* next = static_cast<const std::uint8_t*>(bytes);
        for (; n_bytes > 0;) {
            std::uint64_t word = 0;
            const std::size_t n = n_bytes < sizeof word ? n_bytes : sizeof word;
            std::memcpy(&word, next, n);
            value = mix(value ^ word) + n;
            next += n;
            n_bytes -= n;
        }
    }
    void add(ConstVectorView v) { add(v.data, sizeof(float) * std::size_t(v.size)); }
    void add(ConstMatrixView m) {
        add(m.data, sizeof(float) * std::size_t(m.rows) * std::size_t(m.cols));
    }
    void add(const DenseMatrix& m, int row_step = 1) {
        for (int row = 0; row < m.rows; row += row_step)
            add(m.row(row).bytes, m.row_bytes());
    }
    void add(const AttentionWeights& w) {
        for (const DenseMatrix& m : {w.q, w.k, w.v, w.out})
            add(m);
        for (const ConstVectorView& v :
             {w.norm_gain, w.q_bias, w.k_bias, w.v_bias, w.sinks, w.out_bias})
            add(v);
    }
    void add(const ExpertWeights& w) {
        add(w.norm_gain);
        add(w.router);
        add(w.router_bias);
        add(w.gate_up_bias);
        add(w.down_bias);
    }
};

inline std::uint64_t fingerprint(const Weights& w) {
    const int row_step = 64;
    Fingerprint print;
    print.add(w.embedding, row_step);
    for (const LayerWeights& layer : w.layers) {
        print.add(layer.attn);
        print.add(layer.mlp);
    }
    print.add(w.final_norm_gain);
    print.add(w.unembedding, row_step);
    return print.value;
}

}  // namespace gptoss

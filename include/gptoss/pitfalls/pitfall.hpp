// Pitfall: a mistake that ports of gpt-oss make, with what is known of it.
//
// The files beside this one hold the mistakes, one family each; pitfall_list.hpp lists them all.
// Every mistake is a struct with its facts. It is one of three:
//
//     a wrong op                  struct SinksMissing : Right { facts; static void attend(...); }
//                                 a table of ops (ops/scalar.hpp) that differs from Right in one
//     an edit of the Config       struct WindowLong { facts; static void edit(Config&); }
//     an edit of the Weights      struct GainPlusOne { facts; static void edit(Weights&); }
//
// Right is the table that the mistake is made in. A wrong op calls the right one with wrong
// arguments wherever it can, so no kernel is copied, and a mistake is as precise as its table.
//
// A right op is not told everything: attend does not know hidden_size. A wrong op may need it, and
// finds it in notes(), which Noting fills: rope_table is the first op of a pass that sees the
// Config.
//
// Pitfalls notes() belong to a thread; they describe the pass that began last in it.
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss::pitfalls {

struct Facts {
    const char* name;          // "sinks_missing"
    const char* mistake;       // what is done wrong
    const char* who;           // public threads where it happened, or that nobody has told of it
    const char* symptom;       // what one sees
    const char* visible_from;  // from which length on
    Site first_site;           // where a dump with all sites leaves the right one first
    bool is_right_in_bf16 = false;  // a model that rounds to 16 bits does the same
};

inline constexpr const char* kNotSeen = "not seen in public, plausible";

// What wrong ops remember within a pass.
struct Notes {
    Config config;
    int n_norms = 0;              // rmsnorm calls so far
    ConstVectorView norm_gain;    // of the last rmsnorm call
    float norm_eps = 0;           // of the last rmsnorm call
    ConstVectorView router_bias;  // of the last linear that was a router
    ConstIdsView expert_ids;      // of the last expert_linear
    ConstMatrixView expert_bias;  // of the last expert_linear
};

inline Notes& notes() {
    static thread_local Notes kept;
    return kept;
}

// The right table; takes notes.
template <class Right>
struct Noting : Right {
    static void rope_table(const Config& config, ConstIdsView positions, MatrixView table) {
        notes() = Notes{};
        notes().config = config;
        Right::rope_table(config, positions, table);
    }
};

// The memory of an argument that a wrong op made up.
struct MadeMatrix {
    std::vector<float> values;
    int rows;
    int cols;

    MadeMatrix(int n_rows, int n_cols)
        : values(std::size_t(n_rows) * std::size_t(n_cols)), rows(n_rows), cols(n_cols) {}
    MatrixView view() { return {values.data(), rows, cols}; }
};

inline MadeMatrix copy_of(ConstMatrixView m) {
    MadeMatrix copy(m.rows, m.cols);
    copy.values.assign(m.data, m.row(m.rows));
    return copy;
}

// Channels d and d + half of a head are a pair: where channel i lies if pairs are to be neighbours.
inline int as_neighbour(int i, int head_dim) {
    const int d = i % head_dim, half = head_dim / 2;
    return i - d + 2 * (d % half) + d / half;
}

inline void multiply(MatrixView m, float factor) {
    for (int r = 0; r < m.rows; ++r) {
        for (int c = 0; c < m.cols; ++c) {
            m.row(r)[c] *= factor;
        }
    }
}

}  // namespace gptoss::pitfalls

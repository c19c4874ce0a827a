// Pitfall: a mistake that ports of gpt-oss make, with what is known of it.
//
// The files beside this one hold the mistakes, one family each. A mistake is one of three:
//
//     an edit of the Config        void(Config&)
//     a wrong op                   calls the right op with wrong arguments wherever it can, so no
//                                  kernel is copied; Right is the table whose op it calls
//     an edit of the Weights       run/weight_pitfalls.hpp, because Weights stand on a higher floor
//
// ops/pitfalls.hpp makes tables of the wrong ops, run/pitfall_list.hpp lists all pitfalls.
//
// A right op is not told everything: attend does not know hidden_size. A wrong op may need it, and
// finds it in notes(), which the wrong table's rope_table fills: it is the first op of a pass that
// sees the Config.
//
// Errors   those of the right ops.
// Pitfalls notes() belong to a thread; they describe the pass that began last in it.
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/core/config.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss {

struct PitfallFacts {
    const char* name;          // "sinks_missing"
    const char* mistake;       // what is done wrong
    const char* who;           // public threads where it happened, or that nobody has told of it
    const char* symptom;       // what one sees
    const char* visible_from;  // from which length on
    Site first_site;           // where a dump with all sites leaves the right one first
};

namespace pitfalls {

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
void rope_table_noting(const Config& config, ConstIdsView positions, MatrixView table) {
    notes() = Notes{};
    notes().config = config;
    Right::rope_table(config, positions, table);
}

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

inline void multiply(MatrixView m, float factor) {
    for (int r = 0; r < m.rows; ++r) {
        for (int c = 0; c < m.cols; ++c) {
            m.row(r)[c] *= factor;
        }
    }
}

}  // namespace pitfalls
}  // namespace gptoss

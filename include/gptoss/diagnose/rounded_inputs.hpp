// Rounded inputs: what products of matrices read where a program rounds activations in front of them.
//
//     q8_0       blocks of 32 in 8 bits each, one scale:   llama.cpp, weights in Q8_0 or MXFP4
//     bf16       8 significant bits:                       llama.cpp, weights in BF16
//     float16    11 significant bits:                      llama.cpp, weights in F16
//
//     round_rows(a.attn_norm, Rounding::q8_0);
//
// The activations that a dump holds are those before the rounding, so it is done again, and what is left
// of the error of a product is that of float32.
//
// Where    diagnose/anchored_run.hpp, on what an op is about to read.
// Source   ggml: type_traits_cpu, vec_dot_type; quantize_row_q8_0 in arch/x86/quants.c.
// Pitfalls The router's weights are in F32 in every file of llama.cpp: what it reads is not rounded.
#pragma once
#include <algorithm>
#include <cmath>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/fp16.hpp"
#include "gptoss/core/q8_0.hpp"
#include "gptoss/core/view.hpp"
#include "gptoss/trace/sites.hpp"

namespace gptoss::diagnose {

enum class Rounding { none, q8_0, bf16, float16 };

// In front of the matrices of attention and the unembedding, and of those of the experts.
struct RoundedInputs {
    Rounding dense = Rounding::none;
    Rounding experts = Rounding::none;

    bool operator==(const RoundedInputs&) const = default;
};

inline bool is_dense_product(Site site) {
    return site == Site::attn_q || site == Site::attn_k || site == Site::attn_v ||
           site == Site::attn_out || site == Site::logits;
}
inline bool is_expert_product(Site site) {
    return site == Site::mlp_gate_up || site == Site::mlp_expert_out;
}

// Ties go to the even code, as on the processors that llama.cpp has kernels for; where gains are powers
// of two there are many.
inline void round_block_of_q8_0(float* values) {
    float largest = 0;
    for (int i = 0; i < kQ8_0BlockSize; ++i) {
        largest = std::max(largest, std::fabs(values[i]));
    }
    const float scale = fp16_to_float(float_to_fp16(largest / 127));
    const float codes_per_value = largest > 0 ? 127 / largest : 0;
    for (int i = 0; i < kQ8_0BlockSize; ++i) {
        values[i] = std::nearbyint(values[i] * codes_per_value) * scale;
    }
}

// Rows that are no whole number of blocks are in no file of Q8_0 or MXFP4.
inline void round_rows(MatrixView rows, Rounding rounding) {
    for (int r = 0; r < rows.rows; ++r) {
        float* row = rows.row(r);  // (cols)
        for (int i = 0; rounding == Rounding::q8_0 && i + kQ8_0BlockSize <= rows.cols;
             i += kQ8_0BlockSize) {
            round_block_of_q8_0(row + i);
        }
        for (int i = 0; rounding == Rounding::bf16 && i < rows.cols; ++i) {
            row[i] = round_to_bf16(row[i]);
        }
        for (int i = 0; rounding == Rounding::float16 && i < rows.cols; ++i) {
            row[i] = fp16_to_float(float_to_fp16(row[i]));
        }
    }
}

inline const char* rounding_text(Rounding rounding) {
    switch (rounding) {
        case Rounding::none:
            return "not rounded";
        case Rounding::q8_0:
            return "rounded to 8 bits in blocks of 32";
        case Rounding::bf16:
            return "rounded to bf16";
        case Rounding::float16:
            return "rounded to float16";
    }
    return "";
}

}  // namespace gptoss::diagnose

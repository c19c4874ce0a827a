// Expert pitfalls: biases in the wrong place, and MXFP4 blocks read in the wrong order.
//
//     out[t] = sum_j weights[t,j] * ( down_e y + bias_e )        e = ids[t,j]
//     weight[2b] = low nibble of byte b, weight[2b + 1] = high nibble, times 2^(scale - 127)
//
// Where    expert_linear and combine.
// Source   the threads that each pitfall names; layers/expert_linear.hpp, layers/combine.hpp and
//          core/mxfp4.hpp for what is right.
// Pitfalls Experts that were unpacked to BF16 have no nibbles and no scales: the three mistakes
//          with them change nothing there.
#pragma once
#include <cstdint>
#include <vector>

#include "gptoss/core/bf16.hpp"
#include "gptoss/core/mxfp4.hpp"
#include "gptoss/layers/combine.hpp"
#include "gptoss/layers/expert_linear.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// --- Biases -----------------------------------------------------------------------------------

template <class Right>
struct ExpertBiasMissing : Right {
    static constexpr Facts facts{
        "expert_bias_missing",
        "both matrices of the experts go without their biases",
        kNotSeen,
        "nonsense from the first token on",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        MadeMatrix zeros(bias.rows, bias.cols);
        Right::expert_linear(x, x_rows, ids, all_experts, zeros.view(), y);
    }
};

template <class Right>
struct ExpertBiasUnweighted : Right {
    static constexpr Facts facts{
        "expert_bias_unweighted",
        "down's bias is added once per chosen expert, not weighted",
        "NVIDIA-NeMo/Automodel#2591",
        "a constant offset: fine-tuning starts at a loss of 8, not 4",
        "the first token in expert_out",
        Site::mlp_expert_out,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        if (x_rows == XRows::per_token)
            return Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
        notes().expert_ids = ids;
        notes().expert_bias = bias;
        ExpertBiasMissing<Right>::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }

    static void combine(ConstMatrixView expert_out, ConstMatrixView weights, MatrixView out) {
        Right::combine(expert_out, weights, out);
        const ConstIdsView ids = notes().expert_ids;
        for (int t = 0; t < ids.rows; ++t) {
            for (int i = 0; i < ids.cols * out.cols; ++i) {
                const int e = ids.row(t)[i / out.cols];
                out.row(t)[i % out.cols] += notes().expert_bias.row(e)[i % out.cols];
            }
        }
    }
};

// --- MXFP4 ------------------------------------------------------------------------------------

inline std::size_t n_blocks_of(const ExpertStack& s) {
    return std::size_t(s.n_experts) * std::size_t(s.rows) * std::size_t(s.cols / kMxfp4BlockSize);
}

// Copies to be edited; empty if the experts are unpacked.
inline std::vector<std::uint8_t> codes_of(const ExpertStack& s) {
    if (s.codes == nullptr) return {};
    return {s.codes, s.codes + n_blocks_of(s) * kMxfp4BlockBytes};
}
inline std::vector<std::uint8_t> scales_of(const ExpertStack& s) {
    if (s.scales == nullptr) return {};
    return {s.scales, s.scales + n_blocks_of(s)};
}

template <class Right>
struct NibblesSwapped : Right {
    static constexpr Facts facts{
        "nibbles_swapped",
        "the high nibble of a byte is taken for the first weight",
        kNotSeen,
        "fluent nonsense: every weight is there, in the place of its neighbour",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::uint8_t> codes = codes_of(all_experts);
        for (std::uint8_t& byte : codes) {
            byte = std::uint8_t((byte << 4) | (byte >> 4));
        }
        if (!codes.empty()) all_experts.codes = codes.data();
        Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }
};

// The nibble that this reading takes for weight i of a block.
inline int split_nibble(const std::uint8_t* block, int i) {
    return i < kMxfp4BlockBytes ? block[i] & 15 : block[i - kMxfp4BlockBytes] >> 4;
}

template <class Right>
struct NibblesSplit : Right {
    static constexpr Facts facts{
        "nibbles_split",
        "GGUF's order: low nibbles are weights 0 to 15 of a block, high ones 16 to 31",
        "kekzl/imp#567 (the other way round), mattn/tensai#165",
        "fluent nonsense, no error anywhere",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::uint8_t> codes = codes_of(all_experts);
        for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::uint8_t* block = all_experts.codes + i / kMxfp4BlockBytes * kMxfp4BlockBytes;
            const int b = int(i % kMxfp4BlockBytes);
            const int low = split_nibble(block, 2 * b);
            const int high = split_nibble(block, 2 * b + 1);
            codes[i] = std::uint8_t(low | (high << 4));
        }
        if (!codes.empty()) all_experts.codes = codes.data();
        Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }
};

// Row i of gate_up where the mistake has row from(i, rows).
template <class Right>
void expert_linear_of_rows(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                           ExpertStack all_experts, ConstMatrixView bias, MatrixView y,
                           int (*from)(int i, int n_rows)) {
    Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    if (x_rows != XRows::per_token) return;
    const MadeMatrix right = copy_of(y);
    for (int row = 0; row < y.rows; ++row) {
        for (int i = 0; i < y.cols; ++i) {
            y.row(row)[i] =
                right.values[std::size_t(row) * std::size_t(y.cols) + std::size_t(from(i, y.cols))];
        }
    }
}

template <class Right>
struct GateUpRowsExchanged : Right {
    static constexpr Facts facts{
        "gate_up_rows_exchanged",
        "gate and up are exchanged in the weights: gates are read from the odd rows",
        "close kin: NVIDIA/TensorRT-LLM#1842 (another model)",
        "nonsense from the first token on",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        expert_linear_of_rows<Right>(x, x_rows, ids, all_experts, bias, y,
                                     [](int i, int) { return i ^ 1; });
    }
};

template <class Right>
struct GateUpRowsHalved : Right {
    static constexpr Facts facts{
        "gate_up_rows_halved",
        "a converter cuts gate_up in halves: gates are its first rows, not the even ones",
        "close kin: vllm-project/vllm#29273 (halves, in the activation)",
        "nonsense from the first token on",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        expert_linear_of_rows<Right>(x, x_rows, ids, all_experts, bias, y,
                                     [](int i, int n) { return i % 2 * (n / 2) + i / 2; });
    }
};

template <class Right>
struct ScaleBias128 : Right {
    static constexpr Facts facts{
        "scale_bias_128",
        "the exponent's bias is taken for 128 instead of 127: weights half as large",
        "close kin: vllm-project/compressed-tensors#538 (125)",
        "every expert block adds too little: a weaker, vaguer model",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::uint8_t> scales = scales_of(all_experts);
        for (std::uint8_t& scale : scales) {
            scale = std::uint8_t(scale - 1);
        }
        if (!scales.empty()) all_experts.scales = scales.data();
        Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }
};

template <class Right>
struct ScaleBias : Right {
    static constexpr Facts facts{
        "scale_bias",
        "the exponent's bias is taken for 126 instead of 127: weights twice as large",
        "close kin: vllm-project/compressed-tensors#538 (125)",
        "activations grow with depth; text repeats itself or breaks",
        "the first token in gate_up",
        Site::mlp_gate_up,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::uint8_t> scales = scales_of(all_experts);
        for (std::uint8_t& scale : scales) {
            scale = std::uint8_t(scale + 1);
        }
        if (!scales.empty()) all_experts.scales = scales.data();
        Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }
};

// Row-major weights, which transposed then takes for (in, out).
inline std::vector<std::uint8_t> unpacked(const ExpertStack& s) {
    std::vector<std::uint8_t> bytes;
    const int n_blocks = s.cols / kMxfp4BlockSize;
    for (int i = 0; i < s.n_experts * s.rows * n_blocks; ++i) {
        float w[kMxfp4BlockSize];
        const int row = i / n_blocks;
        s.decode_block(row / s.rows, row % s.rows, i % n_blocks, w);
        for (const float weight : w) {
            const std::uint16_t bits = float_to_bf16(weight);
            bytes.push_back(std::uint8_t(bits & 255));
            bytes.push_back(std::uint8_t(bits >> 8));
        }
    }
    return bytes;
}

template <class Right>
struct DownTransposed : Right {
    static constexpr Facts facts{
        "down_transposed",
        "down is read as (in, out); it is square in the released models, so it fits",
        "NVIDIA-NeMo/Megatron-Bridge#3743, NVIDIA-NeMo/Megatron-Bridge#3162",
        "nonsense from the first token on, although all shapes are right",
        "the first token in expert_out",
        Site::mlp_expert_out,
    };
    static void expert_linear(ConstMatrixView x, XRows x_rows, ConstIdsView ids,
                              ExpertStack all_experts, ConstMatrixView bias, MatrixView y) {
        std::vector<std::uint8_t> bytes;
        const bool fits = all_experts.rows == all_experts.cols;
        if (x_rows == XRows::per_rank && fits) {
            bytes = unpacked(all_experts);
            all_experts.transposed = bytes.data();
        }
        Right::expert_linear(x, x_rows, ids, all_experts, bias, y);
    }
};

}  // namespace gptoss::pitfalls

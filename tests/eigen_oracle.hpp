// Linear and attention once more, by Eigen in double: a few matrix expressions that share no loop
// with ours. Without Eigen the tests that ask for it are skipped.
//
//     as_eigen(view)   a view as an Eigen matrix over the same memory
#pragma once
#include <cmath>

#include "gptoss/core/view.hpp"

#if __has_include(<eigen3/Eigen/Core>)
#include <eigen3/Eigen/Core>

namespace gptoss::test {

inline constexpr bool kHasEigen = true;
using EigenFloats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using EigenDoubles = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Map<const EigenFloats> as_eigen(ConstMatrixView m) {
    return {m.data, m.rows, m.cols};
}

inline EigenDoubles linear_by_eigen(ConstMatrixView x, DenseMatrix w, ConstVectorView bias) {
    EigenDoubles weights(w.rows, w.cols);
    for (int o = 0; o < w.rows; ++o) {
        for (int i = 0; i < w.cols; ++i) {
            weights(o, i) = double(w.row(o)[i]);
        }
    }
    const EigenDoubles biases = as_eigen({bias.data, 1, bias.size}).cast<double>();
    return (as_eigen(x).cast<double>() * weights.transpose()).rowwise() + biases.row(0);
}

// Queries at positions first .., keys and values of positions 0 .. S-1; window 0 shows all.
inline EigenDoubles attend_by_eigen(ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                                    ConstVectorView sinks, int first_position, int window) {
    const int n_heads = sinks.size;
    const int head_dim = q.cols / n_heads;
    const int queries_per_kv_head = n_heads / (keys.cols / head_dim);
    EigenDoubles mix(q.rows, q.cols);
    for (int h = 0; h < n_heads; ++h) {
        const int g = h / queries_per_kv_head;
        const EigenDoubles q_h = as_eigen(q).middleCols(h * head_dim, head_dim).cast<double>();
        const EigenDoubles k_g = as_eigen(keys).middleCols(g * head_dim, head_dim).cast<double>();
        const EigenDoubles v_g = as_eigen(values).middleCols(g * head_dim, head_dim).cast<double>();
        EigenDoubles exps = ((q_h * k_g.transpose()) / std::sqrt(double(head_dim))).array().exp();
        for (int t = 0; t < exps.rows(); ++t) {
            for (int s = 0; s < exps.cols(); ++s) {
                const int position = first_position + t;
                const bool is_in_window = window == 0 || s > position - window;
                if (s > position || !is_in_window) exps(t, s) = 0;
            }
        }
        const double sink_exp = std::exp(double(sinks.data[h]));
        const Eigen::VectorXd denominators = exps.rowwise().sum().array() + sink_exp;
        mix.middleCols(h * head_dim, head_dim) =
            denominators.cwiseInverse().asDiagonal() * (exps * v_g);
    }
    return mix;
}

inline double largest_difference(ConstMatrixView got, const EigenDoubles& expected) {
    return (as_eigen(got).cast<double>() - expected).cwiseAbs().maxCoeff();
}

}  // namespace gptoss::test

#else

namespace gptoss::test {

inline constexpr bool kHasEigen = false;
inline int linear_by_eigen(ConstMatrixView, DenseMatrix, ConstVectorView) {
    return 0;
}
inline int attend_by_eigen(ConstMatrixView, ConstMatrixView, ConstMatrixView, ConstVectorView, int,
                           int) {
    return 0;
}
inline double largest_difference(ConstMatrixView, int) {
    return NAN;
}

}  // namespace gptoss::test

#endif

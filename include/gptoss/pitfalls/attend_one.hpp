// Attend one: attention of one token of a pass, under a window of its own, recorded in its place.
//
//     for t < n_tokens: attend_one<Right>(t, q, keys, values, sinks, position, window, record, mix);
//
// With the position of each token and one window, this is Right::attend of them all.
//
//   position, window   those of token t; the others are as in layers/attention.hpp
//
// Where    mask and soft cap pitfalls.
// Errors   those of Right::attend.
#pragma once
#include <algorithm>

#include "gptoss/layers/attention_record.hpp"
#include "gptoss/pitfalls/pitfall.hpp"

namespace gptoss::pitfalls {

// Row h of one token's record is row h * n_tokens + t of all.
inline void put_heads(ConstMatrixView heads, int n_tokens, int t, MatrixView record) {
    for (int h = 0; record.data != nullptr && h < heads.rows; ++h) {
        std::copy_n(heads.row(h), heads.cols, record.row(h * n_tokens + t));
    }
}

template <class Right>
void attend_one(int t, ConstMatrixView q, ConstMatrixView keys, ConstMatrixView values,
                ConstVectorView sinks, std::int32_t position, int window, AttentionRecord record,
                MatrixView mix) {
    MadeMatrix scores(sinks.size, record.scores.cols), weights(sinks.size, record.weights.cols);
    AttentionRecord one;
    if (record.scores.data != nullptr) one.scores = scores.view();
    if (record.weights.data != nullptr) one.weights = weights.view();
    if (record.sink_share.data != nullptr) {
        one.sink_share = {record.sink_share.row(t), 1, sinks.size};
    }
    Right::attend(rows_of(q, t, 1), keys, values, sinks, {&position, 1}, window, one,
                  {mix.row(t), 1, mix.cols});
    put_heads(scores.view(), q.rows, t, record.scores);
    put_heads(weights.view(), q.rows, t, record.weights);
}

}  // namespace gptoss::pitfalls

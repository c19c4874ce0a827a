// The kernel of attention at decode: one pass over the positions, shared by the warps of a block.
#pragma once
#include "gptoss/cuda/attend_operands.cuh"
#include "gptoss/cuda/warp.cuh"

namespace gptoss::cuda {

// New: online softmax, in one pass over the positions. What is summed up so far belongs to the
// largest score so far; when a larger one comes, the sums shrink by exp(old maximum - new one).
// Eight warps share the positions of a head, each with sums of its own, which are added at the end.
// Source   Milakov and Gimelshein 2018, Online normalizer calculation for softmax, algorithm 3.
// A sliding layer sees 128 positions, four turns of eight warps with four positions each.
inline constexpr int kAttendWarps = 8;
inline constexpr int kPositionsAhead = 4;  // whose keys and values are on their way at a time
inline constexpr int kChannelsOfLane = 4;  // lane, lane + 32, ...
inline constexpr int kMostHeadDim = kChannelsOfLane * kWarpSize;

// Of the positions that a warp has seen; maximum is at least the sink.
struct RunningSoftmax {
    float maximum;
    float denominator;           // sum of exp(score - maximum)
    float mix[kChannelsOfLane];  // sum of exp(score - maximum) * v
};

// This lane's channels of a query, key or value; 0 beyond head_dim.
__device__ inline void load_channels(const float* row, int head_dim, float* channels) {
    for (int c = 0; c < kChannelsOfLane; ++c) {
        const int d = lane_of_warp() + c * kWarpSize;
        channels[c] = d < head_dim ? row[d] : 0.0f;
    }
}

__device__ inline void add_position(RunningSoftmax& running, float score, const float* v) {
    const float maximum = fmaxf(running.maximum, score);
    const float shrink = expf(running.maximum - maximum);
    const float weight = expf(score - maximum);
    running.denominator = running.denominator * shrink + weight;
    for (int c = 0; c < kChannelsOfLane; ++c) {
        running.mix[c] = running.mix[c] * shrink + weight * v[c];
    }
    running.maximum = maximum;
}

// The positions first + warp, first + warp + kAttendWarps, ...; warp 0 also has the sink.
__device__ inline RunningSoftmax attend_share(const AttendOperands& a, const Query& query, int warp,
                                              float sink) {
    float q[kChannelsOfLane];
    load_channels(query.q_th, query.head_dim, q);
    RunningSoftmax running = {sink, warp == 0 ? 1.0f : 0.0f, {}};
    for (int s = query.first + warp; s <= query.position; s += kPositionsAhead * kAttendWarps) {
        float k[kPositionsAhead][kChannelsOfLane];
        float v[kPositionsAhead][kChannelsOfLane];
#pragma unroll
        for (int n = 0; n < kPositionsAhead; ++n) {
            const int seen = min(s + n * kAttendWarps, query.position);
            load_channels(cached(a.keys, query, seen), query.head_dim, k[n]);
            load_channels(cached(a.values, query, seen), query.head_dim, v[n]);
        }
#pragma unroll
        for (int n = 0; n < kPositionsAhead; ++n) {
            if (s + n * kAttendWarps > query.position) break;  // the whole warp does
            float dot = 0.0f;
            for (int c = 0; c < kChannelsOfLane; ++c) {
                dot += q[c] * k[n][c];
            }
            add_position(running, warp_sum(dot) * query.scale, v[n]);
        }
    }
    return running;
}

static __global__ void attend_online_kernel(AttendOperands a, Fault* fault) {
    wait_for_previous_kernel();
    const int t = int(blockIdx.x);
    const int h = int(blockIdx.y);
    const int warp = int(threadIdx.x) / kWarpSize;
    if (!fits_cache(a, t, fault)) return;
    const Query query = query_of(a, t, h);
    const float sink = a.sinks.data[h];
    float* mix_th = a.mix.row(t) + h * query.head_dim;  // (head_dim)

    __shared__ float maximum_of[kAttendWarps];
    __shared__ float denominator_of[kAttendWarps];
    __shared__ float mix_of[kAttendWarps][kMostHeadDim];
    const RunningSoftmax running = attend_share(a, query, warp, sink);
    if (lane_of_warp() == 0) {  // the same in all lanes
        maximum_of[warp] = running.maximum;
        denominator_of[warp] = running.denominator;
    }
    for (int c = 0; c < kChannelsOfLane; ++c) {
        mix_of[warp][lane_of_warp() + c * kWarpSize] = running.mix[c];
    }
    __syncthreads();

    float maximum = sink;
    for (int other = 0; other < kAttendWarps; ++other) {
        maximum = fmaxf(maximum, maximum_of[other]);
    }
    float denominator = 0.0f;
    for (int other = 0; other < kAttendWarps; ++other) {
        denominator += denominator_of[other] * expf(maximum_of[other] - maximum);
    }
    for (int d = int(threadIdx.x); d < query.head_dim; d += int(blockDim.x)) {
        float sum = 0.0f;
        for (int other = 0; other < kAttendWarps; ++other) {
            sum += mix_of[other][d] * expf(maximum_of[other] - maximum);
        }
        mix_th[d] = sum / denominator;
    }
    if (threadIdx.x == 0) {
        record_value(a.record.sink_share, t, h, expf(sink - maximum) / denominator);
    }
}

}  // namespace gptoss::cuda

"""Mistakes that CUDA code makes, each a change of one place in a header: planted.py plants them.

    Mistake(what, header, before, right, wrong)     "right" behind "before" becomes "wrong"

A right that ends with ";" is a statement or more, another one an expression.
"""
import collections

Mistake = collections.namedtuple("Mistake", "what header before right wrong")

SYNC = "__syncthreads();"
WARP = "__syncwarp();"

# A barrier that is not there.
BARRIERS = [
    Mistake("before a sum by halves", "rmsnorm", "partial[threadIdx.x] = sum_of_squares;", SYNC, ""),
    Mistake("between the steps of that sum", "rmsnorm", "partial[threadIdx.x + half];", SYNC, ""),
    Mistake("before the sums of warps are read", "rmsnorm", "= own_sum;", SYNC, ""),
    Mistake("behind the queries of a split", "attention_split", "load_queries(a, t, heads, tile.queries);", SYNC, ""),
    Mistake("behind the keys of a group", "attention_split", "stage_keys(a, query, group, tile.rows[warp]);", WARP, ""),
    Mistake("behind the weights of a group", "attention_split", "tile.weights[warp][lane_of_warp()]);", WARP, ""),
    Mistake("before warps merge", "attention_split", "leave_parts(running, tile.rows[warp]);", SYNC, ""),
    Mistake("before the sums of warps are added up", "block", "sum_of_warp[warp] = sum;", SYNC, ""),
    Mistake("before the next sums of warps", "block", "sums.all += sum_of_warp[other]; }", SYNC, ""),
    Mistake("before the maxima of warps are read", "block", "maximum_of_warp[threadIdx.x / kWarpSize] = value;", SYNC, ""),
    Mistake("before a slice is multiplied", "tile", "i, w_slice);", SYNC, ""),
    Mistake("before the next slice", "tile", "first_o_of_warp, sums);", SYNC, ""),
    Mistake("behind a staged fragment", "tile", "nvcuda::wmma::mem_row_major);", WARP, ""),
    Mistake("before the next staged fragment", "tile", "staged[n] + bias.data[o]; }", WARP, ""),
    Mistake("behind the rows of a tile", "tile_linear", "x.rows - first_t);", SYNC, ""),
    Mistake("behind the places of an expert", "tile_expert_linear", "tile.end - tile.first;", SYNC, ""),
    Mistake("behind zeroed counts", "tile_expert_linear", "groups.next[e] = 0; }", SYNC, ""),
    Mistake("behind counting", "tile_expert_linear", "&groups.next[ids.data[tj]], 1); }", SYNC, ""),
    Mistake("behind first places", "tile_expert_linear", "groups.first[n_experts] = sum; }", SYNC, ""),
    Mistake("behind queries", "tile_attention", "begin_tile(a, queries, head_dim, tile);", SYNC, ""),
    Mistake("behind keys", "tile_attention", "load_keys(a, queries, head_dim, s, tile);", SYNC, ""),
    Mistake("behind scores", "tile_attention", "score_tile(head_dim, tile);", SYNC, ""),
    Mistake("behind weights", "tile_attention", "soften_tile(head_dim, scale, s, tile);", SYNC, ""),
    Mistake("before the next keys", "tile_attention", "mix_tile(head_dim, tile);", SYNC, ""),
    Mistake("before a maximum is overwritten", "tile_attention", "lanes_sum<kThreadsOfQuery>(sum);", WARP, ""),
]

# Threads that do not do the same.
DIVERGENCE = [
    Mistake("a barrier for half of a block", "rmsnorm", "partial[threadIdx.x + half];", SYNC,
            "if (threadIdx.x < kThreads / 2) __syncthreads();"),
    Mistake("a barrier in each of two branches", "block", "sum_of_warp[warp] = sum;", SYNC,
            "if (threadIdx.x < 32) __syncthreads(); else __syncthreads();"),
    Mistake("a mask of half a warp", "warp", "value += __shfl_xor_sync(", "kAllLanes", "0xFFFFu"),
    Mistake("lanes without work skip a sum", "linear", "const float sum =",
            "warp_sum(dot_of_lane(x_t, w.row(o), in_size))",
            "8 * lane_of_warp() < in_size ? warp_sum(dot_of_lane(x_t, w.row(o), in_size)) : 0.0f"),
    Mistake("a sum in each of two branches", "unembedding", "const float sum =",
            "warp_sum(dot_of_lane(x_t, w.row(o), hidden_size))",
            "lane_of_warp() < 16 ? warp_sum(dot_of_lane(x_t, w.row(o), hidden_size))"
            " : warp_sum(dot_of_lane(x_t, w.row(o), hidden_size))"),
    Mistake("a sum lacks its last step", "warp", "for (int bit = n_lanes / 2;", "bit > 0", "bit > 1"),
    Mistake("a shuffle from a lane that is none", "warp", "value += __shfl_xor_sync(kAllLanes, value,", "bit", "2 * bit"),
    Mistake("a minimum of half a warp", "warp", "for (int bit =", "kWarpSize / 2", "kWarpSize / 4"),
    Mistake("blocks of a row all do all of it", "launch", "return int(", "gridDim.y * blockDim.x", "blockDim.x"),
    Mistake("an id is summed by two threads", "sampling", "const int end = min(", "first + n_ids", "first + n_ids + 1"),
    Mistake("a count that is no atomic", "tile_expert_linear", "tj += int(blockDim.x)) {",
            "atomicAdd(&groups.next[ids.data[tj]], 1);", "groups.next[ids.data[tj]] += 1;"),
    Mistake("a fault that is no atomic", "fault", "if (", "atomicCAS(&fault->kind, int(FaultKind::none), int(kind))",
            "std::exchange(fault->kind, int(kind))"),
]

# One too many, one too few, the wrong place.
PLACES = [
    Mistake("a channel too many", "rmsnorm", "for (int i = int(threadIdx.x);", "i < hidden_size", "i <= hidden_size"),
    Mistake("an output too many", "linear", "for (int o = first_column();", "o < out_size", "o <= out_size"),
    Mistake("a wide load behind the row", "weights", "if (", "i < size", "true"),
    Mistake("a wide load of x behind the row", "weights", "first + n * step,", "size - 8", "size - 4"),
    Mistake("codes behind the row", "mxfp4_dots", "const bool is_there =", "first + n * step < w.cols", "true"),
    Mistake("outputs behind the last", "expert_linear", "lane_of_warp() == 0 &&", "o + r < out_size", "true"),
    Mistake("weights behind the last row", "mxfp4_dots", "w.row(", "min(first_o + r, w.rows - 1)", "first_o + r"),
    Mistake("tokens of a tile behind the last", "tile", "const bool is_there =", "l < rows.count", "true"),
    Mistake("weights of a tile behind the last", "tile", "const bool is_there =", "first_o + l < w.rows", "true"),
    Mistake("channels of a tile behind the last", "tile", "l < w.rows &&", "i + channel < w.cols", "true"),
    Mistake("outputs of a tile behind the last", "tile", "if (l < rows.count &&", "o < y.cols", "true"),
    Mistake("a prefetch behind the matrix", "weights", "lane_of_warp();", "i < n_bytes", "i < n_bytes + 65536"),
    Mistake("no ring where keys are read", "attend_operands", "cache.row(", "s % cache.rows", "s"),
    Mistake("no ring where keys are stored", "cache_store", "const int slot =", "positions.data[t] % cache.rows",
            "positions.data[t]"),
    Mistake("no ring in a tile", "tile_attention", "const int slot =", "(s + i) % a.keys.rows", "s + i"),
    Mistake("a ring of one more", "attend_operands", "cache.row(", "s % cache.rows", "s % (cache.rows + 1)"),
    Mistake("a window that is one longer", "attend_operands", "position -", "a.window", "a.window + 1"),
    Mistake("keys that no query sees", "tile_attention", "bool is_seen =", "false", "true"),
    Mistake("a wide load of narrow rows", "weights", "return is_bf16 &&", "x.cols % 8 == 0", "true"),
    Mistake("a misaligned wide load", "weights", "const float4 x_0 = load4(x +", "i", "min(i + 1, size - 5)"),
    Mistake("an offset of 32 bits", "tile", "bytes + 2 *", "std::size_t(i)", "std::size_t(unsigned(i))"),
    Mistake("two keys' rows are one", "attention_group", "store4(&rows[", "n + i * kRowsTogether", "n + i"),
    Mistake("no ring in a group", "attention_group", "const auto slot_of_ring = unsigned(",
            "slot < cache.rows ? slot : slot - cache.rows", "min(slot, cache.rows - 1)"),
    Mistake("keys behind the last of a group", "attention_group", "group.first_slot +", "min(n, group.last)", "n"),
    Mistake("a weight for a key behind the last", "attention_split", "query.scale,", "lane_of_warp() <= group.last",
            "true"),
    Mistake("a position that two splits have", "attention_split", "const int end = min(", "begin + n_positions",
            "begin + n_positions + 1"),
    Mistake("the tail of the last split", "attention_split", "min(begin + n_positions,", "query.position + 1",
            "query.position"),
    Mistake("a split that has no part is merged", "attention_merge", "const int n_used =",
            "used_splits(query, most_splits)", "n_splits"),
    Mistake("the last split is not merged", "attention_merge", "return",
            "(n_visible + n_positions - 1) / n_positions", "max(1, n_visible / n_positions)"),
    Mistake("all splits of a token at one place", "attention_split", "parts.row(", "int(blockIdx.x)", "t * n_splits"),
]

# A value that is old, or nobody's.
VALUES = [
    Mistake("no rescale of a tile's mix", "tile_attention", "tile.mix[r][d] *=", "shrink", "1.0f"),
    Mistake("no rescale of a tile's denominator", "tile_attention", "tile.denominator[r] *", "shrink", "1.0f"),
    Mistake("no rescale of a denominator", "attention_group", "running.denominator[j] *", "shrink", "1.0f"),
    Mistake("no rescale of a mix", "attention_group", "running.mix[j].z *=", "shrink", "1.0f"),
    Mistake("no rescale where parts merge", "attention_merge", "all.mix += part[d] *", "shrink", "1.0f"),
    Mistake("no rescale of a part's denominator", "attention_merge", "part[kDenominatorOfPart] *", "shrink", "1.0f"),
    Mistake("every warp counts the sink", "attention_split", "begin_softmax(a, heads,", "split == 0 && warp == 0",
            "split == 0"),
    Mistake("every split counts the sink", "attention_split", "begin_softmax(a, heads,", "split == 0 && warp == 0",
            "warp == 0"),
    Mistake("no maximum to begin with", "attention_split", "running.maximum[j] = j < heads.count ?",
            "a.sinks.data[heads.first + j]", "-INFINITY"),
    Mistake("a maximum of the first part alone", "attention_merge", "all.maximum = fmaxf(all.maximum,",
            "parts[std::size_t(i) * stride + kMaximumOfPart]", "parts[kMaximumOfPart]"),
    Mistake("a sum that nobody cleared", "tile_attention", "kAttendTileThreads) {",
            "tile.mix[n / kTileSumStride][n % kTileSumStride] = 0.0f;", ""),
    Mistake("a denominator that nobody set", "tile_attention", "a.sinks.data[h];", "tile.denominator[r] = 1.0f;", ""),
    Mistake("a chosen expert is chosen again", "router", "if (e % kWarpSize == lane_of_warp())",
            "taken |= 1u << (e / kWarpSize);", "taken |= 0u;"),
    Mistake("a code reaches into its neighbour", "mxfp4_dots", "const std::uint32_t even =", "codes & 0x0F0F0F0Fu",
            "codes"),
    Mistake("codes of the step before", "mxfp4_dots", "codes_of[r] +=", "kStepsAhead * step / 2", "step / 2"),
    Mistake("scales of the step before", "mxfp4_dots", "scales_of[r] +=", "kStepsAhead * step / kMxfp4BlockSize",
            "step / kMxfp4BlockSize"),
    Mistake("a sign lost from a pair of codes", "mxfp4_dots", "(apart | apart_by_3) &", "0x8E008E00u", "0x0E008E00u"),
    Mistake("a power of two left out", "expert_linear", "warp_sum(sums[r]) *", "kHalvesToValues", "1.0f"),
    Mistake("rounding cuts", "fragment", "return std::uint32_t(", "__bfloat16_as_ushort(pair.x)",
            "__float_as_uint(first) >> 16"),
    Mistake("a cut that stops early", "selection", "while (share.n - n_beyond >", "1", "2"),
    Mistake("of equal logits the higher id", "selection", "<< 32 |", "(0xFFFFFFFFu - std::uint32_t(o))", "std::uint32_t(o)"),
    Mistake("-0 is less than 0", "selection", "__float_as_uint(", "value + 0.0f", "value"),
    Mistake("top_p of the most likely token alone", "selection", "ceil(double(options.top_p) *", "double(share.p)",
            "double(chances.units)"),
    Mistake("a sum in half the channels", "tile", "for (int i = 0;", "i < kSliceChannels", "i < kFragment"),
]

# Between kernels, and on the host.
KERNELS = [
    Mistake("a kernel that does not wait", "combine", "MatrixView out) {", "wait_for_previous_kernel();", ""),
    Mistake("x is read before the wait", "rmsnorm", "MatrixView y) {", "wait_for_previous_kernel();",
            "const volatile float early = x.data[0]; (void)early; wait_for_previous_kernel();"),
    Mistake("a replay with the old caches", "decode_graph", "if (", "places_now != places", "false"),
    Mistake("a replay with the old config", "decode_graph", "||", "w.config != config", "false"),
    Mistake("an edge that is missing", "graph", "return cudaGraphAddDependencies(graph, from.data(), to.data(), edges.data(),",
            "n_edges", "n_edges - 1"),
    Mistake("more threads than a block can have", "residual", "x.cols),", "kThreads", "5 * kThreads"),
    Mistake("the host reads device memory", "sampling", "if (", "options.temperature == 0.0f",
            "last_row.data[0] > 1e30f || options.temperature == 0.0f"),
    Mistake("a subnormal code is zero", "mxfp4", "return", "__uint_as_float(sign | exponent_and_mantissa)",
            "((code & 6u) == 0 ? 0.0f : __uint_as_float(sign | exponent_and_mantissa))"),
    Mistake("memory is taken while a step is recorded", "combine", "inline void combine(ConstMatrixView expert_out,"
            " ConstMatrixView weights, MatrixView out) { const int n_tokens =", "weights.rows",
            "(cudaMalloc(std::array<void*, 1>{}.data(), 16), weights.rows)"),
]

KINDS = {
    "a barrier is missing": BARRIERS,
    "threads part": DIVERGENCE,
    "a wrong place": PLACES,
    "a wrong value": VALUES,
    "between kernels": KERNELS,
}

# Which tests say most of a header; of the others, those of its own op.
TESTS = {
    "attention_group": "attend: the CUDA twin is near*,attend: the CUDA twin records*",
    "attention_merge": "attend: the CUDA twin is near*,attend: the CUDA twin records*",
    "attention_split": "attend: the CUDA twin is near*,attend: the CUDA twin records*",
    "attend_operands": "attend: the CUDA twin*",
    "tile_attention": "attend: the CUDA twin on tensor*",
    "tile": "linear: the CUDA twin on tensor*,expert_linear: the CUDA twin on tensor*",
    "tile_linear": "linear: the CUDA twin on tensor*",
    "tile_expert_linear": "expert_linear: the CUDA twin on tensor*",
    "expert_linear": "expert_linear: the CUDA twin reads*,expert_linear: the CUDA twin is near*",
    "mxfp4_dots": "expert_linear: the CUDA twin decodes*,expert_linear: the CUDA twin is near*",
    "sampling": "sample: the CUDA twin*",
    "selection": "sample: the CUDA twin passes*,sample: the CUDA twin cuts*",
    "block": "sample: the CUDA twin passes*,sample: the CUDA twin cuts*",
    "unembedding": "unembed: the CUDA twin*",
    "router": "route: the CUDA twin*",
    "residual": "add_residual: the CUDA twin*",
    "weights": "linear: the CUDA twin is near*,unembed: the CUDA twin*",
    "warp": "linear: the CUDA twin is near*,route: the CUDA twin*",
    "launch": "linear: the CUDA twin is near*,linear: the plain*",
    "fragment": "linear: the CUDA twin on tensor*",
    "fault": "route: the CUDA twin names*,embed: the CUDA twin names*,attend: the CUDA twin names*",
    "mxfp4": "mxfp4_decode: *",
    "graph": "*played back*",
    "combine": "combine: the CUDA twin*,*graph give the same*",
    "decode_graph": "*played back*",
}

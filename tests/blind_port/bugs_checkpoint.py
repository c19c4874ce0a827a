"""Mistakes of loaders, converters and dequantisers."""
import numpy as np
from plant import bug, each, loaded

F = np.float32


@bug("the high nibble of a byte is taken for the first element")
def nibbles_swapped(p):
    p.nibbles = lambda b: np.stack([b >> 4, b & 15], -1).reshape(*b.shape[:-1], -1)

@bug("low nibbles are elements 0 to 15 of a group, high ones 16 to 31, as in GGUF")
def nibbles_in_halves(p):
    p.nibbles = lambda b: np.concatenate([b & 15, b >> 4], -1)

@bug("the sign bit of FP4 codes is ignored")
def fp4_sign_ignored(p):
    p.code = np.tile(p.code[:8], 2)

@bug("FP4 codes are taken for signed integers in two's complement, halved")
def fp4_as_int4(p):
    p.code = np.array([*range(8), *range(-8, 0)], F) / 2

@bug("FP4 without subnormals: code 1 is 0, not 0.5")
def fp4_subnormal_flushed(p):
    p.code = np.where(np.abs(p.code) == 0.5, F(0), p.code)

@bug("the FP4 table goes on evenly: 5 and 6 in the place of 4 and 6")
def fp4_table_top_wrong(p):
    p.code = np.array([0, 0.5, 1, 1.5, 2, 3, 5, 6, -0.0, -0.5, -1, -1.5, -2, -3, -5, -6], F)

@bug("the doubled table of ggml without its halved scale: experts twice as large")
def fp4_table_doubled(p):
    p.code = p.code * 2

@bug("scale exponents have bias 128: experts half as large")
def scale_bias_128(p):
    p.exponent = lambda s: s.astype(np.int32) - 128

@bug("scale bytes are read as int8")
def scale_signed(p):
    p.exponent = lambda s: s.astype(np.uint8).view(np.int8).astype(np.int32) - 127

@bug("a group takes the scale of the next group of its row")
def scale_next_group(p):
    p.exponent = lambda s: np.roll(s, -1, -1).astype(np.int32) - 127

@bug("scales are stored rows first but read groups first")
def scales_transposed(p):
    p.exponent = lambda s: s.reshape(s.shape[0], s.shape[2], s.shape[1]).transpose(0, 2, 1).astype(np.int32) - 127

@bug("all groups of a row take the row's first scale")
def scale_one_per_row(p):
    p.exponent = lambda s: np.repeat(s[..., :1], s.shape[-1], -1).astype(np.int32) - 127

@bug("scales are not applied at all")
def scales_dropped(p):
    p.exponent = lambda s: np.zeros(s.shape, np.int32) - 6

@bug("gate and up rows are swapped when mlp1 is loaded, weights and bias")
def gate_up_rows_swapped(p):
    def swap(b):
        flip = np.arange(b.w1.shape[1]) ^ 1
        b.w1, b.b1 = b.w1[:, flip], b.b1[:, flip]
    each(p, swap)

@bug("the rows of mlp1 are de-interleaved by the converter, its bias is not")
def gate_up_bias_interleaved_only(p):
    def change(b):
        n = b.b1.shape[1] // 2
        b.b1 = np.stack([b.b1[:, :n], b.b1[:, n:]], -1).reshape(b.b1.shape)
    each(p, change)

@bug("down_proj is read as in, out")
def down_transposed(p):
    def change(b):
        e, o, i = b.w2.shape
        b.w2 = b.w2.reshape(e, i, o).transpose(0, 2, 1)
    each(p, change)

@bug("gate_up_proj is read as in, out")
def gate_up_transposed(p):
    def change(b):
        e, o, i = b.w1.shape
        b.w1 = b.w1.reshape(e, i, o).transpose(0, 2, 1)
    each(p, change)

@bug("expert e computes with the weights of expert e + 1")
def experts_off_by_one(p):
    def change(b):
        for x in ("w1", "w2", "b1", "b2"):
            setattr(b, x, np.roll(getattr(b, x), -1, 0))
    each(p, change)

@bug("the second matrix of expert e is that of expert e + 1")
def down_of_next_expert(p):
    each(p, lambda b: setattr(b, "w2", np.roll(b.w2, -1, 0)))

@bug("mlp1's bias of expert e is that of expert e + 1")
def up_bias_of_next_expert(p):
    each(p, lambda b: setattr(b, "b1", np.roll(b.b1, -1, 0)))

@bug("all experts take mlp2's bias of expert 0")
def down_bias_of_expert_zero(p):
    each(p, lambda b: setattr(b, "b2", np.repeat(b.b2[:1], len(b.b2), 0)))

@bug("mlp1 has no bias")
def up_bias_dropped(p):
    each(p, lambda b: setattr(b, "b1", b.b1 * 0))

@bug("mlp2 has no bias")
def down_bias_dropped(p):
    each(p, lambda b: setattr(b, "b2", b.b2 * 0))

@bug("the query projection has no bias")
def q_bias_dropped(p):
    each(p, lambda b: setattr(b, "bq", b.bq * 0))

@bug("the key projection has no bias")
def k_bias_dropped(p):
    each(p, lambda b: setattr(b, "bk", b.bk * 0))

@bug("the value projection has no bias")
def v_bias_dropped(p):
    each(p, lambda b: setattr(b, "bv", b.bv * 0))

@bug("q, k and v have no bias, as in Llama")
def qkv_bias_dropped(p):
    def change(b):
        b.bq, b.bk, b.bv = b.bq * 0, b.bk * 0, b.bv * 0
    each(p, change)

@bug("the attention's output projection has no bias")
def o_bias_dropped(p):
    each(p, lambda b: setattr(b, "bo", b.bo * 0))

@bug("two ranks each add the output projection's bias")
def o_bias_twice(p):
    each(p, lambda b: setattr(b, "bo", b.bo * 2))

@bug("two ranks each add mlp2's bias")
def down_bias_twice(p):
    each(p, lambda b: setattr(b, "b2", b.b2 * 2))

@bug("keys and values are swapped in the fused matrix")
def kv_swapped(p):
    def change(b):
        b.wk, b.wv, b.bk, b.bv = b.wv, b.wk, b.bv, b.bk
    each(p, change)

@bug("keys and values are swapped in the fused matrix, but not in the fused bias")
def kv_weights_swapped(p):
    def change(b):
        b.wk, b.wv = b.wv, b.wk
    each(p, change)

@bug("the fused qkv is split a KV group at a time: its queries, its key, its value")
def qkv_split_by_group(p):
    def change(b):
        for x in "wb":
            m = np.concatenate([getattr(b, x + "q"), getattr(b, x + "k"), getattr(b, x + "v")])
            g = m.reshape(p.n_kv, -1, p.dim, *m.shape[1:])
            n = g.shape[1] - 2
            for y, part in (("q", g[:, :n]), ("k", g[:, n]), ("v", g[:, n + 1])):
                setattr(b, x + y, part.reshape(-1, *m.shape[1:]))
    each(p, change)

@bug("q and k rows are permuted to adjacent pairs by the converter, and rotated in halves")
def qk_rows_permuted(p):
    def shuffle(m):
        h = m.reshape(-1, 2, p.dim // 2, *m.shape[1:])
        return h.swapaxes(1, 2).reshape(m.shape)
    def change(b):
        b.wq, b.wk, b.bq, b.bk = shuffle(b.wq), shuffle(b.wk), shuffle(b.bq), shuffle(b.bk)
    each(p, change)

@bug("the rows of q and k are permuted for adjacent pairs and rotated so, their biases are not permuted")
def qk_bias_not_permuted(p):
    def shuffle(m):                                             # seen in the model's own order of rows
        return m.reshape(-1, p.dim // 2, 2).swapaxes(1, 2).reshape(m.shape)
    def change(b):
        b.bq, b.bk = shuffle(b.bq), shuffle(b.bk)
    each(p, change)

@bug("the query projection is read as in, out")
def q_transposed(p):
    each(p, lambda b: setattr(b, "wq", b.wq.reshape(b.wq.shape[::-1]).T))

@bug("the output projection is read as in, out")
def o_transposed(p):
    each(p, lambda b: setattr(b, "wo", b.wo.reshape(b.wo.shape[::-1]).T))

@bug("the router is read as in, out")
def router_transposed(p):
    each(p, lambda b: setattr(b, "router", b.router.reshape(b.router.shape[::-1]).T))

@bug("the router has no bias")
def router_bias_dropped(p):
    each(p, lambda b: setattr(b, "router_bias", b.router_bias * 0))

@bug("the gains of a block's two norms are swapped")
def norm_gains_swapped(p):
    def change(b):
        b.attn_gain, b.mlp_gain = b.mlp_gain, b.attn_gain
    each(p, change)

@bug("all blocks take the gains of block 0")
def norm_gains_of_first_block(p):
    def change(p):
        for b in p.blocks:
            b.attn_gain, b.mlp_gain = p.blocks[0].attn_gain, p.blocks[0].mlp_gain
    loaded(p, change)

@bug("the unembedding is tied to the embedding")
def unembedding_tied(p):
    loaded(p, lambda p: setattr(p, "unembedding", p.embedding))

@bug("the sinks are not loaded and stay 0")
def sinks_zero(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks * 0))

@bug("a block takes the sinks of the next block")
def sinks_of_next_block(p):
    def change(p):
        sinks = [b.sinks for b in p.blocks]
        for n, b in enumerate(p.blocks):
            b.sinks = sinks[(n + 1) % len(sinks)]
    loaded(p, change)

@bug("the sinks are read KV head fastest")
def sinks_transposed(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks.reshape(-1, p.n_kv).T.reshape(-1)))

@bug("the sinks' BF16 bits are read as FP16")
def sinks_as_fp16(p):
    def change(b):
        bits = (b.sinks.view(np.uint32) >> 16).astype(np.uint16)
        b.sinks = bits.view(np.float16).astype(F)
    each(p, change)

@bug("a head takes the sink of the next head")
def sinks_rolled(p):
    each(p, lambda b: setattr(b, "sinks", np.roll(b.sinks, -1)))

@bug("block 1 is loaded from block 0's tensors")
def second_block_is_first(p):
    loaded(p, lambda p: p.blocks.__setitem__(1, p.blocks[0]))

@bug("blocks 1 and 2 are swapped")
def blocks_swapped(p):
    def change(p):
        p.blocks[1], p.blocks[2] = p.blocks[2], p.blocks[1]
    loaded(p, change)

@bug("the last block's experts are those of the block before")
def last_experts_repeated(p):
    def change(p):
        a, b = p.blocks[-2:]
        b.w1, b.w2, b.b1, b.b2 = a.w1, a.w2, a.b1, a.b2
    loaded(p, change)

@bug("in one block the sinks are lost, as from a shard that was not read")
def sinks_lost_in_one_block(p):
    loaded(p, lambda p: setattr(p.blocks[2], "sinks", p.blocks[2].sinks - F(np.inf)))

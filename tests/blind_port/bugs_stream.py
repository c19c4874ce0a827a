"""Mistakes in embedding, norms, residual stream, unembedding and overall precision."""
import numpy as np
from plant import around, bug, each, loaded

F = np.float32


@bug("the embedding is multiplied by the root of hidden_size, as in Gemma")
def embedding_scaled(p):
    around(p, "embed", lambda right: lambda ids: p.r(right(ids) * F(p.hidden ** 0.5)))

@bug("token t reads row t + 1")
def embedding_off_by_one(p):
    around(p, "embed", lambda right: lambda ids: right(ids + 1))

@bug("the embedding is normed")
def embedding_normed(p):
    around(p, "embed", lambda right: lambda ids: p.norm(right(ids), F(1)))

@bug("learned-looking sinusoidal positions are added to the embedding")
def embedding_with_positions(p):
    def wrap(right):
        def embed(ids):
            i = np.arange(p.hidden)
            angle = np.arange(len(ids))[:, None] / 10000 ** (i // 2 * 2 / p.hidden)
            return p.r(right(ids) + np.where(i % 2, np.cos(angle), np.sin(angle)).astype(F))
        return embed
    around(p, "embed", wrap)

@bug("epsilon is 1e-6")
def eps_1e6(p):
    p.eps = F(1e-6)

@bug("no epsilon")
def eps_dropped(p):
    p.eps = F(0)

@bug("epsilon is 1e-2")
def eps_large(p):
    p.eps = F(1e-2)

@bug("epsilon is added outside of the root")
def eps_outside(p):
    p.norm = lambda x, g: p.r(x / (np.sqrt((x * x).mean(-1, keepdims=True)) + p.eps) * g)

@bug("LayerNorm: the mean is subtracted")
def norm_subtracts_mean(p):
    around(p, "norm", lambda right: lambda x, g: right(x - x.mean(-1, keepdims=True), g))

@bug("the norm divides by the mean square, without a root")
def norm_without_root(p):
    p.norm = lambda x, g: p.r(x / ((x * x).mean(-1, keepdims=True) + p.eps) * g)

@bug("the norm divides by the root of the sum, not of the mean")
def norm_over_sum(p):
    p.norm = lambda x, g: p.r(x / np.sqrt((x * x).sum(-1, keepdims=True) + p.eps) * g)

@bug("the norm has no gain")
def norm_without_gain(p):
    around(p, "norm", lambda right: lambda x, g: right(x, F(1)))

@bug("the gain is 1 + g, as in Gemma")
def norm_gain_plus_one(p):
    around(p, "norm", lambda right: lambda x, g: right(x, 1 + g))

@bug("the gain is applied before the norm")
def norm_gain_first(p):
    around(p, "norm", lambda right: lambda x, g: right(x * g, F(1)))

@bug("the norm runs over all tokens at once")
def norm_over_tokens(p):
    p.norm = lambda x, g: p.r(x / np.sqrt((x * x).mean() + p.eps) * g)

@bug("the normed value is rounded to BF16 before the gain, as in Llama")
def norm_cast_before_gain(p):
    from port import to_bf16
    p.norm = lambda x, g: p.r(to_bf16(x / np.sqrt((x * x).mean(-1, keepdims=True) + p.eps)) * g)

@bug("the norm's mean is over one element too few")
def norm_mean_minus_one(p):
    p.norm = lambda x, g: p.r(x / np.sqrt((x * x).sum(-1, keepdims=True) / (p.hidden - 1) + p.eps) * g)

@bug("the attention reads the stream without its norm")
def attn_norm_dropped(p):
    around(p, "norm", lambda right: lambda x, g: x if any(g is b.attn_gain for b in p.blocks) else right(x, g))

@bug("the experts read the stream without their norm")
def mlp_norm_dropped(p):
    around(p, "norm", lambda right: lambda x, g: x if any(g is b.mlp_gain for b in p.blocks) else right(x, g))

@bug("no final norm")
def final_norm_dropped(p):
    p.final = lambda x: x

@bug("the final norm has no gain")
def final_gain_dropped(p):
    loaded(p, lambda p: setattr(p, "final_gain", p.final_gain * 0 + 1))

@bug("the final norm is applied twice")
def final_norm_twice(p):
    around(p, "final", lambda right: lambda x: right(right(x)))

@bug("the final norm takes the first block's gain")
def final_gain_of_first_block(p):
    loaded(p, lambda p: setattr(p, "final_gain", p.blocks[0].attn_gain))

@bug("the attention's residual is the normed input")
def attn_residual_normed(p):
    def block(b, x, see):
        x = see("attn.residual", p.add(p.norm(x, b.attn_gain), p.attention(b, x, see)))
        return see("mlp.residual", p.add(x, p.mlp(b, x, see)))
    p.block = block

@bug("the experts' residual is the normed input")
def mlp_residual_normed(p):
    def block(b, x, see):
        x = see("attn.residual", p.add(x, p.attention(b, x, see)))
        return see("mlp.residual", p.add(p.norm(x, b.mlp_gain), p.mlp(b, x, see)))
    p.block = block

@bug("the experts' output is added to the block's input: the attention is lost")
def mlp_residual_of_block_input(p):
    def block(b, x, see):
        y = see("attn.residual", p.add(x, p.attention(b, x, see)))
        return see("mlp.residual", p.add(x, p.mlp(b, y, see)))
    p.block = block

@bug("attention and experts in parallel, as in GPT-J")
def block_parallel(p):
    def block(b, x, see):
        y = see("attn.residual", p.add(x, p.attention(b, x, see)))
        return see("mlp.residual", p.add(y, p.mlp(b, x, see)))
    p.block = block

@bug("experts before attention")
def block_mlp_first(p):
    def block(b, x, see):
        x = see("mlp.residual", p.add(x, p.mlp(b, x, see)))
        return see("attn.residual", p.add(x, p.attention(b, x, see)))
    p.block = block

@bug("no residual around the attention")
def attn_residual_dropped(p):
    def block(b, x, see):
        x = see("attn.residual", p.attention(b, x, see))
        return see("mlp.residual", p.add(x, p.mlp(b, x, see)))
    p.block = block

@bug("no residual around the experts")
def mlp_residual_dropped(p):
    def block(b, x, see):
        x = see("attn.residual", p.add(x, p.attention(b, x, see)))
        return see("mlp.residual", p.mlp(b, x, see))
    p.block = block

@bug("post_attention_layernorm is applied to the attention's output, as its name says")
def norm_after_attention(p):
    def block(b, x, see):
        x = see("attn.residual", p.add(x, p.norm(p.attention(b, x, see), b.mlp_gain)))
        right, p.norm = p.norm, lambda y, g: y if g is b.mlp_gain else right(y, g)
        y = see("mlp.residual", p.add(x, p.mlp(b, x, see)))
        p.norm = right
        return y
    p.block = block

@bug("post-norm: the sum is normed, as in the first transformer")
def post_norm(p):
    def block(b, x, see):
        x = see("attn.residual", p.norm(p.add(x, p.attention(b, x, see)), b.attn_gain))
        return see("mlp.residual", p.norm(p.add(x, p.mlp(b, x, see)), b.mlp_gain))
    p.block = block

@bug("residuals are added halved, by the root of 2")
def residual_scaled(p):
    p.add = lambda x, y: p.r((x + y) * F(0.5 ** 0.5))

@bug("the last block is not run")
def last_block_skipped(p):
    around(p, "block", lambda right: lambda b, x, see: x if p.layer == p.n_layers - 1 else right(b, x, see))

@bug("the first block runs twice")
def first_block_twice(p):
    around(p, "block", lambda right: lambda b, x, see: right(b, right(b, x, see) if p.layer == 0 else x, see))

@bug("the last block's experts are not run")
def last_mlp_skipped(p):
    def wrap(right):
        def block(b, x, see):
            if p.layer < p.n_layers - 1:
                return right(b, x, see)
            x = see("attn.residual", p.add(x, p.attention(b, x, see)))
            return see("mlp.residual", x)
        return block
    around(p, "block", wrap)

@bug("attention is computed with the block's input of the token before")
def attention_token_shift(p):
    around(p, "project", lambda right: lambda b, t: right(b, np.concatenate([t[:1], t[:-1]])))

@bug("logits are soft-capped at 30, as in Gemma 2")
def logits_soft_capped(p):
    around(p, "unembed", lambda right: lambda x: p.r(30 * np.tanh(right(x) / 30)))

@bug("logits are divided by the root of hidden_size")
def logits_scaled(p):
    around(p, "unembed", lambda right: lambda x: p.r(right(x) * F(p.hidden ** -0.5)))

@bug("the unembedding's rows are one off")
def logits_off_by_one(p):
    around(p, "unembed", lambda right: lambda x: np.roll(right(x), 1, -1))

@bug("logits are of the position before")
def logits_shifted(p):
    around(p, "unembed", lambda right: lambda x: right(np.concatenate([x[:1], x[:-1]])))

@bug("the unembedding's last row is lost and stays 0, as of a vocabulary padded or cut")
def logits_row_lost(p):
    def wrap(right):
        def unembed(x):
            y = right(x).copy()
            y[:, -8:] = 0
            return y
        return unembed
    around(p, "unembed", wrap)

@bug("the residual stream is rounded to BF16 while all else is float32")
def residual_in_bf16(p):
    from port import to_bf16
    around(p, "add", lambda right: lambda x, y: to_bf16(right(x, y)))

@bug("the residual stream is rounded to 8 bits, e4m3")
def residual_in_fp8(p):
    def fp8(x):
        m, e = np.frexp(x)
        return np.ldexp(np.round(m * 16) / 16, e).astype(F)
    around(p, "add", lambda right: lambda x, y: fp8(right(x, y)))

@bug("the attention's matrices are quantised to 4 bits per group of 32")
def attention_in_4_bits(p):
    def q4(w):
        g = w.reshape(len(w), -1, 32)
        d = np.maximum(np.abs(g).max(-1, keepdims=True) / 7, F(1e-30))
        return (np.round(g / d) * d).astype(F).reshape(w.shape)
    def change(b):
        b.wq, b.wk, b.wv, b.wo = q4(b.wq), q4(b.wk), q4(b.wv), q4(b.wo)
    each(p, change)

@bug("the unembedding is quantised to 8 bits per row")
def unembedding_in_8_bits(p):
    def change(p):
        d = np.abs(p.unembedding).max(-1, keepdims=True) / 127
        p.unembedding = (np.round(p.unembedding / d) * d).astype(F)
    loaded(p, change)

@bug("the attention's output is lost: the projection's result is not added")
def attention_not_added(p):
    def block(b, x, see):
        p.attention(b, x, see)
        see("attn.residual", x)
        return see("mlp.residual", p.add(x, p.mlp(b, x, see)))
    p.block = block

@bug("embeddings of the last two tokens are swapped")
def tokens_swapped(p):
    def wrap(right):
        def embed(ids):
            x = right(ids).copy()
            x[-2:] = x[[-1, -2]]
            return x
        return embed
    around(p, "embed", wrap)

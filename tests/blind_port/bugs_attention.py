"""Mistakes in heads, masks, windows, sinks, softmax and cache."""
import numpy as np
from plant import around, bug, each

F = np.float32


def soft(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@bug("query head h reads KV head h mod n_kv")
def kv_head_modulo(p):
    p.kv_of_head = lambda: np.arange(p.n_heads) % p.n_kv

@bug("all query heads read KV head 0")
def kv_head_zero(p):
    p.kv_of_head = lambda: np.zeros(p.n_heads, int)

@bug("KV heads are taken in reverse")
def kv_heads_reversed(p):
    around(p, "kv_of_head", lambda right: lambda: p.n_kv - 1 - right())

@bug("values are taken of KV head h mod n_kv, keys of the right one")
def v_head_modulo(p):
    groups = p.n_heads // p.n_kv
    def wrap(mix):
        def wrong(w, v):
            return mix(w, v[::groups][np.arange(p.n_heads) % p.n_kv])
        return wrong
    around(p, "mix", wrap)

@bug("heads are laid out channel first: reshaped to dim, heads")
def heads_channel_first(p):
    p.heads = lambda x: x.reshape(len(x), p.dim, -1).transpose(2, 0, 1)

@bug("the heads' outputs are joined channel first")
def merge_channel_first(p):
    p.merge = lambda o: o.transpose(1, 2, 0).reshape(o.shape[1], -1)

@bug("the heads' outputs are joined without a transpose: heads, T, dim flattened as it lies")
def merge_untransposed(p):
    p.merge = lambda o: o.reshape(o.shape[1], -1)

@bug("q and k are normed per head, as in Qwen 3")
def qk_norm(p):
    def wrap(rotate):
        def normed(x, n):
            h = x.reshape(len(x), -1, p.dim)
            h = p.r(h / np.sqrt((h * h).mean(-1, keepdims=True) + p.eps))
            return rotate(h.reshape(x.shape), n)
        return normed
    around(p, "rotate_q", wrap)
    around(p, "rotate_k", wrap)

@bug("scores are not scaled")
def score_unscaled(p):
    p.scale = F(1)

@bug("scores are divided by head_dim, not by its root")
def score_over_dim(p):
    p.scale = F(1 / p.dim)

@bug("scores are divided by the root of hidden_size")
def score_over_root_hidden(p):
    p.scale = F(p.hidden ** -0.5)

@bug("scores are divided by the root of hidden_size / heads")
def score_over_root_hidden_per_head(p):
    p.scale = F((p.hidden / p.n_heads) ** -0.5)

@bug("scores get YaRN's concentration squared once more, as in DeepSeek")
def score_times_mscale(p):
    p.scale = F(p.scale * p.concentration ** 2)

@bug("scores are multiplied by the root of head_dim")
def score_multiplied(p):
    p.scale = F(p.dim ** 0.5)

@bug("scores are soft-capped at 50, as in Gemma 2")
def score_soft_capped(p):
    around(p, "score", lambda score: lambda q, k: p.r(50 * np.tanh(score(q, k) / 50)))

@bug("no sink at all")
def sinks_dropped(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks - F(np.inf)))

@bug("the sink is scaled as scores are")
def sink_scaled(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks * p.scale))

@bug("the sink has the other sign")
def sink_negated(p):
    each(p, lambda b: setattr(b, "sinks", -b.sinks))

@bug("the sink itself joins the denominator, not its exponential")
def sink_not_exponentiated(p):
    def softmax(s, sinks):
        top = s.max(-1, keepdims=True)
        e, k = np.exp(s - top), np.broadcast_to(sinks[:, None, None], top.shape)
        total = e.sum(-1, keepdims=True) + k
        return p.r(e / total), p.r(k / total)
    p.softmax = softmax

@bug("the sink's exponential lacks the subtraction of the row's largest score")
def sink_without_max(p):
    def softmax(s, sinks):
        top = s.max(-1, keepdims=True)
        e, k = np.exp(s - top), np.broadcast_to(np.exp(sinks)[:, None, None], top.shape)
        total = e.sum(-1, keepdims=True) + k
        return p.r(e / total), p.r(k / total)
    p.softmax = softmax

@bug("the sink is added to every score")
def sink_added_to_scores(p):
    def softmax(s, sinks):
        w = p.r(soft(s + sinks[:, None, None]))
        return w, w[..., :1] * 0
    p.softmax = softmax

@bug("the weights are normalised to 1 again after the sink is taken out")
def sink_renormalised(p):
    around(p, "softmax", lambda right: lambda s, k: (
        lambda w, share: (p.r(w / w.sum(-1, keepdims=True)), share))(*right(s, k)))

@bug("the sink counts twice, once for each chunk of keys")
def sink_twice(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks + F(np.log(2))))

@bug("one sink for all heads: their mean")
def sink_mean_of_heads(p):
    each(p, lambda b: setattr(b, "sinks", b.sinks * 0 + b.sinks.mean()))

@bug("the sink's probability goes to the first key's value")
def sink_to_first_value(p):
    def wrap(right):
        def softmax(s, k):
            w, share = right(s, k)
            w = w.copy()
            w[..., :1] += share
            return w, share
        return softmax
    around(p, "softmax", wrap)

@bug("sliding layers have no sink")
def sink_on_full_layers_only(p):
    around(p, "softmax", lambda right: lambda s, k: right(s, k - F(np.inf) if p.slides[p.layer] else k))

@bug("full layers have no sink")
def sink_on_sliding_layers_only(p):
    around(p, "softmax", lambda right: lambda s, k: right(s, k if p.slides[p.layer] else k - F(np.inf)))

@bug("the sink joins where the window is not full yet: not after")
def sink_only_before_window_is_full(p):
    def wrap(right):
        def softmax(s, k):
            w, share = right(s, k)
            full = (np.arange(s.shape[1]) >= p.window)[None, :, None]
            bare, none = right(s, k - F(np.inf))
            return np.where(full, bare, w), np.where(full, none, share)
        return softmax
    around(p, "softmax", wrap)

@bug("the window is one wider: p - c <= W")
def window_one_wide(p):
    p.window += 1

@bug("the window is one narrower: the token itself not counted")
def window_one_narrow(p):
    p.window -= 1

@bug("the window is half as wide, as if it were two-sided")
def window_halved(p):
    p.window //= 2

@bug("odd layers slide, even ones do not")
def window_on_odd_layers(p):
    p.slides = [not s for s in p.slides]

@bug("no layer slides")
def window_dropped(p):
    p.slides = [False] * len(p.slides)

@bug("all layers slide")
def window_everywhere(p):
    p.slides = [True] * len(p.slides)

@bug("the first half of the layers slides")
def window_on_first_half(p):
    p.slides = [n < len(p.slides) // 2 for n in range(len(p.slides))]

@bug("every layer but the third slides, as in Cohere 2 and Gemma")
def window_on_all_but_third(p):
    p.slides = [n % 3 != 2 for n in range(len(p.slides))]

@bug("blocks of W tokens see only themselves, as in Llama 4")
def window_in_blocks(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, False) & (not s or q // p.window == c // p.window))

@bug("the window is forgotten for decoded tokens, the second half")
def window_not_in_decode(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) | (q >= len(q) // 2) & right(q, c, False))

@bug("the window is forgotten in prefill, the first half")
def window_not_in_prefill(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) | (q < len(q) // 2) & right(q, c, False))

@bug("sliding layers see the keys that the window hides, and only these and themselves")
def window_inverted(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) if not s else (
        (c <= q - p.window) | (c == q)))

@bug("the first token stays visible outside of the window, as in StreamingLLM")
def window_keeps_first(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) | (c == 0))

@bug("no causal mask")
def causal_dropped(p):
    around(p, "visible", lambda right: lambda q, c, s: (c > q - p.window) if s else c >= 0)

@bug("no causal mask on full layers")
def causal_dropped_on_full_layers(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) if s else (c >= 0) & (q >= 0))

@bug("sliding layers are masked by the window alone, to both sides")
def window_two_sided(p):
    around(p, "visible", lambda right: lambda q, c, s: (abs(c - q) < p.window) if s else right(q, c, s))

@bug("a token does not see itself, the first one excepted")
def self_hidden(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) & ((c < q) | (q == 0)))

@bug("a token sees its successor")
def causal_one_ahead(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) | (c == q + 1))

@bug("hidden scores get -10, not minus infinity")
def mask_not_infinite(p):
    p.hide = lambda s, seen: np.where(seen, s, s - F(10))

@bug("hidden scores are 0 before the softmax")
def mask_multiplied(p):
    p.hide = lambda s, seen: np.where(seen, s, F(0))

@bug("the mask is applied after the softmax")
def mask_after_softmax(p):
    keep = {}
    def hide(s, seen):
        keep["seen"] = seen
        return s
    p.hide = hide
    around(p, "softmax", lambda right: lambda s, k: (
        lambda w, share: (np.where(keep["seen"], w, F(0)), share))(*right(s, k)))

@bug("the mask of the second chunk is aligned to the upper left: it sees from the first key on")
def chunk_mask_upper_left(p):
    def wrap(right):
        def visible(q, c, s):
            n = len(q) // 2
            return np.where(q >= n, right(q - n, c, s), right(q, c, s))
        return visible
    around(p, "visible", wrap)

@bug("the second chunk does not see the first")
def chunk_sees_itself_only(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) & ((q >= len(q) // 2) == (c >= len(q) // 2)))

@bug("tokens of the second chunk see the whole of it")
def chunk_not_causal(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) | (q >= len(q) // 2) & (c >= len(q) // 2))

@bug("a rolling cache of W slots is overwritten before the chunk's early queries have read it")
def rolling_cache_overwritten(p):
    def visible(q, c, s):
        last = len(q) - 1 if True else 0
        return (c <= q) & (c > last - p.window) | (c == q) if s else c <= q
    p.visible = visible

@bug("the last cached key is missing: a token does not see its predecessor")
def predecessor_hidden(p):
    around(p, "visible", lambda right: lambda q, c, s: right(q, c, s) & (c != q - 1))

@bug("values are cached one slot late")
def cached_values_shifted(p):
    p.values = lambda v: np.concatenate([v[:1], v[:-1]])

@bug("keys and values of the cache are kept in 8 bits, e4m3")
def cache_in_fp8(p):
    def fp8(x):
        m, e = np.frexp(x)
        return np.clip(np.ldexp(np.round(m * 16) / 16, e), -448, 448).astype(F)
    p.values = fp8
    around(p, "rotate_k", lambda rotate: lambda k, n: fp8(rotate(k, n)))

@bug("exp2 in place of exp, without log2 e")
def softmax_base_two(p):
    def softmax(s, sinks):
        top = np.maximum(s.max(-1, keepdims=True), sinks[:, None, None])
        e, k = np.exp2(s - top), np.exp2(sinks[:, None, None] - top)
        total = e.sum(-1, keepdims=True) + k
        return p.r(e / total), p.r(k / total)
    p.softmax = softmax

@bug("the row's largest value for the softmax is taken over scores alone: right, but for overflow")
def softmax_max_without_sink(p):
    def softmax(s, sinks):
        top = s.max(-1, keepdims=True)
        e, k = np.exp(s - top), np.exp(sinks[:, None, None] - top)
        total = e.sum(-1, keepdims=True) + k
        return p.r(e / total), p.r(k / total)
    p.softmax = softmax

@bug("online softmax without rescaling what was summed before a new maximum")
def online_softmax_not_rescaled(p):
    def softmax(s, sinks):
        run = np.maximum(np.maximum.accumulate(s, -1), sinks[:, None, None])
        with np.errstate(invalid="ignore"):
            e = np.exp(s - run)
        k = np.exp(sinks[:, None, None] - run[..., :1])
        total = e.sum(-1, keepdims=True) + k
        return p.r(e / total), p.r(k / total)
    p.softmax = softmax

@bug("the softmax runs over queries")
def softmax_over_queries(p):
    around(p, "softmax", lambda right: lambda s, k: (
        lambda w: (p.r(w.transpose(0, 2, 1)), w[..., :1] * 0))(
            soft(np.where(np.isfinite(s), s, F(-1e4)).transpose(0, 2, 1))))

@bug("scores are rounded to float16 while all else is float32")
def scores_in_fp16(p):
    around(p, "score", lambda score: lambda q, k: score(q, k).astype(np.float16).astype(F))

@bug("attention weights are rounded to 8 bits")
def weights_in_8_bits(p):
    around(p, "softmax", lambda right: lambda s, k: (
        lambda w, share: ((np.round(w * 255) / 255).astype(F), share))(*right(s, k)))

@bug("the output is gated by the sink: multiplied by 1 - share a second time")
def sink_gate_twice(p):
    around(p, "softmax", lambda right: lambda s, k: (
        lambda w, share: (p.r(w * (1 - share)), share))(*right(s, k)))

"""gpt-oss in PyTorch, small: an independent model of the architecture, made for training on a CPU.

    x = embedding[ids]
    per layer:  x += attention(rmsnorm(x));  x += experts(rmsnorm(x))
    logits = rmsnorm(x) @ unembedding^T

Every mechanism is on: a window in even layers, sinks, YaRN with the real constants, grouped queries,
top-4 routing, the clamped SwiGLU, biases, an unembedding of its own.

Three things are written for speed rather than for reading; the C++ headers are for reading:
  - a batch is one context and many conversations behind it. The context is computed once; keys and
    values of it are seen by every conversation. All tokens lie in one flat array, context first.
  - a sink is one more key: queries carry the sink's logit in an extra channel in which only that key
    is 1, so the softmax needs no special case. Its value is 0.
  - experts sort the (token, expert) pairs by expert and have a hand-written backward.

Source: OpenAI 2025, gpt-oss model card; official model: gpt_oss/torch/model.py.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Config:
    """Names as in the C++ struct; preset_nano() of core/config.hpp holds the same numbers."""

    n_layers: int = 4
    hidden_size: int = 96
    vocab_size: int = 1034
    n_heads: int = 16
    n_kv_heads: int = 2
    head_dim: int = 32
    sliding_window: int = 16
    n_experts: int = 16
    top_k: int = 4
    intermediate_size: int = 64
    swiglu_limit: float = 7.0
    rope_theta: float = 150000.0
    rope_scaling_factor: float = 32.0
    rope_ntk_alpha: float = 1.0
    rope_ntk_beta: float = 32.0
    initial_context_length: int = 4096
    eps: float = 1e-5

    @property
    def group(self) -> int:
        return self.n_heads // self.n_kv_heads


# ---- parameters ------------------------------------------------------------------------------


def layer_shapes(c: Config) -> dict[str, tuple[int, ...]]:
    q, kv = c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim
    h, i, e = c.hidden_size, c.intermediate_size, c.n_experts
    return {                                                    # gate rows first, then up rows
        "qkv": (q + 2 * kv, h), "out": (h, q), "router": (e, h), "mlp1": (e, 2 * i, h),
        "mlp2": (e, h, i),
        "attn_norm": (h,), "qkv_bias": (q + 2 * kv,), "sinks": (c.n_heads,), "out_bias": (h,),
        "mlp_norm": (h,), "router_bias": (e,), "mlp1_bias": (e, 2 * i), "mlp2_bias": (e, h),
    }


def shapes(c: Config) -> dict[str, tuple[int, ...]]:
    """All parameters; matrices, which decay, before the rest, which does not."""
    found = {"embedding": (c.vocab_size, c.hidden_size), "unembedding": (c.vocab_size, c.hidden_size),
             "norm": (c.hidden_size,)}
    for layer in range(c.n_layers):
        found |= {f"{layer}.{name}": shape for name, shape in layer_shapes(c).items()}
    return dict(sorted(found.items(), key=lambda item: not is_matrix(item[0])))


def is_matrix(name: str) -> bool:
    return name.split(".")[-1] in ("embedding", "unembedding", "qkv", "out", "router", "mlp1", "mlp2")


class Parameters:
    """Named views into one flat tensor, which optimizer and processes share."""

    def __init__(self, config: Config, flat: Tensor | None = None):
        self.config = config
        sizes = {name: math.prod(shape) for name, shape in shapes(config).items()}
        self.flat = torch.zeros(sum(sizes.values())) if flat is None else flat
        self.n_matrix = sum(size for name, size in sizes.items() if is_matrix(name))
        self.views, begin = {}, 0
        for name, shape in shapes(config).items():
            self.views[name] = self.flat[begin : begin + sizes[name]].view(shape)
            begin += sizes[name]

    def initialize(self, seed: int) -> None:
        """Normal with variance 1 / fan-in; what is added to the residual stream starts smaller."""
        generator = torch.Generator().manual_seed(seed)
        branch = (2 * self.config.n_layers) ** -0.5
        for name, view in self.views.items():
            kind = name.split(".")[-1]
            if kind.endswith("norm"):
                view.fill_(1)
            elif is_matrix(name):
                deviation = 0.5 if kind == "embedding" else view.shape[-1] ** -0.5
                deviation *= {"out": branch, "mlp2": branch, "unembedding": 0.5}.get(kind, 1)
                view.normal_(0, deviation, generator=generator)


# ---- MXFP4 -----------------------------------------------------------------------------------

MXFP4_VALUES = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])     # of codes 0 to 7; 8 more are negative


def round_e2m1(x: Tensor) -> Tensor:
    """The nearest of +-{0, 0.5, 1, 1.5, 2, 3, 4, 6}."""
    x = x.clamp(-6, 6)
    size = x.abs()
    step = 0.5 + 0.5 * (size > 2) + (size > 4)                  # of the values around x
    return (x / step).round_().mul_(step)


def mxfp4_blocks(w: Tensor) -> tuple[Tensor, Tensor]:
    """Values and scales of w in blocks of 32 along the last axis; per block the better of two
    scales: with the smaller one, values above 6 are clipped."""
    blocks = w.reshape(*w.shape[:-1], -1, 32)
    largest = blocks.abs().amax(-1, keepdim=True).clamp_min(2.0**-100)
    small = torch.exp2(torch.floor(torch.log2(largest)) - 2)
    tried = [(round_e2m1(blocks / scale), scale) for scale in (small, 2 * small)]
    errors = [(value * scale - blocks).square_().sum(-1, keepdim=True) for value, scale in tried]
    pick = errors[1] < errors[0]
    return tuple(torch.where(pick, second, first) for first, second in zip(*tried))


def round_mxfp4(w: Tensor) -> Tensor:
    """w as its checkpoint will hold it; the gradient passes as if nothing were rounded."""
    with torch.no_grad():
        values, scale = mxfp4_blocks(w)
        rounded = (values * scale).view_as(w)
    return w + (rounded - w).detach()


# ---- positions -------------------------------------------------------------------------------


def yarn_inverse_frequencies(c: Config, plain: bool = False) -> tuple[Tensor, float]:
    """Angle per position of each channel pair, and the factor on cosine and sine."""
    half = c.head_dim // 2
    pair = torch.arange(half, dtype=torch.float64)
    extrapolated = c.rope_theta ** (-pair / half)
    if plain:
        return extrapolated.float(), 1.0

    def bound(rotations: float) -> float:
        turns = c.initial_context_length / (rotations * 2 * math.pi)
        return half * math.log(turns) / math.log(c.rope_theta)

    low, high = bound(c.rope_ntk_beta), bound(c.rope_ntk_alpha)
    ramp = ((pair - low) / (high - low)).clamp(0, 1)
    mixed = extrapolated * (1 - ramp) + extrapolated / c.rope_scaling_factor * ramp
    return mixed.float(), 0.1 * math.log(c.rope_scaling_factor) + 1


# ---- a batch ---------------------------------------------------------------------------------


class Move(torch.autograd.Function):
    """Rows to other places, where every real row has exactly one: the gradient moves back."""

    @staticmethod
    def forward(ctx, x, take, take_back):
        ctx.save_for_backward(take_back)
        return x.index_select(0, take)

    @staticmethod
    def backward(ctx, gradient):
        (take_back,) = ctx.saved_tensors
        return gradient.index_select(0, take_back), None, None


class Unpad(torch.autograd.Function):
    """The real rows of a padded array; padding gets no gradient."""

    @staticmethod
    def forward(ctx, x, take_back):
        ctx.save_for_backward(take_back)
        ctx.n_rows = len(x)
        return x.index_select(0, take_back)

    @staticmethod
    def backward(ctx, gradient):
        (take_back,) = ctx.saved_tensors
        padded = gradient.new_zeros(ctx.n_rows, gradient.shape[1])
        return padded.index_copy_(0, take_back, gradient), None


@dataclass
class Group:
    """Conversations of similar length, padded to one length."""

    size: int                                                   # conversations
    length: int                                                 # padded, a multiple of the window
    full_mask: Tensor                                           # (group * length, keys + 1)


ALL, CONTEXT_END, NOTHING = range(3)                            # what stands before a block


class Batch:
    """A context and conversations behind it. Switches take a mechanism away, for ablations."""

    def __init__(self, c: Config, context: list[int], rows, group_size: int = 2,
                 window_everywhere: bool = False, window_nowhere: bool = False):
        rows = sorted(rows, key=lambda row: len(row.ids))
        self.rows = rows
        self.n_context = n_context = len(context)
        flat = list(context)
        learn = [False] * n_context
        positions = list(range(n_context))
        for row in rows:
            flat += row.ids
            learn += row.learn
            positions += range(n_context, n_context + len(row.ids))
        self.ids = torch.tensor(flat)
        self.positions = torch.tensor(positions)
        # Position t predicts token t + 1; the first token of a row is never learned.
        targets = [t for t in range(len(flat)) if learn[t]]
        self.predict_at = torch.tensor([t - 1 for t in targets])
        self.targets = self.ids[targets]
        self.window_everywhere, self.window_nowhere = window_everywhere, window_nowhere

        w = c.sliding_window
        round_up = lambda n: -(-n // w) * w
        padded = round_up(n_context)
        take, take_back = list(range(n_context)) + [0] * (padded - n_context), list(range(n_context))
        self.groups = [self.group(c, 1, padded, 0)]
        # Blocks of one window each: which block stands before each, and what of it exists.
        before, kinds = [-1, *range(padded // w - 1)], [NOTHING, *[ALL] * (padded // w - 1)]
        begin = n_context
        for first in range(0, len(rows), group_size):
            members = rows[first : first + group_size]
            length = round_up(max(len(row.ids) for row in members))
            self.groups.append(self.group(c, len(members), length, n_context))
            for row in members:
                n = len(row.ids)
                take_back += range(len(take), len(take) + n)
                take += [*range(begin, begin + n), *[0] * (length - n)]
                begin += n
                before += [-1, *range(len(before), len(before) + length // w - 1)]
                kinds += [CONTEXT_END, *[ALL] * (length // w - 1)]
        self.take, self.take_back = torch.tensor(take), torch.tensor(take_back)
        # A conversation's first block sees the end of the context; it stands behind all blocks.
        self.n_tail = min(n_context, w)
        self.before = torch.tensor([len(before) if block < 0 else block for block in before])
        self.window_mask = self.window_masks(c).index_select(0, torch.tensor(kinds)).repeat_interleave(
            c.n_kv_heads, 0)

    def group(self, c: Config, size: int, length: int, n_context: int) -> Group:
        w = c.sliding_window
        i = torch.arange(length)[:, None]
        j = torch.arange(n_context + length)[None, :]
        seen = j <= i + n_context
        if self.window_everywhere:
            seen &= j > i + n_context - w
        full = torch.zeros(length, n_context + length + 1)
        full[:, :-1].masked_fill_(~seen, -1e30)
        return Group(size, length, full.repeat(c.group, 1))

    def window_masks(self, c: Config) -> Tensor:
        """(kinds, group * window, 2 window + 1): the block before and the block itself, the sink."""
        w = c.sliding_window
        i, j = torch.arange(w)[:, None], torch.arange(2 * w)[None, :]
        seen = (j > i) & (j <= i + w)
        masks = torch.zeros(3, w, 2 * w + 1)
        masks[:, :, :-1].masked_fill_(~seen, -1e30)
        masks[CONTEXT_END, :, : w - self.n_tail] = -1e30        # a context shorter than a window
        masks[NOTHING, :, :w] = -1e30
        return masks.repeat(1, c.group, 1)


# ---- the forward -----------------------------------------------------------------------------


def rmsnorm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * gain


def softmax_over_values(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """q (n, queries, d + 1), k (n, keys + 1, d + 1), v (n, keys + 1, d): the last key is the sink."""
    scores = torch.baddbmm(mask, q, k.transpose(1, 2))
    return torch.bmm(torch.softmax(scores, -1), v)


def with_sink(k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Appends the sink's key, 1 in the extra channel alone, and its value, 0."""
    sink_key = k.new_zeros(k.shape[0], 1, k.shape[2])
    sink_key[..., -1] = 1
    return torch.cat([k, sink_key], 1), torch.cat([v, v.new_zeros(v.shape[0], 1, v.shape[2])], 1)


def attend_full(c: Config, g: Group, q: Tensor, k: Tensor, v: Tensor, context_k, context_v) -> Tensor:
    """q (size, length, n_heads, d + 1); k, v (size, length, n_kv_heads, d + 1 or d)."""
    n, length = g.size, g.length
    q = q.view(n, length, c.n_kv_heads, c.group, -1).permute(0, 2, 3, 1, 4)
    q = q.reshape(n * c.n_kv_heads, c.group * length, -1)
    if context_k is not None:
        k = torch.cat([context_k.expand(n, -1, -1, -1), k], 1)
        v = torch.cat([context_v.expand(n, -1, -1, -1), v], 1)
    k = k.transpose(1, 2).reshape(n * c.n_kv_heads, -1, k.shape[-1])
    v = v.transpose(1, 2).reshape(n * c.n_kv_heads, -1, v.shape[-1])
    k, v = with_sink(k, v)
    o = softmax_over_values(q, k, v, g.full_mask.expand(q.shape[0], -1, -1))
    o = o.view(n, c.n_kv_heads, c.group, length, -1).permute(0, 3, 1, 2, 4)
    return o.reshape(n * length, -1)


def attend_window(c: Config, b: Batch, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """In blocks of one window: a block sees the block before it and itself.

    q (rows, n_heads, d + 1); k, v (rows, n_kv_heads, d + 1 or d); rows are those of all groups."""
    w = c.sliding_window
    blocks = len(q) // w
    q = q.view(blocks, w, c.n_kv_heads, c.group, -1).permute(0, 2, 3, 1, 4)
    q = q.reshape(blocks * c.n_kv_heads, c.group * w, -1)

    def pairs(x: Tensor) -> Tensor:
        end = x[b.n_context - b.n_tail : b.n_context]
        end = torch.cat([end.new_zeros(w - b.n_tail, *end.shape[1:]), end])
        here = x.view(blocks, w, c.n_kv_heads, -1)
        before = torch.cat([here, end[None]]).index_select(0, b.before)
        both = torch.cat([before, here], 1).transpose(1, 2)
        return both.reshape(blocks * c.n_kv_heads, 2 * w, -1)

    k, v = with_sink(pairs(k), pairs(v))
    o = softmax_over_values(q, k, v, b.window_mask)
    o = o.view(blocks, c.n_kv_heads, c.group, w, -1).permute(0, 3, 1, 2, 4)
    return o.reshape(blocks * w, -1)


def attention(c: Config, b: Batch, p, layer: int, x: Tensor, cos, sin, no_sinks: bool) -> Tensor:
    qkv = torch.nn.functional.linear(x, p["qkv"], p["qkv_bias"])
    q, k, v = qkv.split([c.n_heads * c.head_dim, *[c.n_kv_heads * c.head_dim] * 2], 1)
    n, half = x.shape[0], c.head_dim // 2

    def rotate(x: Tensor, scale: float, extra: Tensor) -> Tensor:
        x1, x2 = x.view(n, -1, c.head_dim).split(half, -1)
        return torch.cat([x1 * (cos * scale) - x2 * (sin * scale),
                          x2 * (cos * scale) + x1 * (sin * scale), extra], -1)

    sinks = torch.full_like(p["sinks"], -1e30) if no_sinks else p["sinks"]
    q = rotate(q, c.head_dim**-0.5, sinks[None, :, None].expand(n, -1, -1))
    k = rotate(k, 1.0, k.new_zeros(n, c.n_kv_heads, 1))
    q, k, v = (Move.apply(t.reshape(n, -1), b.take, b.take_back) for t in (q, k, v))

    if layer % 2 == 0 and not b.window_nowhere:
        o = attend_window(c, b, q.view(-1, c.n_heads, c.head_dim + 1),
                          k.view(-1, c.n_kv_heads, c.head_dim + 1),
                          v.view(-1, c.n_kv_heads, c.head_dim))
    else:
        outputs, context_k, context_v = [], None, None
        sizes = [g.size * g.length for g in b.groups]
        by_group = zip(b.groups, q.split(sizes), k.split(sizes), v.split(sizes))
        for g, q_g, k_g, v_g in by_group:
            q_g = q_g.view(g.size, g.length, c.n_heads, -1)
            k_g = k_g.view(g.size, g.length, c.n_kv_heads, -1)
            v_g = v_g.view(g.size, g.length, c.n_kv_heads, -1)
            outputs.append(attend_full(c, g, q_g, k_g, v_g, context_k, context_v))
            if context_k is None:                               # the first group is the context
                context_k, context_v = k_g[:, : b.n_context], v_g[:, : b.n_context]
        o = torch.cat(outputs)
    o = Unpad.apply(o, b.take_back)
    return torch.nn.functional.linear(o, p["out"], p["out_bias"])


class Experts(torch.autograd.Function):
    """sum over the chosen experts of weight * (mlp2 swiglu(mlp1 x + bias1) + bias2)."""

    @staticmethod
    def forward(ctx, x, mlp1, bias1, mlp2, bias2, chosen, weight, limit):
        n_tokens, top_k = chosen.shape
        order = chosen.flatten().argsort(stable=True)
        ends = torch.bincount(chosen.flatten(), minlength=mlp1.shape[0]).cumsum(0).tolist()
        xs = x.index_select(0, order // top_k)
        inner = mlp1.shape[1] // 2
        h = x.new_empty(len(order), 2 * inner)
        begin = 0
        for e, end in enumerate(ends):
            torch.addmm(bias1[e], xs[begin:end], mlp1[e].T, out=h[begin:end])
            begin = end
        gate, up = h[:, :inner].clamp(max=limit), h[:, inner:].clamp(-limit, limit)
        sigma = torch.sigmoid(1.702 * gate)
        swish = gate * sigma
        y = torch.addcmul(swish, swish, up)
        z = x.new_empty(len(order), x.shape[1])
        begin = 0
        for e, end in enumerate(ends):
            torch.addmm(bias2[e], y[begin:end], mlp2[e].T, out=z[begin:end])
            begin = end
        back = order.argsort()
        z = z.index_select(0, back).view(n_tokens, top_k, -1)
        ctx.save_for_backward(xs, mlp1, mlp2, weight, order, back, h, gate, up, sigma, swish, y, z)
        ctx.ends, ctx.limit = ends, limit
        return (z * weight[:, :, None]).sum(1)

    @staticmethod
    def backward(ctx, d_out):
        xs, mlp1, mlp2, weight, order, back, h, gate, up, sigma, swish, y, z = ctx.saved_tensors
        n_tokens, top_k = weight.shape
        inner = y.shape[1]
        d_weight = (z * d_out[:, None, :]).sum(-1)
        dz = d_out.index_select(0, order // top_k) * weight.flatten()[order][:, None]
        dy = torch.empty_like(y)
        d_mlp1, d_mlp2 = torch.empty_like(mlp1), torch.empty_like(mlp2)
        d_bias1 = mlp1.new_empty(mlp1.shape[0], 2 * inner)
        d_bias2 = mlp2.new_empty(mlp2.shape[0], mlp2.shape[1])
        begin = 0
        for e, end in enumerate(ctx.ends):
            torch.mm(dz[begin:end], mlp2[e], out=dy[begin:end])
            torch.mm(dz[begin:end].T, y[begin:end], out=d_mlp2[e])
            torch.sum(dz[begin:end], 0, out=d_bias2[e])
            begin = end
        dh = torch.empty_like(h)
        inside = (h[:, :inner] <= ctx.limit).to(dy.dtype)
        dh[:, :inner] = dy * (up + 1) * sigma * (1 + 1.702 * (gate - swish)) * inside
        dh[:, inner:] = dy * swish * (h[:, inner:].abs() <= ctx.limit)
        dxs = torch.empty_like(xs)
        begin = 0
        for e, end in enumerate(ctx.ends):
            torch.mm(dh[begin:end], mlp1[e], out=dxs[begin:end])
            torch.mm(dh[begin:end].T, xs[begin:end], out=d_mlp1[e])
            torch.sum(dh[begin:end], 0, out=d_bias1[e])
            begin = end
        dx = dxs.index_select(0, back).view(n_tokens, top_k, -1).sum(1)
        return dx, d_mlp1, d_bias1, d_mlp2, d_bias2, None, d_weight, None


def experts(c: Config, p, x: Tensor, losses: list, forbidden: int | None = None) -> Tensor:
    logits = torch.nn.functional.linear(x, p["router"], p["router_bias"])
    if forbidden is not None:
        logits = logits.index_fill(1, torch.tensor([forbidden]), -1e30)
    best, chosen = logits.topk(c.top_k, 1)
    weight = torch.softmax(best, 1)
    if losses is not None:
        # General practice for mixtures of experts, not known to be OpenAI's recipe.
        # Balance: Fedus 2021, Switch Transformers, eq. 4. z: Zoph 2022, ST-MoE, eq. 5.
        share = torch.bincount(chosen.flatten(), minlength=c.n_experts) / chosen.numel()
        probability = torch.softmax(logits, 1).mean(0)
        balance = c.n_experts * (share * probability).sum() - 1
        losses.append((balance, torch.logsumexp(logits, 1).square().mean()))
    return Experts.apply(x, p["mlp1"], p["mlp1_bias"], p["mlp2"], p["mlp2_bias"], chosen, weight,
                         c.swiglu_limit)


def forward(c: Config, views: dict[str, Tensor], b: Batch, losses: list | None = None,
            quantize: bool = False, no_sinks: bool = False, no_yarn: bool = False,
            forbidden_expert: tuple[int, int] | None = None) -> Tensor:
    """Logits at the positions that predict a learned token; `losses` collects those of routing."""
    inverse_frequency, concentration = yarn_inverse_frequencies(c, no_yarn)
    angle = b.positions[:, None].float() * inverse_frequency[None, :]
    cos = (angle.cos() * concentration)[:, None, :]
    sin = (angle.sin() * concentration)[:, None, :]

    x = views["embedding"].index_select(0, b.ids)
    for layer in range(c.n_layers):
        p = {name: views[f"{layer}.{name}"] for name in layer_shapes(c)}
        if quantize:
            p["mlp1"], p["mlp2"] = round_mxfp4(p["mlp1"]), round_mxfp4(p["mlp2"])
        x = x + attention(c, b, p, layer, rmsnorm(x, p["attn_norm"], c.eps), cos, sin, no_sinks)
        forbidden = forbidden_expert[1] if forbidden_expert and forbidden_expert[0] == layer else None
        x = x + experts(c, p, rmsnorm(x, p["mlp_norm"], c.eps), losses, forbidden)
    x = rmsnorm(x.index_select(0, b.predict_at), views["norm"], c.eps)
    return torch.nn.functional.linear(x, views["unembedding"])

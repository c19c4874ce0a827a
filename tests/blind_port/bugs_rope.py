"""Mistakes in positions, frequencies and rotation."""
import math

import numpy as np
from plant import around, bug

F = np.float32


def plain(p, base=None, factor=1.0):
    """The frequencies without YaRN."""
    exponent = np.arange(0, p.dim, 2, dtype=F) / F(p.dim)
    return (1 / (F(base or p.base) ** exponent * F(factor))).astype(F)


@bug("adjacent channels are rotated, not halves")
def rope_adjacent_pairs(p):
    def turn(x, cos, sin):
        a, b = x[..., 0::2], x[..., 1::2]
        pair = p.r(p.r(a * cos) - p.r(b * sin)), p.r(p.r(b * cos) + p.r(a * sin))
        return np.stack(pair, -1).reshape(x.shape)
    p.turn = turn

@bug("the rotation turns backwards")
def rope_backwards(p):
    around(p, "turn", lambda turn: lambda x, cos, sin: turn(x, cos, -sin))

@bug("no YaRN: plain RoPE")
def yarn_dropped(p):
    p.concentration, p.frequencies = 1, lambda: plain(p)

@bug("YaRN's frequencies without its concentration")
def concentration_dropped(p):
    p.concentration = 1

@bug("YaRN's concentration without its frequencies")
def concentration_only(p):
    p.frequencies = lambda: plain(p)

@bug("the concentration multiplies q alone")
def concentration_on_q_only(p):
    around(p, "rotate_k", lambda rotate: lambda k, n: p.r(rotate(k, n) / F(p.concentration)))

@bug("the concentration is applied twice: in the tables and to q and k")
def concentration_squared(p):
    p.concentration **= 2

@bug("the concentration is 0.1 ln s, without + 1")
def concentration_without_one(p):
    p.concentration -= 1

@bug("the concentration uses log2 of the factor")
def concentration_log2(p):
    p.concentration = 0.1 * math.log2(p.factor) + 1

@bug("all frequencies are divided by the factor: linear interpolation")
def yarn_linear(p):
    p.frequencies = lambda: plain(p, factor=p.factor)

@bug("linear interpolation, and no concentration")
def rope_linear_scaling(p):
    p.concentration, p.frequencies = 1, lambda: plain(p, factor=p.factor)

@bug("NTK-aware: a larger base in place of YaRN")
def rope_ntk(p):
    p.concentration, p.frequencies = 1, lambda: plain(p, base=p.base * p.factor ** (p.dim / (p.dim - 2)))

@bug("the ramp runs the other way: high frequencies are interpolated")
def yarn_ramp_reversed(p):
    around(p, "ramp", lambda ramp: lambda low, high, i: 1 - ramp(low, high, i))

@bug("the ramp's bounds are rounded to whole pairs")
def yarn_bounds_truncated(p):
    around(p, "ramp", lambda ramp: lambda low, high, i: ramp(math.floor(low), math.ceil(high), i))

@bug("the ramp is a step at the middle of its bounds")
def yarn_ramp_step(p):
    p.ramp = lambda low, high, i: (i > (low + high) / 2).astype(F)

@bug("the ramp is indexed by channels 0, 2, 4, not by pairs")
def yarn_ramp_by_channel(p):
    around(p, "ramp", lambda ramp: lambda low, high, i: ramp(low, high, 2 * i))

@bug("YaRN's bounds are computed from max_position_embeddings")
def yarn_context_131072(p):
    p.context = 131072

@bug("YaRN's bounds lack 2 pi")
def yarn_without_two_pi(p):
    p.context *= 2 * math.pi

@bug("YaRN's factor is 4")
def yarn_factor_4(p):
    p.factor = 4.0
    p.concentration = 0.1 * math.log(4.0) + 1

@bug("the bounds use base 10000, the frequencies the right one")
def yarn_bounds_base_10000(p):
    scale = math.log(p.base) / math.log(10000)
    around(p, "ramp", lambda ramp: lambda low, high, i: ramp(low * scale, high * scale, i))

@bug("rope_theta is 10000")
def rope_base_10000(p):
    p.base = 10000.0

@bug("rope_theta is 500000, as in Llama 3")
def rope_base_500000(p):
    p.base = 500000.0

@bug("the exponent is i / dim, not 2 i / dim")
def rope_exponent_halved(p):
    def frequencies():
        base = p.base
        p.base = math.sqrt(base)                                # the bounds keep the right base
        low, high = (p.dim / 2 * math.log(p.context / (b * 2 * math.pi)) / math.log(base) for b in (p.fast, p.slow))
        around_f = plain(p)
        p.base = base
        mask = 1 - p.ramp(low, high, np.arange(p.dim // 2, dtype=F))
        return (around_f / F(p.factor) * (1 - mask) + around_f * mask).astype(F)
    p.frequencies = frequencies

@bug("the exponents go to 1 inclusive: i / (dim / 2 - 1)")
def rope_exponent_inclusive(p):
    around(p, "frequencies", lambda f: lambda: (f() * F(p.base) ** (
        np.arange(p.dim // 2, dtype=F) * F(2 / p.dim - 1 / (p.dim / 2 - 1)))).astype(F))

@bug("values are rotated too")
def rope_on_values(p):
    p.values = lambda v: p.rotate_k(v, p.positions(len(v)))

@bug("keys are not rotated")
def rope_q_only(p):
    p.rotate_k = lambda k, n: k

@bug("queries are not rotated")
def rope_k_only(p):
    p.rotate_q = lambda q, n: q

@bug("nothing is rotated")
def rope_dropped(p):
    p.rotate_q = p.rotate_k = lambda x, n: x

@bug("only the first half of a head's channels is rotated")
def rope_partial(p):
    def wrap(turn):
        def half(x, cos, sin):
            n = p.dim // 2
            return np.concatenate([turn(x[..., :n], cos[..., ::2], sin[..., ::2]), x[..., n:]], -1)
        return half
    def turn(x, cos, sin):
        n = x.shape[-1] // 2
        a, b = x[..., :n], x[..., n:]
        return np.concatenate([p.r(p.r(a * cos) - p.r(b * sin)), p.r(p.r(b * cos) + p.r(a * sin))], -1)
    p.turn = wrap(turn)

@bug("positions begin at 1")
def positions_from_one(p):
    p.positions = lambda n: np.arange(n) + 1

@bug("queries stand one position before their keys")
def q_position_late(p):
    around(p, "rotate_q", lambda rotate: lambda q, n: rotate(q, n + 1))

@bug("the second chunk of the prompt counts positions from 0 again")
def positions_restart_in_chunk(p):
    p.positions = lambda n: np.concatenate([np.arange(n // 2), np.arange(n - n // 2)])

@bug("the second chunk's positions begin one too late")
def positions_skip_between_chunks(p):
    p.positions = lambda n: np.arange(n) + (np.arange(n) >= n // 2)

@bug("positions wrap at the window, as slots of a rolling cache")
def positions_modulo_window(p):
    p.positions = lambda n: np.arange(n) % p.window

@bug("all tokens have position 0")
def positions_all_zero(p):
    p.positions = lambda n: np.zeros(n, int)

@bug("positions count from the end, as with left padding")
def positions_shifted_by_padding(p):
    p.positions = lambda n: np.arange(n) + 7

@bug("full layers have no rotation, as in SmolLM3")
def rope_not_on_full_layers(p):
    for step in ("rotate_q", "rotate_k"):
        around(p, step, lambda rotate: lambda x, n: rotate(x, n) if p.slides[p.layer] else x)

@bug("sliding layers have base 10000 and no YaRN, as in Gemma 3")
def rope_local_base(p):
    def wrap(table):
        def local(n):
            if not p.slides[p.layer]:
                return table(n)
            angle = n.astype(F)[:, None] * plain(p, base=10000.0)[None, :]
            return p.r(np.cos(angle)), p.r(np.sin(angle))
        return local
    around(p, "table", wrap)

@bug("sliding layers have no YaRN, as in OLMo 3")
def yarn_on_full_layers_only(p):
    def wrap(table):
        def local(n):
            if not p.slides[p.layer]:
                return table(n)
            angle = n.astype(F)[:, None] * plain(p)[None, :]
            return p.r(np.cos(angle)), p.r(np.sin(angle))
        return local
    around(p, "table", wrap)

@bug("cached keys are rotated a second time")
def keys_rotated_twice(p):
    around(p, "rotate_k", lambda rotate: lambda k, n: rotate(rotate(k, n), n))

@bug("keys of the first chunk are cached before their rotation and never rotated")
def cached_keys_unrotated(p):
    def wrap(rotate):
        def late(k, n):
            done = rotate(k, n)
            done[:len(k) // 2] = k[:len(k) // 2]
            return done
        return late
    around(p, "rotate_k", wrap)

@bug("cos and sin are swapped")
def cos_sin_swapped(p):
    around(p, "table", lambda table: lambda n: table(n)[::-1])

@bug("inverse frequencies are kept in BF16")
def frequencies_in_bf16(p):
    from port import to_bf16
    around(p, "frequencies", lambda f: lambda: to_bf16(f()))

@bug("cos and sin are kept in BF16 while all else is float32")
def tables_in_bf16(p):
    from port import to_bf16
    around(p, "table", lambda table: lambda n: tuple(to_bf16(x) for x in table(n)))

@bug("the angle is rounded to float16")
def angles_in_fp16(p):
    def table(n):
        angle = (n.astype(F)[:, None] * p.frequencies()[None, :]).astype(np.float16).astype(F)
        c = F(p.concentration)
        return p.r(np.cos(angle) * c), p.r(np.sin(angle) * c)
    p.table = table

@bug("the rotated second half lacks its cosine part's own channel: b cos - a sin")
def rope_second_half_sign(p):
    def turn(x, cos, sin):
        a, b = x[..., :p.dim // 2], x[..., p.dim // 2:]
        return np.concatenate([p.r(p.r(a * cos) - p.r(b * sin)), p.r(p.r(b * cos) - p.r(a * sin))], -1)
    p.turn = turn

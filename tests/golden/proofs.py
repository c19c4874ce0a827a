"""Numbers known before these scripts were written, which every generated thing has to meet.

They come from a plain numpy forward pass in float64 (no torch, no transformers), confirmed by the
official torch model run in float64 on the same weights. A number printed with 9 decimals must be
met to the last one. For that the run has to be float64 throughout, so the tiny model is checked on
a run whose rotary table is float64 as well (`hf_model.rotary_in_float64`).
"""

import numpy as np

import weights

Sites = dict[str, np.ndarray]                                   # site name -> float64 values

# ---- the weight generator, seed 1 ------------------------------------------------------------

# tensor -> fnv(name), key, word 0, word 1, bytes 0..7, fnv of bytes 0..4095 of the stream
STREAMS = {
    "embedding.weight": (
        0xFB1C2FE2C08E8104, 0xD2D3920AFDD8BEAF, 0xCCA87469F445E3F6, 0xCF02B10802EC825F,
        "f6e345f46974a8cc", 0x6333270868835AFB),
    "unembedding.weight": (
        0x2DD49D64E86B6987, 0xB9DDECEAA947F5ED, 0x3F01597D4393169C, 0x3DAEAE30EBB6B6BB,
        "9c1693437d59013f", 0x6E9FE4C3C876D85A),
    "block.0.attn.qkv.weight": (
        0x5AD9A03B5A0AE931, 0xE2098624292A3EE5, 0x711925809F64680B, 0x92D5BDA4A7E93A72,
        "0b68649f80251971", 0x3FDB7B5895756A3C),
    "block.0.mlp.mlp1_weight.blocks": (
        0x9F0D72A40A470700, 0x1A1E71A14642DE7D, 0x1AC6D024BDFA9208, 0xF501210B08A5970F,
        "0892fabd24d0c61a", 0x436D12E6E7AE18F3),
    "block.0.mlp.mlp1_weight.scales": (
        0x21BFF0721B4B0C65, 0x21C348905FD44C5E, 0x968D29AC99558167, 0x8D0D485EDA17E054,
        "67815599ac298d96", 0xE3350BCA97EC3804),
    "block.23.mlp.norm.scale": (
        0x26447F3DC6F00446, 0xD1D8F2FCF2AC41BB, 0xAFCB6E46F9ACA7DF, 0x5D884D6C96A5A13B,
        "dfa7acf9466ecbaf", 0x63ED938455F160D5),
}

# tensor -> its first values at the widths of the 20b model
FIRST_VALUES = {
    "embedding.weight": [-0.07421875, -0.22265625, 0.54296875, -0.08984375,
                         0.82421875, 0.91015625, -0.68359375, -0.40234375],
    "block.0.attn.qkv.weight": [0.0028076171875, 0.0255126953125, 0.0245361328125,
                                -0.0235595703125],
    "block.23.mlp.norm.scale": [1.1796875, 1.0703125, 1.0859375, 1.234375,
                                0.8828125, 0.9609375, 1.140625, 1.0859375],
    "block.0.mlp.mlp1_weight.scales": [120, 120, 120, 120, 119, 120, 120, 119],
}


def require(what: str, got: object, expected: object) -> None:
    if got != expected:
        raise AssertionError(f"{what}: got {got}, expected {expected}")


def require_digits(what: str, got: np.ndarray, expected: list[float], decimals: int) -> None:
    """Each value must round to the printed one."""
    difference = np.abs(np.asarray(got, dtype=np.float64) - np.asarray(expected)).max()
    if not difference <= 0.51 * 10.0**-decimals:                # 0.51: the print itself was rounded
        raise AssertionError(f"{what}: got {got}, expected {expected} to {decimals} decimals")


def prove_generator(config_20b_widths: dict) -> int:
    """The generator gives the known streams and weights; returns the number of values checked."""
    require("mix(0)", weights.mix(0), 0)
    require("mix(1)", weights.mix(1), 0x5692161D100B05E5)
    require("mix(GOLDEN)", weights.mix(weights.GOLDEN), 0xE220A8397B1DCDAF)
    require("fnv('')", weights.fnv1a64(b""), 0xCBF29CE484222325)
    require("fnv('a')", weights.fnv1a64(b"a"), 0xAF63DC4C8601EC8C)
    require("fnv('foobar')", weights.fnv1a64(b"foobar"), 0x85944171F73967E8)
    for name, (hash_, key, word0, word1, first_bytes, hash_4096) in STREAMS.items():
        require(f"fnv({name})", weights.fnv1a64(name.encode()), hash_)
        require(f"key({name})", weights.stream_key(1, name), key)
        require(f"words({name})", weights.stream_words(key, 0, 2).tolist(), [word0, word1])
        b = weights.stream_bytes(key, 0, 4096)
        require(f"bytes({name})", b[:8].tobytes().hex(), first_bytes)
        require(f"bytes({name}), offset", weights.stream_bytes(key, 3, 6).tolist(), b[3:6].tolist())
        require(f"fnv of 4096 bytes({name})", weights.fnv1a64(b.tobytes()), hash_4096)
    for name, expected in FIRST_VALUES.items():
        b = weights.stream_bytes(weights.stream_key(1, name), 0, len(expected))
        require(name, weights.values(name, config_20b_widths, b).tolist(), expected)
    return 6 + 7 * len(STREAMS) + sum(map(len, FIRST_VALUES.values()))


# ---- the tiny model, last position -----------------------------------------------------------

# (first four values, sum of absolute values) of the residual stream, block by block
AFTER_ATTENTION = [
    ([0.870077632, -0.763198534, -0.069559785, -0.145019750], 33.193288227),
    ([1.024293280, -5.879390394, 10.022538890, -0.181332925], 279.414454039),
    ([-4.020285647, -1.340351598, 21.202815980, 14.792485821], 518.310786472),
    ([-5.917637675, -19.965474748, 26.125658083, 8.541705835], 696.334954884),
]
AFTER_EXPERTS = [
    ([1.078388287, -5.956258867, 10.124531126, -0.103381059], 276.805424343),
    ([-3.972821868, -1.563106371, 21.623744902, 14.796194688], 519.564743899),
    ([-6.090594411, -19.814404677, 25.906829731, 8.615101126], 697.727248905),
    ([-12.043113546, -27.054047419, 17.693906801, 10.123826063], 815.371119619),
]
EXPERTS = [
    ([0, 4, 3, 2], [0.45964960, 0.29083941, 0.15297143, 0.09653956]),
    ([7, 1, 4, 5], [0.46320254, 0.34215734, 0.11512286, 0.07951726]),
    ([1, 5, 4, 7], [0.75082874, 0.23858708, 0.00656675, 0.00401743]),
    ([2, 5, 7, 4], [0.35094304, 0.23155222, 0.21471024, 0.20279451]),
]
LOGITS = [0.140560604, 0.302871002, 0.934495432, -0.047323038,
          0.060852495, -0.817603650, 1.498518981, -0.064840094]
TOP_FIVE = [89, 6, 19, 39, 24]
TOP_LOGIT = 1.672048099
SUM, SUM_OF_ABS, LOG_SUM_EXP = -7.827661524, 62.474552937, 4.985632218
ARGMAX = [111, 42, 42, 117, 1, 96, 93, 10, 19, 6, 93, 89]       # at positions 0..11


def prove_tiny(sites: Sites) -> int:
    """A float64 run of the tiny model meets every known number; returns how many there are."""
    for layer in range(4):
        for site, table in (("attn", AFTER_ATTENTION), ("mlp", AFTER_EXPERTS)):
            first_four, sum_of_abs = table[layer]
            x = sites[f"block.{layer}.{site}.residual"][-1]
            require_digits(f"tiny block.{layer}.{site}.residual", x[:4], first_four, 9)
            require_digits(f"tiny block.{layer}.{site} sum", np.abs(x).sum(), [sum_of_abs], 9)
        ids, shares = EXPERTS[layer]
        expert_ids = sites[f"block.{layer}.mlp.expert_ids"][-1]
        expert_weights = sites[f"block.{layer}.mlp.expert_weights"][-1]
        require(f"tiny block.{layer}.mlp.expert_ids", expert_ids.tolist(), ids)
        require_digits(f"tiny block.{layer}.mlp.expert_weights", expert_weights, shares, 8)
    logits = sites["logits"][-1]
    require_digits("tiny logits", logits[:8], LOGITS, 9)
    require_digits("tiny largest logit", logits[89], [TOP_LOGIT], 9)
    require("tiny top five", np.argsort(-logits)[:5].tolist(), TOP_FIVE)
    totals = [logits.sum(), np.abs(logits).sum(), np.log(np.exp(logits).sum())]
    require_digits("tiny logits' totals", totals, [SUM, SUM_OF_ABS, LOG_SUM_EXP], 9)
    require("tiny argmax", sites["logits"].argmax(-1).tolist(), ARGMAX)
    return 4 * (2 * 5 + 8) + len(LOGITS) + 1 + len(TOP_FIVE) + len(totals) + len(ARGMAX)


# ---- one block at the widths of the 20b model, position 0, token 1 ---------------------------


def prove_block20b(model, sites: Sites) -> int:
    """Their modules, unpacked weights included, meet the known probes; returns how many.

    t = block.0.attn.norm of token 1. The router and expert 0 are applied to this same t, which is
    not what the forward pass does; it makes each probe depend on one module only.
    """
    import torch

    layer = model.model.layers[0]
    t = sites["block.0.attn.norm"][0]                           # (hidden)
    mean_square = np.mean(sites["embedding"][0] ** 2)
    require_digits("20b mean square of the embedding row", mean_square, [0.33313221401638454], 16)
    require_digits("20b attn.norm", t[:3], [0.88752879, 0.71288876, 0.73493686], 8)
    require_digits("20b q[0]", sites["block.0.attn.q"][0, 0], [-0.60160416660], 11)
    require_digits("20b k[0]", sites["block.0.attn.k"][0, 0], [1.37756860594], 11)

    row = layer.mlp.experts.gate_up_proj[0, :, 0].numpy()       # (hidden): output 0 of expert 0
    first_eight = [-0.0, 0, 0.0078125, -0.00390625, -0.0078125, -0.046875, -0.0234375, -0.01171875]
    require("20b expert 0, row 0", row[:8].tolist(), first_eight)
    require("20b expert 0, row 0, group sum", row[:32].sum(), -0.08203125)
    require("20b expert 0, row 0, row sum", row.sum(), -0.9609375)
    require_digits("20b expert 0, row 0, times t", row @ t, [0.67212923413], 11)

    logits, shares, ids = layer.mlp.router(torch.from_numpy(t)[None])
    top_logits = [7.42396108, 7.38173505, 6.44116806, 5.37105323]
    top_shares = [0.40629291, 0.38949395, 0.15206094, 0.05215221]
    require("20b router's experts", ids[0].tolist(), [19, 2, 21, 8])
    require_digits("20b router's logits", logits[0, ids[0]], top_logits, 8)
    require_digits("20b router's weights", shares[0], top_shares, 8)
    return 1 + 3 + 2 + 8 + 2 + 1 + 4 + 4 + 4

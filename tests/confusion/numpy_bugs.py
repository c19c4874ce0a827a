#!/usr/bin/env python3
"""Mistakes planted in the numpy port, and what `gptoss diagnose` makes of its dumps.

    numpy_bugs.py TOOL MODEL IDS float32|bf16 full|logits            IDS is 1,2,3

The mistakes are written anew here, as edits of examples/validate/numpy_port.py, and share nothing
with include/gptoss/pitfalls/. In bf16 the port rounds what it keeps, which is not where the
official model rounds. One line per mistake: planted, rank (0 is first), named (or none),
confidence, verdict, and how many are named as likely; one of these is named. Mistakes that begin with "other" are not in the list; "right" is none at all. Needs numpy.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

PORT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "validate" / "numpy_port.py"

ROTATE = """    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)"""
NEIGHBOURS = """    first, second, out = x[..., 0::2], x[..., 1::2], np.empty_like(x)
    out[..., 0::2], out[..., 1::2] = first * cos - second * sin, second * cos + first * sin
    return out"""
ROTATE_K = "k = rotate(k.reshape(n_tokens, kv_heads, head_dim), *rope)"
ROTATE_Q = "q = rotate(q.reshape(n_tokens, heads, head_dim), *rope)"
SINKS = "np.concatenate([scores, sinks], axis=-1)"
NO_SINKS = "np.full_like(sinks, -np.inf)"
SHARES = "softmax(np.take_along_axis(logits, ids, axis=-1))"
SIGMOIDS = "(1 / (1 + np.exp(-np.take_along_axis(logits, ids, axis=-1))))"
EXPERT_BIAS = ' + w[f"{own}_bias"][e]'
PROJECTED = 'x @ w[f"self_attn.{part}_proj.weight"].T + w[f"self_attn.{part}_proj.bias"]'
PROJECTION_BIAS = ' + w[f"self_attn.{part}_proj.bias"]'
EXPERT_ROWS = 'x @ matrix.T + w[f"{own}_bias"][e]'
OLDEST = "np.maximum(0, position - config['sliding_window'] + 1) if slides else 0 * position"
KEEP = "    RUN[site] = values\n"
ROUND = """
def rounded(x):
    if x.dtype != np.float32: return x
    bits = np.ascontiguousarray(x).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)

"""

BUGS = {
    "right": [],
    "embedding_scaled": [("[tokens])", "[tokens] * np.float32(math.sqrt(config['hidden_size'])))")],
    "norm_gains_swapped": [
        ('w["input_layernorm.weight"]', 'w["post"]'),
        ('w["post_attention_layernorm.weight"]', 'w["input_layernorm.weight"]'),
        ('w["post"]', 'w["post_attention_layernorm.weight"]'),
    ],
    "gain_plus_one": [("* gain", "* (gain + 1)")],
    "eps_outside_root": [
        ("np.sqrt(mean_square + np.float32(eps))", "(np.sqrt(mean_square) + np.float32(eps))")
    ],
    "eps_small": [("np.float32(eps)", "np.float32(1e-6)")],
    "mean_subtracted": [
        ("    mean_square =", "    x = x - x.mean(axis=-1, keepdims=True)\n    mean_square =")
    ],
    "residual_normed": [
        ('x + keep(f"{name}.out"', 't + keep(f"{name}.out"'),
        ('keep(f"{name}.residual", x + out)', 'keep(f"{name}.residual", t + out)'),
    ],
    "final_norm_missing": [
        ('rmsnorm(x, w["model.norm.weight"], config["rms_norm_eps"])', "x")
    ],
    "yarn_bounds_rounded": [
        (
            'pair_with_turns(yarn["beta_fast"]), pair_with_turns(yarn["beta_slow"])',
            'math.floor(pair_with_turns(yarn["beta_fast"])), '
            'math.ceil(pair_with_turns(yarn["beta_slow"]))',
        )
    ],
    "yarn_betas_swapped": [
        (
            'pair_with_turns(yarn["beta_fast"]), pair_with_turns(yarn["beta_slow"])',
            'pair_with_turns(yarn["beta_slow"]), pair_with_turns(yarn["beta_fast"])',
        )
    ],
    "plain_rope": [
        ("np.clip((pair - low) / (high - low), 0, 1)", "0"),
        ('np.float32(0.1 * math.log(yarn["factor"]) + 1)', "np.float32(1)"),
    ],
    "linear_rope": [
        ("np.clip((pair - low) / (high - low), 0, 1)", "np.ones(half)"),
        ('np.float32(0.1 * math.log(yarn["factor"]) + 1)', "np.float32(1)"),
    ],
    "theta_default": [('float(config.get("rope_theta", yarn.get("rope_theta")))', "10000.0")],
    "yarn_max_positions": [
        ('yarn["original_max_position_embeddings"]', 'config["max_position_embeddings"]')
    ],
    "concentration_missing": [('np.float32(0.1 * math.log(yarn["factor"]) + 1)', "np.float32(1)")],
    "concentration_once": [
        (ROTATE_K, ROTATE_K + " / np.hypot(rope[0][0, 0, 0], rope[1][0, 0, 0])")
    ],
    "rope_missing": [
        (ROTATE_Q, "q = q.reshape(n_tokens, heads, head_dim)"),
        (ROTATE_K, "k = k.reshape(n_tokens, kv_heads, head_dim)"),
    ],
    "rope_interleaved": [(ROTATE, NEIGHBOURS)],
    "rope_reversed": [("np.sin(angle)", "-np.sin(angle)")],
    "rope_twice": [
        (ROTATE_Q, "q = rotate(rotate(q.reshape(n_tokens, heads, head_dim), *rope), *rope)"),
        (ROTATE_K, "k = rotate(rotate(k.reshape(n_tokens, kv_heads, head_dim), *rope), *rope)"),
    ],
    "positions_restart": [("np.arange(n_tokens, dtype=np.float32)",
                           "(np.arange(n_tokens) % 7).astype(np.float32)")],
    "mask_missing": [("age < 0", "age > n_tokens"), ("    if slides:", "    if False:")],
    "causal_missing": [("age < 0", "age > n_tokens")],
    "window_short": [(">= config[\"sliding_window\"]", ">= config[\"sliding_window\"] - 1")],
    "window_long": [(">= config[\"sliding_window\"]", "> config[\"sliding_window\"]")],
    "window_on_odd_layers": [('== "sliding_attention"', '!= "sliding_attention"')],
    "window_missing": [("    if slides:", "    if False:")],
    "window_everywhere": [("    if slides:", "    if True:")],
    "sinks_missing": [(SINKS, f"np.concatenate([scores, {NO_SINKS}], axis=-1)")],
    "sinks_zero": [(SINKS, "np.concatenate([scores, 0 * sinks], axis=-1)")],
    "sinks_scaled": [
        (SINKS, "np.concatenate([scores, sinks / np.float32(math.sqrt(head_dim))], axis=-1)")
    ],
    "sinks_with_value": [
        (
            'np.einsum("hts,shd->thd", weights, v)',
            f'(np.einsum("hts,shd->thd", weights, v) + shares[..., -1].T[..., None] * v[{OLDEST}])',
        )
    ],
    "sinks_dense_only": [
        (SINKS, f"np.concatenate([scores, {NO_SINKS} if slides else sinks], axis=-1)")
    ],
    "heads_modulo": [("np.repeat(part, heads // kv_heads, axis=1)",
                      "np.tile(part, (1, heads // kv_heads, 1))")],
    "scale_sqrt_hidden": [("math.sqrt(head_dim)", 'math.sqrt(config["hidden_size"])')],
    "scale_missing": [(" / np.float32(math.sqrt(head_dim))", "")],
    "scores_capped": [("/ np.float32(math.sqrt(head_dim))",
                       "/ np.float32(math.sqrt(head_dim))\n"
                       "    scores = 50 * np.tanh(scores / 50)")],
    "attention_bias_missing": [(' + w[f"self_attn.{part}_proj.bias"]', "")],
    "qk_rows_interleaved": [
        (f"return {PROJECTED}",
         f"y = {PROJECTED}\n"
         "        halves = y.reshape(n_tokens, -1, 2, head_dim // 2)\n"
         "        return halves.swapaxes(2, 3).reshape(n_tokens, -1) if part in 'qk' else y")
    ],
    "router_sigmoid": [(SHARES, f"{SIGMOIDS} / {SIGMOIDS}.sum(axis=-1, keepdims=True)")],
    "softmax_before_top_k": [(SHARES, "np.take_along_axis(softmax(logits), ids, axis=-1)")],
    "router_bias_missing": [(' + w["mlp.router.bias"]', "")],
    "router_bias_for_selection": [
        (SHARES, 'softmax(np.take_along_axis(logits - w["mlp.router.bias"], ids, axis=-1))')
    ],
    "router_bf16": [('t @ w["mlp.router.weight"].T + w["mlp.router.bias"]',
                     'rounded(t @ w["mlp.router.weight"].T + w["mlp.router.bias"])')],
    "expert_bias_missing": [(EXPERT_BIAS, "")],
    "expert_bias_unweighted": [
        (EXPERT_BIAS, EXPERT_BIAS + ' * (part != "down")'),
        ("(shares[..., None] * expert_out).sum(axis=1)",
         '(shares[..., None] * expert_out).sum(axis=1) + '
         'w["mlp.experts.down_proj_bias"][ids].sum(axis=1)'),
    ],
    "nibbles_swapped": [("[blocks & 15, blocks >> 4]", "[blocks >> 4, blocks & 15]")],
    "nibbles_split": [("np.stack([blocks", "np.concatenate([blocks")],
    "scale_bias": [("[..., None] - 127", "[..., None] - 126")],
    "swiglu_plain": [
        ("    gate = np.minimum(h[..., 0::2], np.float32(limit))", "    gate = h[..., 0::2]"),
        ("np.clip(h[..., 1::2], np.float32(-limit), np.float32(limit))", "h[..., 1::2]"),
        ("np.float32(-1.702)", "np.float32(-1)"),
        ("* (up + 1)", "* up"),
    ],
    "swiglu_without_one": [("* (up + 1)", "* up")],
    "swiglu_without_clamp": [
        ("    gate = np.minimum(h[..., 0::2], np.float32(limit))", "    gate = h[..., 0::2]"),
        ("np.clip(h[..., 1::2], np.float32(-limit), np.float32(limit))", "h[..., 1::2]"),
    ],
    "swiglu_gate_two_sided": [
        ("np.minimum(h[..., 0::2], np.float32(limit))",
         "np.clip(h[..., 0::2], np.float32(-limit), np.float32(limit))")
    ],
    "swiglu_alpha_one": [("np.float32(-1.702)", "np.float32(-1)")],
    "swiglu_halves": [("h[..., 0::2]", "np.split(h, 2, axis=-1)[0]"),
                      ("h[..., 1::2]", "np.split(h, 2, axis=-1)[1]")],
    "swiglu_exchanged": [("h[..., 0::2]", "h[..., EVEN]"),
                         ("h[..., 1::2]", "h[..., 0::2]"), ("EVEN", "1::2")],
    "swiglu_limit_zero": [("np.float32(limit)", "np.float32(0)"),
                          ("np.float32(-limit)", "np.float32(0)")],
    **{f"{name}_bias_missing": [(PROJECTION_BIAS, f"{PROJECTION_BIAS} * (part != '{name[0]}')")]
       for name in ("q", "k", "v", "out")},
    **{f"{part}_bias_missing": [(EXPERT_BIAS, f"{EXPERT_BIAS} * (part != '{part}')")]
       for part in ("gate_up", "down")},
    "scale_bias_128": [("[..., None] - 127", "[..., None] - 128")],
    "scale_hidden_over_heads": [("math.sqrt(head_dim)", 'math.sqrt(config["hidden_size"] / heads)')],
    "gate_up_rows_exchanged": [
        (EXPERT_ROWS, f"({EXPERT_ROWS})[:, np.arange(len(matrix)) ^ (part == 'gate_up')]")
    ],
    "gate_up_rows_halved": [
        (EXPERT_ROWS, f"({EXPERT_ROWS})[:, np.arange(len(matrix)).reshape("
                      "2 if part == 'gate_up' else 1, -1).T.ravel()]")
    ],
    "position_interpolation": [("np.clip((pair - low) / (high - low), 0, 1)", "np.ones(half)")],
    "positions_from_one": [("np.arange(n_tokens, dtype=np.float32)",
                            "np.arange(1, n_tokens + 1, dtype=np.float32)")],
    "attention_residual_normed": [('x + keep(f"{name}.out"', 't + keep(f"{name}.out"')],
    "sinks_with_first_value": [
        ('np.einsum("hts,shd->thd", weights, v)',
         '(np.einsum("hts,shd->thd", weights, v) + shares[..., -1].T[..., None] * v[0])')
    ],
    "window_on_first_half": [('config["layer_types"][layer] == "sliding_attention"',
                              'layer < config["num_hidden_layers"] // 2')],
    "swiglu_tanh_gelu": [
        ("return gate * sigmoid * (up + 1)",
         "cubic = np.float32(0.7978845608) * (gate + np.float32(0.044715) * gate**3)\n"
         "    return 0.5 * gate * (1 + np.tanh(cubic)) * (up + 1)")
    ],
    "unembedding_tied": [('w["lm_head.weight"]', 'w["model.embed_tokens.weight"]')],
    "logits_capped": [('x @ w["lm_head.weight"].T', '30 * np.tanh(x @ w["lm_head.weight"].T / 30)')],
    "other_limit_of_4": [('config["swiglu_limit"]', "4.0")],
    "other_values_rotated": [("v = v.reshape(n_tokens, kv_heads, head_dim)",
                              "v = rotate(v.reshape(n_tokens, kv_heads, head_dim), *rope)")],
    "other_equal_shares": [(SHARES, "np.full(ids.shape, np.float32(1 / ids.shape[-1]))")],
    "other_relu": [("return gate * sigmoid * (up + 1)", "return np.maximum(gate, 0) * (up + 1)")],
    "other_no_residual_around_attention": [('x + keep(f"{name}.out"', 'keep(f"{name}.out"')],
    "other_scores_capped": [("/ np.float32(math.sqrt(head_dim))",
                             "/ np.float32(math.sqrt(head_dim))\n"
                             "    scores = 5 * np.tanh(scores / 5)")],
}


def edited(source: str, edits: list) -> str:
    for old, new in edits:
        if old not in source:
            raise SystemExit(f"{PORT.name} has no {old!r}")
        source = source.replace(old, new)
    return source


def dump_of(source: str, model: str, tokens: list[int], logits_only: bool) -> dict:
    names = {"__name__": "port"}
    exec(compile(source, PORT.name, "exec"), names)  # a fresh module per mistake
    config = json.loads((pathlib.Path(model) / "config.json").read_text())
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        names["forward"](config, names["read_tensors"](pathlib.Path(model)), tokens)
    run = names["RUN"]
    return {"logits": run["logits"]} if logits_only else run


def line_of(name: str, answer: dict) -> str:
    ranks = [suspect["name"] for suspect in answer["suspects"]]
    rank = ranks.index(name) if name in ranks else -1
    named = answer["diagnosis"] or "none"
    if name in answer["either"]:
        rank, named = 0, name
    confidence = answer["suspects"][0]["confidence"] if answer["diagnosis"] else 0
    return f"{name} {rank} {named} {confidence:.3f} {answer['verdict']} {len(answer['either'])}"


def applies(name: str, model: str) -> bool:
    """Is it a mistake in a model of these extents?"""
    config = json.loads((pathlib.Path(model) / "config.json").read_text())
    return name != "scale_sqrt_hidden" or config["hidden_size"] != config["head_dim"]


def main() -> int:
    tool, model, ids, precision, kind = sys.argv[1:]
    tokens = [int(word) for word in ids.split(",")]
    source = PORT.read_text(encoding="utf-8").replace("\nRUN:", ROUND + "\nRUN:", 1)
    if precision == "bf16":
        source = edited(source, [(KEEP, "    values = rounded(values)\n" + KEEP)])
    for name, edits in BUGS.items():
        if not applies(name, model):
            continue
        arrays = dump_of(edited(source, edits), model, tokens, kind == "logits")
        with tempfile.NamedTemporaryFile(suffix=".npz") as file:
            np.savez(file, tokens=np.array(tokens, np.int32), **arrays)
            file.flush()
            command = [tool, "diagnose", file.name, "--model", model, "--json", "--show", "99"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode == 2:
            raise SystemExit(f"{name}: {answer.stderr}")
        print(line_of(name, json.loads(answer.stdout)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

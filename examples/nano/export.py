"""Write a trained nano: python export.py --run /tmp/nano/run --out model

    config.json  model.safetensors  tokenizer.json  generation_config.json

in Hugging Face's layout. An exported folder (--from model instead of --run) can be written again in
OpenAI's layout (--layout openai) or in several files (--shards 3). Experts become MXFP4 with the better of two scales per block, their gate and up rows interleaved; all
else becomes BF16, rounded to nearest even. Tensors stand in the order of tests/golden/weights.py.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from model import MXFP4_VALUES, Config, Parameters, mxfp4_blocks
from vocabulary import CONTROL_ID, tokenizer_json

sys.path.append(str(Path(__file__).parents[2] / "tests/golden"))
from files import write_safetensors


def hf_config(c: Config) -> dict:
    """config.json: the keys of the published files, the numbers of nano."""
    return {
        "architectures": ["GptOssForCausalLM"],
        "attention_bias": True,
        "attention_dropout": 0.0,
        "eos_token_id": CONTROL_ID["return"],
        "experts_per_token": c.top_k,
        "head_dim": c.head_dim,
        "hidden_act": "silu",
        "hidden_size": c.hidden_size,
        "initial_context_length": c.initial_context_length,
        "initializer_range": 0.02,
        "intermediate_size": c.intermediate_size,
        "layer_types": [("sliding" if layer % 2 == 0 else "full") + "_attention"
                        for layer in range(c.n_layers)],
        "max_position_embeddings": int(c.initial_context_length * c.rope_scaling_factor),
        "model_type": "gpt_oss",
        "num_attention_heads": c.n_heads,
        "num_experts_per_tok": c.top_k,
        "num_hidden_layers": c.n_layers,
        "num_key_value_heads": c.n_kv_heads,
        "num_local_experts": c.n_experts,
        "output_router_logits": False,
        "pad_token_id": CONTROL_ID["endoftext"],
        "quantization_config": {
            "modules_to_not_convert": ["model.layers.*.self_attn", "model.layers.*.mlp.router",
                                       "model.embed_tokens", "lm_head"],
            "quant_method": "mxfp4",
        },
        "rms_norm_eps": c.eps,
        "rope_scaling": {
            "beta_fast": c.rope_ntk_beta,
            "beta_slow": c.rope_ntk_alpha,
            "factor": c.rope_scaling_factor,
            "original_max_position_embeddings": c.initial_context_length,
            "rope_type": "yarn",
            "truncate": False,
        },
        "rope_theta": c.rope_theta,
        "router_aux_loss_coef": 0.01,
        "sliding_window": c.sliding_window,
        "swiglu_limit": c.swiglu_limit,
        "tie_word_embeddings": False,
        "use_cache": True,
        "vocab_size": c.vocab_size,
    }


def generation_config() -> dict:
    return {
        "bos_token_id": CONTROL_ID["startoftext"],
        "do_sample": False,
        "eos_token_id": [CONTROL_ID["return"], CONTROL_ID["endoftext"], CONTROL_ID["call"]],
        "pad_token_id": CONTROL_ID["endoftext"],
    }


def bf16(x: torch.Tensor) -> np.ndarray:
    return x.detach().to(torch.bfloat16).view(torch.int16).numpy()


def mxfp4(w: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Blocks (..., n / 32, 16), the even element in the low half of a byte, and scales (..., n / 32)."""
    values, scale = mxfp4_blocks(w.detach())
    codes = torch.bucketize(values.abs(), MXFP4_VALUES) + 8 * (values < 0)
    blocks = (codes[..., 0::2] | codes[..., 1::2] << 4).to(torch.uint8)
    return blocks.numpy(), (torch.log2(scale[..., 0]) + 127).to(torch.uint8).numpy()


def interleave(gate_then_up: torch.Tensor) -> torch.Tensor:
    """Axis 1: unit i has its gate in row 2 i and its up in row 2 i + 1."""
    gate, up = gate_then_up.chunk(2, 1)
    return torch.stack([gate, up], 2).flatten(1, 2)


def tensors(c: Config, views: dict[str, torch.Tensor]) -> list[tuple[str, str, np.ndarray]]:
    """Name, stored type and elements of every tensor, in file order."""
    found = [("model.embed_tokens.weight", "BF16", bf16(views["embedding"]))]
    kv = c.n_kv_heads * c.head_dim
    for layer in range(c.n_layers):
        get = lambda name: views[f"{layer}.{name}"]
        put = lambda name, dtype, x: found.append((f"model.layers.{layer}.{name}", dtype, x))
        parts = [c.n_heads * c.head_dim, kv, kv]
        put("input_layernorm.weight", "BF16", bf16(get("attn_norm")))
        for part, rows in zip("qkv", get("qkv").split(parts)):
            put(f"self_attn.{part}_proj.weight", "BF16", bf16(rows))
        for part, rows in zip("qkv", get("qkv_bias").split(parts)):
            put(f"self_attn.{part}_proj.bias", "BF16", bf16(rows))
        put("self_attn.sinks", "BF16", bf16(get("sinks")))
        put("self_attn.o_proj.weight", "BF16", bf16(get("out")))
        put("self_attn.o_proj.bias", "BF16", bf16(get("out_bias")))
        put("post_attention_layernorm.weight", "BF16", bf16(get("mlp_norm")))
        put("mlp.router.weight", "BF16", bf16(get("router")))
        put("mlp.router.bias", "BF16", bf16(get("router_bias")))
        for name, w, bias in (
                ("gate_up_proj", interleave(get("mlp1")), interleave(get("mlp1_bias"))),
                ("down_proj", get("mlp2"), get("mlp2_bias"))):
            blocks, scales = mxfp4(w)
            put(f"mlp.experts.{name}_blocks", "U8", blocks)
            put(f"mlp.experts.{name}_scales", "U8", scales)
            put(f"mlp.experts.{name}_bias", "BF16", bf16(bias))
    found.append(("model.norm.weight", "BF16", bf16(views["norm"])))
    found.append(("lm_head.weight", "BF16", bf16(views["unembedding"])))
    return found


def load(directory: Path) -> Parameters:
    """The parameters that an exported folder holds, exactly."""
    from safetensors.torch import load_file

    c = Config()
    stored = load_file(directory / "model.safetensors")
    p = Parameters(c)

    def separate(rows: torch.Tensor) -> torch.Tensor:           # the inverse of interleave
        return torch.cat([rows[:, 0::2], rows[:, 1::2]], 1)

    def unpacked(name: str) -> torch.Tensor:
        blocks = stored[f"{name}_blocks"].int()
        codes = torch.stack([blocks & 15, blocks >> 4], -1).flatten(-2)
        values = MXFP4_VALUES[codes & 7] * torch.where(codes > 7, -1, 1)
        exponents = stored[f"{name}_scales"].float() - 127
        return (values * torch.exp2(exponents)[..., None]).flatten(-2)

    p.views["embedding"].copy_(stored["model.embed_tokens.weight"])
    p.views["norm"].copy_(stored["model.norm.weight"])
    p.views["unembedding"].copy_(stored["lm_head.weight"])
    for layer in range(c.n_layers):
        get = lambda name: stored[f"model.layers.{layer}.{name}"]
        put = lambda name, x: p.views[f"{layer}.{name}"].copy_(x)
        experts = f"model.layers.{layer}.mlp.experts"
        put("attn_norm", get("input_layernorm.weight"))
        put("qkv", torch.cat([get(f"self_attn.{part}_proj.weight") for part in "qkv"]))
        put("qkv_bias", torch.cat([get(f"self_attn.{part}_proj.bias") for part in "qkv"]))
        put("sinks", get("self_attn.sinks"))
        put("out", get("self_attn.o_proj.weight"))
        put("out_bias", get("self_attn.o_proj.bias"))
        put("mlp_norm", get("post_attention_layernorm.weight"))
        put("router", get("mlp.router.weight"))
        put("router_bias", get("mlp.router.bias"))
        put("mlp1", separate(unpacked(f"{experts}.gate_up_proj")))
        put("mlp1_bias", separate(get("mlp.experts.gate_up_proj_bias")))
        put("mlp2", unpacked(f"{experts}.down_proj"))
        put("mlp2_bias", get("mlp.experts.down_proj_bias"))
    return p


# ---- other layouts ---------------------------------------------------------------------------

Stored = tuple[str, str, np.ndarray]                            # name, stored type, elements

OPENAI_NAMES = {                                                # behind model.layers.n. and block.n.
    "input_layernorm.weight": "attn.norm.scale",
    "self_attn.sinks": "attn.sinks",
    "self_attn.o_proj.weight": "attn.out.weight",
    "self_attn.o_proj.bias": "attn.out.bias",
    "post_attention_layernorm.weight": "mlp.norm.scale",
    "mlp.router.weight": "mlp.gate.weight",
    "mlp.router.bias": "mlp.gate.bias",
    "mlp.experts.gate_up_proj_blocks": "mlp.mlp1_weight.blocks",
    "mlp.experts.gate_up_proj_scales": "mlp.mlp1_weight.scales",
    "mlp.experts.gate_up_proj_bias": "mlp.mlp1_bias",
    "mlp.experts.down_proj_blocks": "mlp.mlp2_weight.blocks",
    "mlp.experts.down_proj_scales": "mlp.mlp2_weight.scales",
    "mlp.experts.down_proj_bias": "mlp.mlp2_bias",
}


def openai_tensors(c: Config, found: list[Stored]) -> list[Stored]:
    """The same elements under OpenAI's names; query, key and value become one tensor."""
    hf = {name: (dtype, x) for name, dtype, x in found}
    renamed = [("embedding.weight", *hf["model.embed_tokens.weight"])]
    for layer in range(c.n_layers):
        of_layer = f"model.layers.{layer}."
        for kind in ("weight", "bias"):
            parts = [hf[f"{of_layer}self_attn.{part}_proj.{kind}"][1] for part in "qkv"]
            renamed.append((f"block.{layer}.attn.qkv.{kind}", "BF16", np.concatenate(parts)))
        renamed += [(f"block.{layer}.{openai}", *hf[of_layer + name])
                    for name, openai in OPENAI_NAMES.items()]
    return renamed + [("norm.scale", *hf["model.norm.weight"]),
                      ("unembedding.weight", *hf["lm_head.weight"])]


def openai_config(c: Config) -> dict:
    return {
        "num_hidden_layers": c.n_layers, "num_experts": c.n_experts, "experts_per_token": c.top_k,
        "vocab_size": c.vocab_size, "hidden_size": c.hidden_size,
        "intermediate_size": c.intermediate_size, "swiglu_limit": c.swiglu_limit,
        "head_dim": c.head_dim, "num_attention_heads": c.n_heads,
        "num_key_value_heads": c.n_kv_heads, "sliding_window": c.sliding_window,
        "initial_context_length": c.initial_context_length, "rope_theta": c.rope_theta,
        "rope_scaling_factor": c.rope_scaling_factor, "rope_ntk_alpha": c.rope_ntk_alpha,
        "rope_ntk_beta": c.rope_ntk_beta,
    }


def write_tensors(path: Path, found: list[Stored]) -> None:
    write_safetensors(path, {"format": "pt"}, [(name, dtype, x.shape) for name, dtype, x in found],
                      (x for _, _, x in found))


def write_shards(folder: Path, found: list[Stored], n_shards: int) -> None:
    """Files of about equal size and the index that says which tensor is where."""
    total = sum(x.nbytes for _, _, x in found)
    shards: list[list[Stored]] = [[] for _ in range(n_shards)]
    before = 0
    for entry in found:
        shards[before * n_shards // total].append(entry)
        before += entry[2].nbytes
    names = [f"model-{k + 1:05}-of-{n_shards:05}.safetensors" for k in range(n_shards)]
    for name, shard in zip(names, shards):
        write_tensors(folder / name, shard)
    index = {"metadata": {"total_size": total},
             "weight_map": {entry[0]: name for name, shard in zip(names, shards) for entry in shard}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a trained nano as a checkpoint folder.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", type=Path, help="folder of checkpoint.pt")
    source.add_argument("--from", dest="exported", type=Path, help="an exported folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--layout", choices=["hf", "openai"], default="hf")
    parser.add_argument("--shards", type=int, default=1)
    args = parser.parse_args()
    config = Config()
    if args.run:
        saved = torch.load(args.run / "checkpoint.pt", weights_only=False)
        parameters = Parameters(config, saved["flat"])
    else:
        parameters = load(args.exported)                        # rounding again changes nothing
    found = tensors(config, parameters.views)
    as_openai = args.layout == "openai"
    if as_openai:
        found = openai_tensors(config, found)

    args.out.mkdir(parents=True, exist_ok=True)
    if args.shards == 1:
        write_tensors(args.out / "model.safetensors", found)
    else:
        write_shards(args.out, found, args.shards)
    write = lambda name, content: (args.out / name).write_text(json.dumps(content, indent=2) + "\n")
    write("config.json", openai_config(config) if as_openai else hf_config(config))
    if not as_openai:
        write("generation_config.json", generation_config())
    (args.out / "tokenizer.json").write_text(tokenizer_json())


if __name__ == "__main__":
    main()

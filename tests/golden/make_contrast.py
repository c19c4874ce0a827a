#!/usr/bin/env python3
"""Prints what Hugging Face's GPT-2 and Qwen3 compute in float64, for tests/contrast.

    make_contrast.py            the lines of the goldens in tests/contrast/{gpt2,qwen3}_test.cpp,
    make_contrast.py --check    and whether the tests have these

Both models are theirs, at toy size, with random weights made from a seed by the formula of
weights.py. A line is {name, channels 0 to 3 of the last token, the sum of the absolute values of all
tokens}: the stream behind the embedding and behind each layer, and the logits.
"""
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Qwen3MoeConfig, Qwen3MoeForCausalLM
from transformers.models.qwen3_moe import modeling_qwen3_moe as qwen3

import files  # noqa: F401  (finds the recorders)
import weights
from close_lines import missing_lines
from hugging_face import replaced

TESTS = Path(__file__).resolve().parent.parent / "contrast"
SEED = 1
IDS = torch.tensor([[1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42]])
GPT2 = GPT2Config(n_layer=2, n_embd=64, n_head=4, n_inner=256, n_positions=32, vocab_size=96,
                  bos_token_id=None, eos_token_id=None,
                  attn_implementation="eager")
QWEN3 = Qwen3MoeConfig(num_hidden_layers=2, hidden_size=64, num_attention_heads=4, head_dim=32,
                       num_key_value_heads=2, num_experts=8, num_experts_per_tok=2,
                       moe_intermediate_size=32, norm_topk_prob=True, rms_norm_eps=1e-6,
                       rope_theta=1e6, vocab_size=96, tie_word_embeddings=False,
                       attn_implementation="eager", experts_implementation="eager")


def stream(name: str, *shape: int) -> np.ndarray:
    n = int(np.prod(shape))
    return weights.stream_bytes(weights.stream_key(SEED, name), 0, n).reshape(shape)


def uniform(name: str, *shape: int, exponent: int | None = None) -> torch.Tensor:
    """Without an exponent a matrix, (out, in): about 1 / sqrt(in) in size."""
    p = 1 - weights.half_log2(shape[-1]) if exponent is None else exponent
    return torch.from_numpy(weights.uniform(stream(name, *shape).reshape(-1), p)).reshape(shape)


def gain(name: str, size: int) -> torch.Tensor:
    return torch.from_numpy(weights.norm_gain(stream(name, size)))


# ---- GPT-2 -----------------------------------------------------------------------------------


def gpt2_tensors() -> dict[str, torch.Tensor]:
    """Their names: q, k and v are one tensor, and matrices are (in, out)."""
    hidden, inner = GPT2.n_embd, GPT2.n_inner
    tensors = {"wte.weight": uniform("gpt2.wte.weight", GPT2.vocab_size, hidden, exponent=0),
               "wpe.weight": uniform("gpt2.wpe.weight", GPT2.n_positions, hidden, exponent=0)}
    norms = ["ln_f"]
    for layer in range(GPT2.n_layer):
        h = f"h.{layer}."
        norms += [h + "ln_1", h + "ln_2"]
        parts = [f"gpt2.{h}attn.{part}" for part in "qkv"]
        tensors[h + "attn.c_attn.weight"] = torch.cat(
            [uniform(f"{part}.weight", hidden, hidden) for part in parts]).T
        tensors[h + "attn.c_attn.bias"] = torch.cat(
            [uniform(f"{part}.bias", hidden, exponent=-1) for part in parts])
        for name, n_out, n_in in (("attn.c_proj", hidden, hidden), ("mlp.c_fc", inner, hidden),
                                  ("mlp.c_proj", hidden, inner)):
            tensors[f"{h}{name}.weight"] = uniform(f"gpt2.{h}{name}.weight", n_out, n_in).T
            tensors[f"{h}{name}.bias"] = uniform(f"gpt2.{h}{name}.bias", n_out, exponent=-1)
    for norm in norms:
        tensors[f"{norm}.weight"] = gain(f"gpt2.{norm}.weight", hidden)
        tensors[f"{norm}.bias"] = uniform(f"gpt2.{norm}.bias", hidden, exponent=-1)
    return tensors


def gpt2_model() -> GPT2LMHeadModel:
    model = GPT2LMHeadModel(GPT2)
    missing = model.transformer.load_state_dict(gpt2_tensors(), strict=False)
    assert not missing.missing_keys and not missing.unexpected_keys, missing
    assert model.lm_head.weight is model.transformer.wte.weight  # tied
    return model.double().eval()


# ---- Qwen3 -----------------------------------------------------------------------------------


def qwen3_tensors() -> dict[str, torch.Tensor]:
    c, q = QWEN3, "qwen3."
    hidden, inner, n = c.hidden_size, c.moe_intermediate_size, c.num_experts
    q_size, kv_size = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    tensors = {"model.embed_tokens.weight": uniform(q + "embed_tokens.weight", c.vocab_size, hidden, exponent=0),
               "lm_head.weight": uniform(q + "lm_head.weight", c.vocab_size, hidden),
               "model.norm.weight": gain(q + "norm.weight", hidden)}
    for layer in range(c.num_hidden_layers):
        l = f"layers.{layer}."
        for name, size in (("input_layernorm", hidden), ("post_attention_layernorm", hidden),
                           ("self_attn.q_norm", c.head_dim), ("self_attn.k_norm", c.head_dim)):
            tensors[f"model.{l}{name}.weight"] = gain(f"{q}{l}{name}.weight", size)
        for name, n_out, n_in in (("q_proj", q_size, hidden), ("k_proj", kv_size, hidden),
                                  ("v_proj", kv_size, hidden), ("o_proj", hidden, q_size)):
            tensors[f"model.{l}self_attn.{name}.weight"] = uniform(f"{q}{l}self_attn.{name}.weight", n_out, n_in)
        tensors[f"model.{l}mlp.gate.weight"] = uniform(f"{q}{l}mlp.gate.weight", n, hidden)
        experts = f"{q}{l}mlp.experts."
        gate, up = (uniform(experts + part, n, inner, hidden) for part in ("gate", "up"))
        tensors[f"model.{l}mlp.experts.gate_up_proj"] = torch.cat([gate, up], 1)
        tensors[f"model.{l}mlp.experts.down_proj"] = uniform(experts + "down", n, hidden, inner)
    return tensors


def norm_in_float64(norm: qwen3.Qwen3MoeRMSNorm, x: torch.Tensor) -> torch.Tensor:
    """Qwen3MoeRMSNorm.forward without its cast to float32."""
    return norm.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon)


def qwen3_model() -> Qwen3MoeForCausalLM:
    model = Qwen3MoeForCausalLM(QWEN3)
    model.load_state_dict(qwen3_tensors())
    for parameter in model.parameters():  # and no buffer: phases stay float32
        parameter.data = parameter.data.double()
    return model.eval()


# ---- Lines -----------------------------------------------------------------------------------


def lines_of(model: torch.nn.Module, layers: torch.nn.ModuleList) -> list[str]:
    seen = []

    def keep(x: torch.Tensor | tuple) -> None:
        seen.append(x[0] if isinstance(x, tuple) else x)

    hooks = [layers[0].register_forward_pre_hook(lambda _, x: keep(x))]
    hooks += [layer.register_forward_hook(lambda _, __, y: keep(y)) for layer in layers]
    with torch.no_grad():
        logits = model(IDS).logits
    for hook in hooks:
        hook.remove()
    names = ["embedding", *(f"layer {n}" for n in range(len(layers))), "logits"]
    rows = [x.reshape(-1, x.shape[-1]) for x in [*seen, logits]]
    return [f'    {{"{name}", {{{", ".join(f"{v:.9f}" for v in row[-1, :4])}}}, {row.abs().sum():.6f}}},'
            for name, row in zip(names, rows, strict=True)]


def main() -> None:
    gpt2 = gpt2_model()
    made = {"gpt2": lines_of(gpt2, gpt2.transformer.h)}
    with replaced(qwen3.Qwen3MoeRMSNorm, "forward", norm_in_float64):
        model = qwen3_model()
        made["qwen3"] = lines_of(model, model.model.layers)
    for name, lines in made.items():
        test = TESTS / f"{name}_test.cpp"
        if sys.argv[1:] != ["--check"]:
            print(f"{test.name}:", *lines, sep="\n")
            continue
        missing = missing_lines(lines, test)
        if missing:
            sys.exit(f"{test}: lacks\n" + "\n".join(missing))
        print(f"{len(lines)} lines of Hugging Face's {name} are in {test.name}")


if __name__ == "__main__":
    main()

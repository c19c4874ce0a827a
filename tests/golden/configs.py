"""The goldens: which model, which tokens, which seed.

A config here is a dict with the keys of a Hugging Face `config.json` for GptOssForCausalLM, in the
order of the released file. It is the only description of a model that these scripts pass around.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NANO = ROOT / "examples" / "nano" / "model"                     # the trained model that ships
PROMPTS = Path(__file__).resolve().parent / "prompts"

# Of everything that is recorded here.
LICENCE = "Apache-2.0, as this repository: computed from its own weights"

REAL_VOCAB_SIZE = 201088
REAL_EOS_ID = 200002
REAL_PAD_ID = 199999


def hf_config(
    *,
    n_layers: int,
    hidden_size: int,
    intermediate_size: int,
    n_heads: int,
    n_kv_heads: int,
    head_dim: int,
    n_experts: int,
    top_k: int,
    sliding_window: int,
    vocab_size: int,
) -> dict:
    """The `config.json` of a gpt-oss of these sizes; whatever is not an argument is as released."""
    specials_fit = vocab_size > max(REAL_EOS_ID, REAL_PAD_ID)
    kinds = ["sliding_attention", "full_attention"]             # layer 0 slides
    return {
        "architectures": ["GptOssForCausalLM"],
        "attention_bias": True,
        "attention_dropout": 0.0,
        "eos_token_id": REAL_EOS_ID if specials_fit else vocab_size - 1,
        "experts_per_token": top_k,
        "head_dim": head_dim,
        "hidden_act": "silu",                                   # ignored: clamped SwiGLU is coded
        "hidden_size": hidden_size,
        "initial_context_length": 4096,
        "initializer_range": 0.02,
        "intermediate_size": intermediate_size,
        "layer_types": [kinds[layer % 2] for layer in range(n_layers)],
        "max_position_embeddings": 131072,
        "model_type": "gpt_oss",
        "num_attention_heads": n_heads,
        "num_experts_per_tok": top_k,
        "num_hidden_layers": n_layers,
        "num_key_value_heads": n_kv_heads,
        "num_local_experts": n_experts,
        "output_router_logits": False,
        "pad_token_id": REAL_PAD_ID if specials_fit else vocab_size - 2,
        "quantization_config": {
            "modules_to_not_convert": [
                "model.layers.*.self_attn",
                "model.layers.*.mlp.router",
                "model.embed_tokens",
                "lm_head",
            ],
            "quant_method": "mxfp4",
        },
        "rms_norm_eps": 1e-05,
        "rope_scaling": {
            "beta_fast": 32.0,
            "beta_slow": 1.0,
            "factor": 32.0,
            "original_max_position_embeddings": 4096,
            "rope_type": "yarn",
            "truncate": False,
        },
        "rope_theta": 150000,
        "router_aux_loss_coef": 0.9,
        "sliding_window": sliding_window,
        "swiglu_limit": 7.0,
        "tie_word_embeddings": False,
        "transformers_version": "4.55.0.dev0",
        "use_cache": True,
        "vocab_size": vocab_size,
    }


def openai_config(config: dict) -> dict:
    """The same model's `config.json` in OpenAI's layout. What it cannot say is as released there:
    eps 1e-5, and that even layers slide."""
    rope = config["rope_scaling"]
    renamed = {
        "num_experts": config["num_local_experts"],
        "experts_per_token": config["num_experts_per_tok"],
        "initial_context_length": rope["original_max_position_embeddings"],
        "rope_scaling_factor": rope["factor"],
        "rope_ntk_alpha": rope["beta_slow"],
        "rope_ntk_beta": rope["beta_fast"],
    }
    same = ["num_hidden_layers", "vocab_size", "hidden_size", "intermediate_size", "swiglu_limit",
            "head_dim", "num_attention_heads", "num_key_value_heads", "sliding_window",
            "rope_theta"]
    return {**{key: config[key] for key in same}, **renamed}


@dataclass(frozen=True)
class Golden:
    """One recorded run: a model and the tokens it reads.

    The model is generated from config and seed, or trained: then it lies in a folder, and the
    tokens are those of a rendered conversation, by the model's own tokenizer.
    """

    name: str
    purpose: str
    config: dict
    tokens: list[int] = field(default_factory=list)
    token_rule: str = ""
    seed: int | None = 1
    is_large: bool = False                                      # gigabytes: only with --all
    trained: Path | None = None                                 # its folder
    last_rows: int | None = None                                # positions kept in float64; all
    last_rows_in_bf16: int | None = None
    in_bf16: bool = True                                        # recorded by make_bf16.py too


def kept_rows(site: str, values, last_rows: int | None):
    """The rows of a site that a recording keeps."""
    if last_rows is None:
        return values
    by_head = site.endswith(("attn.scores", "attn.weights"))    # (heads, T, S)
    return values[:, -last_rows:] if by_head else values[-last_rows:]


def row_metadata(n_tokens: int, last_rows: int | None) -> dict[str, str]:
    """What the file says of them."""
    return {} if last_rows is None else {"first_row": str(n_tokens - last_rows)}


TINY = Golden(
    name="tiny",
    purpose="smallest model with every mechanism; its numbers are known from elsewhere",
    config=hf_config(
        n_layers=4, hidden_size=64, intermediate_size=32, n_heads=4, n_kv_heads=2, head_dim=64,
        n_experts=8, top_k=4, sliding_window=4, vocab_size=128,
    ),
    tokens=[1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 17, 42],
    token_rule="Fibonacci numbers, then 17 and 42",
)

ODD = Golden(
    name="odd",
    purpose="no two extents alike, so that no transpose and no index can hide",
    config=hf_config(
        n_layers=5, hidden_size=96, intermediate_size=64, n_heads=6, n_kv_heads=2, head_dim=32,
        n_experts=6, top_k=3, sliding_window=5, vocab_size=300,
    ),
    tokens=[(t * t + 299) % 300 for t in range(60)],            # first id is the last row, 299
    token_rule="(t * t + 299) mod 300 for t in 0..59; squares repeat modulo 300",
)

BLOCK20B = Golden(
    name="block20b",
    purpose="one block at the real widths of the 20b model, vocabulary cut to 512 rows",
    config=hf_config(
        n_layers=1, hidden_size=2880, intermediate_size=2880, n_heads=64, n_kv_heads=8, head_dim=64,
        n_experts=32, top_k=4, sliding_window=128, vocab_size=512,
    ),
    tokens=[1, 511, 42, 256, 1, 137],                           # known probes use token 1
    token_rule="the token of the known probes, twice; the last row; three others",
    is_large=True,
)

LAYERS20B = Golden(
    name="layers20b",
    purpose="two layers at the widths of the 20b model, past its window: how exact float32 can be",
    config={**BLOCK20B.config, "num_hidden_layers": 2,
            "layer_types": ["sliding_attention", "full_attention"]},
    tokens=[(t * t + 1) % 512 for t in range(140)],
    token_rule="(t * t + 1) mod 512 for t in 0..139",
    is_large=True,
    last_rows=6,
    in_bf16=False,
)

# Recorded by make_long.py, not with the others: only its last 16 positions are kept.
LONG = Golden(
    name="long",
    purpose="past position 4,096, where a rope that is slightly wrong is wrong altogether",
    config=hf_config(
        n_layers=2, hidden_size=32, intermediate_size=32, n_heads=2, n_kv_heads=1, head_dim=16,
        n_experts=4, top_k=2, sliding_window=8, vocab_size=64,
    ),
    tokens=[(t * t + t // 64) % 64 for t in range(4110)],
    token_rule="(t * t + t // 64) mod 64 for t in 0..4109",
)

NANO_TEXT = Golden(
    name="nano",
    purpose="trained weights, and a question about what a window of 16 hides",
    config=json.loads((NANO / "config.json").read_text()),
    token_rule="prompts/nano.json, rendered",
    seed=None,
    trained=NANO,
    last_rows=12,
)

NANO_CHAT = Golden(
    name="nano_chat",
    purpose="a chat with tools, many windows long; its last positions",
    config=NANO_TEXT.config,
    token_rule="prompts/nano_chat.json, rendered",
    seed=None,
    trained=NANO,
    last_rows=4,
    last_rows_in_bf16=4,
)

GOLDENS = {golden.name: golden for golden in (TINY, ODD, BLOCK20B, LAYERS20B, NANO_TEXT,
                                              NANO_CHAT)}

"""Source: Hugging Face transformers, class GptOssConfig; the rules of core/config_rules.hpp."""
from case import js, one

SMALL = {
    "model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"], "num_hidden_layers": 2,
    "hidden_size": 64, "vocab_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 64, "sliding_window": 16, "intermediate_size": 32, "num_local_experts": 4,
    "num_experts_per_tok": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 131072,
    "rope_theta": 150000.0, "initial_context_length": 4096, "eos_token_id": 255,
    "layer_types": ["sliding_attention", "full_attention"],
    "rope_scaling": {"beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0, "rope_type": "yarn",
                     "original_max_position_embeddings": 4096, "truncate": False},
}  # fmt: skip


def changed(**changes):
    return js({**SMALL, **changes})


def case(name, data, says=None, why=""):
    return one("config", name, data, says, why)


def cases():
    yield case("small", js(SMALL))
    yield case("a key that nobody knows", changed(colour="red"), why="noted, not refused")
    yield case("a whole number with a point where a number is meant", changed(rope_theta=150000))
    yield case("pad_token_id null", changed(pad_token_id=None), why="there is none")
    yield case("empty", b"", "not valid JSON")
    yield case("a list", b"[]", "expected an object")
    yield case("a byte order mark and rubbish", b"\xef\xbb\xbf{", "not valid JSON")
    yield case("a key twice", js(SMALL).replace(b'{"model_type"', b'{"hidden_size": 32, "model_type"'),
               "occurs twice")
    yield case("hidden_size in quotes", changed(hidden_size="64"), "expected an integer")
    yield case("hidden_size null", changed(hidden_size=None), "expected an integer")
    yield case("hidden_size 64.0", changed(hidden_size=64.0), "expected an integer",
               "transformers refuses it where it is used")
    yield case("hidden_size 0", changed(hidden_size=0), "expected 1 to")
    yield case("hidden_size -64", changed(hidden_size=-64), "expected an integer from 0")
    yield case("hidden_size 2^31", changed(hidden_size=1 << 31), "expected an integer from 0")
    yield case("hidden_size 2^64", changed(hidden_size=1 << 64), "expected an integer")
    yield case("hidden_size 65", changed(hidden_size=65), "expected a multiple of 32")
    yield case("sizes whose product overflows", changed(
        hidden_size=1 << 23, intermediate_size=1 << 23, num_local_experts=1 << 20), "10^15")
    yield case("a million layers", changed(num_hidden_layers=1_000_000), "at most 1024")
    yield case("an odd head_dim", changed(head_dim=63), "expected an even number")
    yield case("kv heads that do not divide the heads", changed(num_key_value_heads=3), "multiple of")
    yield case("more experts chosen than there are", changed(num_experts_per_tok=5), "at most")
    yield case("layer_types of another length", changed(layer_types=["full_attention"]),
               "has 1 entries")
    yield case("layer_types of another kind", changed(layer_types=["linear_attention"] * 2),
               "layer_types holds")
    yield case("eps 0", changed(rms_norm_eps=0), "expected > 0")
    yield case("eps beyond a float", changed(rms_norm_eps=1e300), "expected a number that fits")
    yield case("eps 1e999", js(SMALL).replace(b"1e-05", b"1e999"), "a number out of range")
    yield case("another model", changed(model_type="llama"), "model_type")
    yield case("another rotation", changed(rope_scaling={"rope_type": "longrope", "factor": 2.0}),
               "rope")

"""Every way to write a config.json that we could think of: some 600 variants of one.

A variant is the config of `tiny` (4 layers) with keys changed, in the shape that transformers 5.24
saves it. Each is named for what was done to it.
"""

from copy import deepcopy

import configs

ABSENT = object()                                               # the key is not there
WRONG_TYPES = {"null": None, "text": "x", "true": True, "list": [1], "object": {}}


def base_config() -> dict:
    """`tiny` as transformers 5.24 saves it, experts unpacked to bf16."""
    config = deepcopy(configs.TINY.config)
    for key in ("quantization_config", "experts_per_token", "initial_context_length"):
        del config[key]
    config["rope_parameters"] = {**config.pop("rope_scaling"),
                                 "rope_theta": float(config.pop("rope_theta"))}
    config.update(bos_token_id=None, dtype="bfloat16", swiglu_alpha=1.702,
                  transformers_version="5.24.0")
    return config


def changed(config: dict, **keys) -> dict:
    config = deepcopy(config)
    for key, value in keys.items():
        if value is ABSENT:
            config.pop(key, None)
        else:
            config[key] = value
    return config


def roped(config: dict, **keys) -> dict:
    return changed(config, rope_parameters=changed(config["rope_parameters"], **keys))


def values_of(value) -> dict:
    """Other values in place of one: absent, of every other type, and a few numbers."""
    others = {"absent": ABSENT, **WRONG_TYPES}
    if isinstance(value, bool):
        others |= {"flipped": not value, "as integer": int(value)}
    elif isinstance(value, (int, float)):
        others |= {"as float": float(value), "as text": str(value), "0": 0, "0.0": 0.0, "-1": -1,
                   "one more": value + 1, "half": value / 2, "double": value * 2}
        if value == int(value):
            others["as integer"] = int(value)
    return others


def generated() -> dict[str, dict]:
    """Every key in turn, on the top level and in rope_parameters."""
    base = base_config()
    variants = {"as saved": base}
    for key, value in base.items():
        for kind, other in values_of(value).items():
            variants[f"{key} {kind}"] = changed(base, **{key: other})
    for key, value in base["rope_parameters"].items():
        for kind, other in values_of(value).items():
            variants[f"rope_parameters.{key} {kind}"] = roped(base, **{key: other})
    return variants


def rope_variants() -> dict[str, dict]:
    base, rope = base_config(), base_config()["rope_parameters"]
    plain = {"rope_type": "default", "rope_theta": 150000.0}

    def older(theta=ABSENT, **keys) -> dict:
        scaling = changed(changed(rope, rope_theta=ABSENT), **keys)
        return changed(base, rope_parameters=ABSENT, rope_scaling=scaling, rope_theta=theta)

    def newer(parameters) -> dict:
        return changed(base, rope_parameters=parameters)

    def both(scaling) -> dict:
        return changed(base, rope_scaling=scaling)

    return {
        "older spelling": older(),
        "older, theta beside": older(theta=10000.0),
        "older, type": older(rope_type=ABSENT, type="yarn"),
        "older, type, no truncate": older(rope_type=ABSENT, type="yarn", truncate=ABSENT),
        "older, type differs": older(type="default"),
        "older, rope_type default, type yarn": older(rope_type="default", type="yarn"),
        "older, no type": older(rope_type=ABSENT),
        "older, default": older(rope_type="default"),
        "older, linear": older(rope_type="linear"),
        "older, dynamic": older(rope_type="dynamic"),
        "older {}": changed(base, rope_parameters=ABSENT, rope_scaling={}),
        "older null": changed(base, rope_parameters=ABSENT, rope_scaling=None),
        "older null, theta": changed(base, rope_parameters=ABSENT, rope_scaling=None,
                                     rope_theta=10000.0),
        "older false": changed(base, rope_parameters=ABSENT, rope_scaling=False),
        "older text": changed(base, rope_parameters=ABSENT, rope_scaling="yarn"),
        "no rope key, context 8192": changed(base, rope_parameters=ABSENT,
                                             original_max_position_embeddings=8192),
        "both, older factor 4": both({**rope, "factor": 4.0}),
        "both, older theta 10000": both({**rope, "rope_theta": 10000.0}),
        "both, older without theta": both(changed(rope, rope_theta=ABSENT, factor=4.0)),
        "both, older plain": both(plain),
        "both, older {}": both({}),
        "both, older null": both(None),
        "both, newer null": changed(both({**rope, "factor": 4.0}), rope_parameters=None),
        "{}": newer({}),
        "theta only": newer({"rope_theta": 10000.0}),
        "plain": newer(plain),
        "plain without theta": newer({"rope_type": "default"}),
        "plain, theta null": newer({**plain, "rope_theta": None}),
        "plain with yarn's keys": roped(base, rope_type="default"),
        "plain, attention_factor": newer({**plain, "attention_factor": 2.0}),
        "plain, part": newer({**plain, "partial_rotary_factor": 0.5}),
        "per kind of layer": newer({"full_attention": rope, "sliding_attention": rope}),
        "linear": newer({**plain, "rope_type": "linear", "factor": 2.0}),
        "llama3": roped(base, rope_type="llama3", low_freq_factor=1.0, high_freq_factor=4.0),
        "longrope": roped(base, rope_type="longrope", short_factor=[1.0] * 32,
                          long_factor=[1.0] * 32),
        "YARN": roped(base, rope_type="YARN"),
        "type too": roped(base, type="yarn"),
        "type differs": roped(base, type="linear"),
        "unknown key": roped(base, foo=1),
        "theta beside only": changed(roped(base, rope_theta=ABSENT), rope_theta=10000.0),
        "theta beside too": changed(base, rope_theta=10000.0),
        "theta beside null": changed(roped(base, rope_theta=ABSENT), rope_theta=None),
        "theta beside text": changed(roped(base, rope_theta=ABSENT), rope_theta="150000"),
        "theta 100": roped(base, rope_theta=100.0),
        "theta 1e9": roped(base, rope_theta=1e9),
        "theta 150000.5": roped(base, rope_theta=150000.5),
        "context beside": changed(base, original_max_position_embeddings=8192),
        "context beside null": changed(base, original_max_position_embeddings=None),
        "context absent, longest 8192": changed(
            roped(base, original_max_position_embeddings=ABSENT), max_position_embeddings=8192),
        "context 64": roped(base, original_max_position_embeddings=64),
        "context 4": roped(base, original_max_position_embeddings=4),
        "context 2^22": roped(base, original_max_position_embeddings=2**22),
        "context 4096.5": roped(base, original_max_position_embeddings=4096.5),
        "attention_factor 1": roped(base, attention_factor=1.0),
        "attention_factor 1, integer": roped(base, attention_factor=1),
        "attention_factor 2": roped(base, attention_factor=2.0),
        "attention_factor null": roped(base, attention_factor=None),
        "attention_factor 0": roped(base, attention_factor=0.0),
        "attention_factor -1": roped(base, attention_factor=-1.0),
        "attention_factor text": roped(base, attention_factor="1.0"),
        "attention_factor true": roped(base, attention_factor=True),
        "mscale alone": roped(base, mscale=1.0),
        "mscale_all_dim alone": roped(base, mscale_all_dim=1.0),
        "mscale 1, 1": roped(base, mscale=1.0, mscale_all_dim=1.0),
        "mscale 0.707, 1": roped(base, mscale=0.707, mscale_all_dim=1.0),
        "mscale 2, 1, integers": roped(base, mscale=2, mscale_all_dim=1),
        "mscale 0": roped(base, mscale=0, mscale_all_dim=1.0),
        "mscale null": roped(base, mscale=None, mscale_all_dim=None),
        "mscale text": roped(base, mscale="1", mscale_all_dim="1"),
        "mscale -1": roped(base, mscale=-1.0, mscale_all_dim=1.0),
        "mscale and attention_factor": roped(base, mscale=2.0, mscale_all_dim=1.0,
                                             attention_factor=1.5),
        "factor 1": roped(base, factor=1.0),
        "factor 1, attention_factor": roped(base, factor=1.0, attention_factor=2.0),
        "factor 1, mscale": roped(base, factor=1.0, mscale=1.0, mscale_all_dim=2.0),
        "factor null, longest 65536": changed(roped(base, factor=None),
                                              max_position_embeddings=65536),
        "factor null, longest 1024": changed(roped(base, factor=None),
                                             max_position_embeddings=1024),
        "truncate 0": roped(base, truncate=0),
        "truncate 1": roped(base, truncate=1),
        "truncate 'false'": roped(base, truncate="false"),
        "truncate ''": roped(base, truncate=""),
        "betas 4 and 4": roped(base, beta_fast=4, beta_slow=4),
        "betas 4 and 4, truncate": roped(base, beta_fast=4, beta_slow=4, truncate=True),
        "betas 16 and 2, truncate": roped(base, beta_fast=16, beta_slow=2, truncate=True),
        "betas 600 and 1, truncate": roped(base, beta_fast=600, truncate=True),
        "betas exchanged": roped(base, beta_fast=1, beta_slow=32),
        "part 0.5": roped(base, partial_rotary_factor=0.5),
        "part 1": roped(base, partial_rotary_factor=1.0),
        "part 0.04": roped(base, partial_rotary_factor=0.04),
        "part null": roped(base, partial_rotary_factor=None),
        "part beside 0.5": changed(base, partial_rotary_factor=0.5),
        "part beside 1": changed(base, partial_rotary_factor=1.0),
        "part beside null": changed(base, partial_rotary_factor=None),
    }


def other_variants() -> dict[str, dict]:
    base = base_config()
    slides, full = "sliding_attention", "full_attention"
    mxfp4 = {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}
    changes = {
        "num_experts alone": {"num_experts": 8, "num_local_experts": ABSENT},
        "num_experts too": {"num_experts": 8},
        "num_experts 8, num_local_experts 4": {"num_experts": 8, "num_local_experts": 4},
        "num_experts 4, num_local_experts 8": {"num_experts": 4},
        "num_experts null": {"num_experts": None},
        "experts_per_token 4 alone": {"experts_per_token": 4, "num_experts_per_tok": ABSENT},
        "experts_per_token 2 alone": {"experts_per_token": 2, "num_experts_per_tok": ABSENT},
        "experts_per_token 2 beside 4": {"experts_per_token": 2},
        "top 1": {"num_experts_per_tok": 1},
        "top 8": {"num_experts_per_tok": 8},
        "top 9": {"num_experts_per_tok": 9},
        "all layers slide": {"layer_types": [slides] * 4},
        "no layer slides": {"layer_types": [full] * 4},
        "full first": {"layer_types": [full, slides] * 2},
        "an older name of full": {"layer_types": [slides, "attention"] * 2},
        "too few layer_types": {"layer_types": [full] * 3},
        "no layer_types": {"layer_types": []},
        "chunked layers": {"layer_types": ["chunked_attention"] * 4},
        "linear layers": {"layer_types": ["linear_attention"] * 4},
        "3 layers": {"num_hidden_layers": 3, "layer_types": [slides, full, slides]},
        "5 layers": {"num_hidden_layers": 5, "layer_types": [slides, full] * 2 + [slides]},
        "2 heads of 128": {"num_attention_heads": 2, "head_dim": 128},
        "window 100": {"sliding_window": 100},
        "window 1": {"sliding_window": 1},
        "longest 8": {"max_position_embeddings": 8},
        "is_causal true": {"is_causal": True},
        "is_causal false": {"is_causal": False},
        "is_causal null": {"is_causal": None},
        "per_layer_config": {"per_layer_config": {"0": {"sliding_window": 8}}},
        "per_layer_config {}": {"per_layer_config": {}},
        "kv_sharing_modes": {"kv_sharing_modes": ["x"] * 4},
        "transformers_weights": {"transformers_weights": "other.safetensors"},
        "text_config": {"text_config": {"sliding_window": 8}},
        "decoder": {"decoder": {"sliding_window": 8}},
        "quantization null": {"quantization_config": None},
        "quantization {}": {"quantization_config": {}},
        "quantization unknown": {"quantization_config": {"quant_method": "x"}},
        "quantization mxfp4, unpacked": {"quantization_config": mxfp4},
        "quantization fp8": {"quantization_config": {"quant_method": "fp8"}},
        "eos list": {"eos_token_id": [127, 126]},
        "eos []": {"eos_token_id": []},
        "eos list of text": {"eos_token_id": [127, "x"]},
        "pad beyond the vocabulary": {"pad_token_id": 500},
        "torch_dtype": {"torch_dtype": "bfloat16", "dtype": ABSENT},
        "dtype float16": {"dtype": "float16"},
        "sdpa": {"attn_implementation": "sdpa"},
        "another architecture": {"architectures": ["GptOssForSequenceClassification"]},
        "OpenAI's keys beside": {"rope_scaling_factor": 4.0, "initial_context_length": 128,
                                 "rope_ntk_alpha": 2.0},
    }
    unknown = {"foo": 1, "alpha": 1.0, "limit": 1.0, "layer_norm_eps": 0.1, "scaling": 1.0,
               "sliding_window_pattern": 3, "final_logit_softcapping": 1.0,
               "logits_mup_width_multiplier": 0.5, "unpadded_vocab_size": 100,
               "attention_chunk_size": 2, "use_bidirectional_attention": True, "fusion_config": {},
               "output_attentions": True, "chunk_size_feed_forward": 2, "is_encoder_decoder": True}
    variants = {name: changed(base, **keys) for name, keys in changes.items()}
    return variants | {f"{key} beside": changed(base, **{key: value})
                       for key, value in unknown.items()}


def edit(config: dict) -> dict:
    """What makes this config of the base: keys to set, and keys to take out."""
    base = base_config()
    as_text = {key: repr(value) for key, value in base.items()}  # 1 == 1.0 == True in Python
    put = {key: value for key, value in config.items() if as_text.get(key) != repr(value)}
    return {"set": put, "absent": [key for key in base if key not in config]}


def all_variants() -> dict[str, dict]:
    ropes = {f"rope: {name}": config for name, config in rope_variants().items()}
    return generated() | ropes | other_variants()

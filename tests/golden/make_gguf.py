#!/usr/bin/env python3
"""Writes a Hugging Face checkpoint as GGUF with llama.cpp's own gguf package, and nothing of ours.

    make_gguf.py MODEL_DIR OUT.gguf [--dense BF16|F16|F32|Q8_0] [--experts MXFP4|BF16|F16|F32|Q8_0]

It does what llama.cpp's conversion/gpt_oss.py does: names and shapes are those of the gguf package,
MXFP4 codes are put in ggml's order, gate_up is taken apart into gate and up, vectors become F32.
"""
import argparse
import json
import pathlib
import struct

import gguf
import numpy as np

TYPE = gguf.GGMLQuantizationType


def read_safetensors(path):
    """name -> (dtype, array): BF16 as uint16."""
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"BF16": np.uint16, "U8": np.uint8, "F32": np.float32}[entry["dtype"]]
        tensors[name] = np.frombuffer(data[begin:end], kind).reshape(entry["shape"])
    return tensors


def floats(array):
    if array.dtype == np.float32:
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)


def ggml_mxfp4(blocks, scales):
    """Codes (..., 16), neighbours in a byte, and scales to blocks of 17 bytes in ggml's order."""
    nibbles = np.stack([blocks & 15, blocks >> 4], axis=-1).reshape(*blocks.shape[:-1], 32)
    codes = nibbles[..., :16] | (nibbles[..., 16:] << 4)
    whole = np.concatenate([scales[..., None], codes], axis=-1)
    return np.ascontiguousarray(whole.reshape(*whole.shape[:-2], -1).astype(np.uint8))


def add_tokenizer(writer, folder, vocab_size):
    document = json.loads((folder / "tokenizer.json").read_text())
    tokens = [f"[PAD{i}]" for i in range(vocab_size)]
    types = [gguf.TokenType.UNUSED] * vocab_size
    for token, i in document["model"]["vocab"].items():
        tokens[i], types[i] = token, gguf.TokenType.NORMAL
    for added in document["added_tokens"]:
        tokens[added["id"]], types[added["id"]] = added["content"], gguf.TokenType.CONTROL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-4o")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair
                             for pair in document["model"]["merges"]])


def add_synthetic_tokenizer(writer, vocab_size):
    """For a model without text, whose file is to be opened nevertheless: llama.cpp asks for a merge, gptoss for a
    token for every byte. A vocabulary too small for them has neither."""
    tokens, merges = [f"<{i}>" for i in range(vocab_size)], []
    byte_letters = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144))]
    if vocab_size > len(byte_letters):
        tokens[:len(byte_letters) + 1] = [*byte_letters, "th"]
        merges = ["t h"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-4o")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * vocab_size)
    writer.add_token_merges(merges)


def add_config(writer, config):
    rope = config["rope_scaling"]
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_expert_count(config["num_local_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_feed_forward_length(config["intermediate_size"])
    writer.add_sliding_window(config["sliding_window"])
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])


def add_dense(writer, name, values, kind):
    if kind == "BF16":
        bits = (values.view(np.uint32) >> 16).astype(np.uint16)  # the values are BF16
        writer.add_tensor(name, bits.view(np.uint8), raw_dtype=TYPE.BF16)
    else:
        data = gguf.quants.quantize(values, TYPE[kind])
        writer.add_tensor(name, np.ascontiguousarray(data), raw_dtype=TYPE[kind])


def unpack(blocks, scales):
    table = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6], np.float32)
    nibbles = np.stack([blocks & 15, blocks >> 4], axis=-1).reshape(*blocks.shape[:-1], 32)
    values = np.ldexp(table[nibbles], scales[..., None].astype(np.int32) - 127)
    return values.reshape(*blocks.shape[:-2], -1).astype(np.float32)


def add_experts(writer, name, blocks, scales, kind):
    if kind == "MXFP4":
        writer.add_tensor(name, ggml_mxfp4(blocks, scales), raw_dtype=TYPE.MXFP4)
    else:
        add_dense(writer, name, unpack(blocks, scales), kind)


DENSE = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.router": "ffn_gate_inp"}
VECTORS = {"input_layernorm.weight": "attn_norm.weight", "self_attn.sinks": "attn_sinks.weight",
           "post_attention_layernorm.weight": "post_attention_norm.weight",
           "mlp.experts.down_proj_bias": "ffn_down_exps.bias"}


def add_layer(writer, tensors, layer, dense, experts):
    get = lambda name: tensors[f"model.layers.{layer}.{name}"]
    block = f"blk.{layer}."
    for theirs, ours in DENSE.items():
        kind = "F32" if ours == "ffn_gate_inp" else dense  # as llama.cpp keeps it
        add_dense(writer, f"{block}{ours}.weight", floats(get(theirs + ".weight")), kind)
        add_dense(writer, f"{block}{ours}.bias", floats(get(theirs + ".bias")), "F32")
    for theirs, ours in VECTORS.items():
        add_dense(writer, block + ours, floats(get(theirs)), "F32")
    bias = floats(get("mlp.experts.gate_up_proj_bias"))
    blocks, scales = (get("mlp.experts.gate_up_proj_" + part) for part in ("blocks", "scales"))
    for first, ours in enumerate(("ffn_gate_exps", "ffn_up_exps")):
        add_dense(writer, f"{block}{ours}.bias", np.ascontiguousarray(bias[:, first::2]), "F32")
        add_experts(writer, f"{block}{ours}.weight", blocks[:, first::2], scales[:, first::2], experts)
    add_experts(writer, block + "ffn_down_exps.weight", get("mlp.experts.down_proj_blocks"),
                get("mlp.experts.down_proj_scales"), experts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out")
    parser.add_argument("--dense", default="BF16")
    parser.add_argument("--experts", default="MXFP4")
    parser.add_argument("--split-bytes", type=int, default=0)
    flags = parser.parse_args()
    config = json.loads((flags.model / "config.json").read_text())
    tensors = read_safetensors(flags.model / "model.safetensors")
    writer = gguf.GGUFWriter(flags.out, "gpt-oss", split_max_size=flags.split_bytes)
    add_config(writer, config)
    if (flags.model / "tokenizer.json").exists():
        add_tokenizer(writer, flags.model, config["vocab_size"])
    else:
        add_synthetic_tokenizer(writer, config["vocab_size"])
    add_dense(writer, "token_embd.weight", floats(tensors["model.embed_tokens.weight"]), flags.dense)
    for layer in range(config["num_hidden_layers"]):
        add_layer(writer, tensors, layer, flags.dense, flags.experts)
    add_dense(writer, "output_norm.weight", floats(tensors["model.norm.weight"]), "F32")
    add_dense(writer, "output.weight", floats(tensors["lm_head.weight"]), flags.dense)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

"""Hugging Face's GptOssForCausalLM from a checkpoint directory, with float64 arithmetic.

The model is theirs and runs as it is: `from_pretrained` reads the directory and unpacks MXFP4 with
their code, and eager attention is used because it alone computes every score. To get float64
out of it, two things are done at run time:

  1. Every parameter is widened from bf16 to float64, which is exact.
  2. RMSNorm casts its input to float32 inside; `norm_in_float64` replaces that one cast.

Their rotary table stays as they compute it: float32 phases, float32 cos and sin.
"""

import contextlib
import math
from pathlib import Path

import torch
import transformers
from transformers.models.gpt_oss import modeling_gpt_oss as hf

import files  # noqa: F401  (finds the recorders)
import hugging_face
from hugging_face import replaced

transformers.utils.logging.set_verbosity_error()                # it warns that we unpack MXFP4
transformers.utils.logging.disable_progress_bar()


class WidenedWhenRead:
    """A matrix per expert in bf16, each in float64 when it is asked for: a quarter of the memory."""

    def __init__(self, matrices: torch.Tensor) -> None:
        self.matrices = matrices

    def __getitem__(self, index: object) -> torch.Tensor:
        return self.matrices[index].double()


def load_model(directory: Path) -> hf.GptOssForCausalLM:
    """Their model from a checkpoint directory: unpacked to bf16, then widened to float64."""
    model = hugging_face.load_model(directory, torch.bfloat16)
    for layer in model.model.layers:
        for name in ("gate_up_proj", "down_proj"):
            matrices = getattr(layer.mlp.experts, name).data
            delattr(layer.mlp.experts, name)
            setattr(layer.mlp.experts, name, WidenedWhenRead(matrices))
    for parameter in model.parameters():                        # and no buffer: phases stay float32
        parameter.data = parameter.data.double()
    return model


# ---- run-time changes to their model ---------------------------------------------------------


def _norm_forward(norm: hf.GptOssRMSNorm, x: torch.Tensor) -> torch.Tensor:
    """GptOssRMSNorm.forward without its cast to float32."""
    variance = x.pow(2).mean(-1, keepdim=True)
    return norm.weight * (x * torch.rsqrt(variance + norm.variance_epsilon))


def norm_in_float64() -> contextlib.AbstractContextManager:
    return replaced(hf.GptOssRMSNorm, "forward", _norm_forward)


def _rotary_forward(
    rotary: hf.GptOssRotaryEmbedding, x: torch.Tensor, position_ids: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """GptOssRotaryEmbedding.forward with YaRN's frequencies, phases, cos and sin in float64."""
    rope = rotary.config.rope_parameters
    half = rotary.config.head_dim // 2
    pair = torch.arange(half, dtype=torch.float64)
    base = float(rope["rope_theta"])

    def pair_that_turns(times: float) -> float:
        """The pair index, a real number, that turns this often within the original context."""
        wavelength = rope["original_max_position_embeddings"] / times
        return half * math.log(wavelength / (2 * math.pi)) / math.log(base)

    low, high = pair_that_turns(rope["beta_fast"]), pair_that_turns(rope["beta_slow"])
    ramp = ((pair - low) / (high - low)).clamp(0, 1)            # 0: keep, 1: divide by factor
    plain = base ** (-pair / half)
    inv_freq = plain * (1 - ramp) + plain / rope["factor"] * ramp
    phase = position_ids[..., None].to(torch.float64) * inv_freq
    return phase.cos() * rotary.attention_scaling, phase.sin() * rotary.attention_scaling


def rotary_in_float64() -> contextlib.AbstractContextManager:
    """Only to compare with numbers computed all in float64; no golden is recorded with it."""
    return replaced(hf.GptOssRotaryEmbedding, "forward", _rotary_forward)


# ---- their rotary table ----------------------------------------------------------------------


def rotary_bits(model: hf.GptOssForCausalLM) -> list[str]:
    """Their inverse frequencies, one per pair, as float32 bit patterns in hexadecimal."""
    bits = model.model.rotary_emb.inv_freq.view(torch.int32).tolist()
    return [f"{word & 0xFFFFFFFF:08x}" for word in bits]


def rotary_table(model: hf.GptOssForCausalLM, n_tokens: int) -> torch.Tensor:
    """Their cos and sin (both times the concentration) at positions 0..n_tokens-1, float32."""
    positions = torch.arange(n_tokens)[None]
    cos, sin = model.model.rotary_emb(torch.empty(0, dtype=torch.float32), positions)
    return torch.cat([cos[0], sin[0]], dim=-1)                  # (T, head_dim)

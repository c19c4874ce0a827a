"""Every activation site of one float64 forward pass of Hugging Face's GptOssForCausalLM.

The recorder is the one that users have, examples/validate/recorders/hugging_face.py: it says how
each site is reached, by hook, by wrapper or by a recomputation that has to reproduce their output.
"""

import torch
from transformers.models.gpt_oss import modeling_gpt_oss as hf

import files  # noqa: F401  (finds the recorders)
import dump
import hugging_face

Sites = dict[str, torch.Tensor]                                 # site name -> float64, or int32 ids


def record(model: hf.GptOssForCausalLM, config: dict, tokens: list[int]) -> Sites:
    """Every site of one forward pass over `tokens`, in order, each checked for shape and type."""
    recorded = hugging_face.Recorder(model).record(tokens)
    sites = dump.in_order(recorded, config, len(tokens))
    for site, values in sites.items():
        dtype = torch.int32 if site.endswith("expert_ids") else torch.float64
        if values.dtype != dtype:
            raise AssertionError(f"{site}: recorded as {values.dtype}, expected {dtype}")
        if values.isnan().any():
            raise AssertionError(f"{site}: holds NaN")
    return sites

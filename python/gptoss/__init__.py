"""gpt-oss as a reference implementation: every op, every activation, every known mistake.

    m = gptoss.Model()                      the small trained model that comes with the package
    t = m.trace("7+5=")                     every activation of a run: t.attn_q[3], t["block.3.attn.q"]
    gptoss.compare(t, "yours.npz").reason   where another implementation leaves it
    gptoss.diagnose("yours.npz", m).name    which known mistake is behind that
    gptoss.ops.rmsnorm(x, gain, eps)        the ops, one by one; gptoss.fast and gptoss.bf16 too

Docstrings are the top blocks of the headers they bind. Arrays are views, not copies, wherever the
memory is there already; nothing is converted in silence.
"""
import sys

from ._check import require_numpy, require_same_version

require_numpy()

from . import _core  # noqa: E402

require_same_version(_core)

from . import harmony  # noqa: E402
from ._core import (  # noqa: E402
    Comparison,
    Config,
    Diagnosis,
    Error,
    Experts,
    ModelSize,
    Pitfall,
    SamplingOptions,
    ShapeError,
    Suspect,
    balance_loss,
    bf16,
    fast,
    flops_per_token,
    kv_cache_bytes,
    model_size,
    mxfp4_nearest_code,
    mxfp4_scale,
    ops,
    random_uniform,
    rope_concentration,
    rope_inv_freq,
    softmax,
    softmax_with_sink,
    yarn_bound,
    z_loss,
)
from .model import Answer, Generated, Model  # noqa: E402
from .text import Tokenizer  # noqa: E402
from .trace import Page, Trace, compare, diagnose, load_dump, pitfalls  # noqa: E402

for _table in (ops, fast, bf16):  # import gptoss.ops, from gptoss.ops import rmsnorm
    sys.modules[f"gptoss.{_table.__name__.rpartition('.')[2]}"] = _table
del _table

__version__ = _core.version
headers_digest = _core.headers_digest

__all__ = [
    "Answer", "Comparison", "Config", "Diagnosis", "Error", "Experts", "Generated", "Model",
    "ModelSize", "Page", "Pitfall", "SamplingOptions", "ShapeError", "Suspect", "Tokenizer",
    "Trace", "balance_loss", "bf16", "compare", "diagnose", "fast", "flops_per_token", "harmony",
    "kv_cache_bytes", "load_dump", "model_size", "mxfp4_nearest_code", "mxfp4_scale", "ops",
    "pitfalls", "random_uniform", "rope_concentration", "rope_inv_freq", "softmax",
    "softmax_with_sink", "yarn_bound", "z_loss",
]

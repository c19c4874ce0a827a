#!/usr/bin/env python3
"""Record every activation site of OpenAI's own PyTorch model, in bf16 as it runs.

    official.py --model DIR --ids 1,2,3 --out run.safetensors

DIR is in OpenAI's layout (`original/` of a released folder). The package needs torch and
safetensors only for its model, though it declares more, and Python 3.12, though 3.10 will do:

    pip install torch safetensors numpy
    pip install gpt-oss --no-deps --ignore-requires-python

Their files stay as they are. Hooks take the inputs and outputs of modules. What lives in local
variables is seen where it passes: `sdpa` and `swiglu` are wrapped, and inside their module the name
`torch` stands for `SeenTorch`, which hands everything on and looks at three functions. No value is
recomputed, so every site is theirs.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch

import dump

Sites = dict[str, torch.Tensor]


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """owner.name = value, until the end of the `with`."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


def topk_lower_id_first(x: torch.Tensor, k: int, dim: int, sorted: bool) -> tuple:
    """torch.topk with the one choice it leaves open made: of equal values, the lower index."""
    assert dim == -1 and sorted
    order = x.argsort(dim=-1, descending=True, stable=True)[..., :k]
    return torch.return_types.topk((x.gather(-1, order), order))


class SeenTorch:
    """All of `torch`, with softmax, einsum and topk replaced by functions that look on."""

    def __init__(self, softmax: Callable, einsum: Callable, topk: Callable) -> None:
        self.softmax, self.einsum, self.topk = softmax, einsum, topk

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)


class Recorder:
    """Collects the sites of one forward pass.

    topk: which experts are chosen where router logits are equal, which bf16 makes common. torch
    leaves it open; `topk_lower_id_first` is the rule of this project.
    """

    def __init__(
        self, model: torch.nn.Module, topk: Callable = torch.topk, without: tuple = ()
    ) -> None:
        self.model = model
        self.without = without                                  # ends of site names
        self.module = sys.modules[type(model).__module__]       # gpt_oss.torch.model
        self.topk = topk
        self.sites: Sites = {}
        self.hooks: list = []
        self.block = ""                                         # "block.3", while it runs
        self.other_choices = 0                                  # tokens where torch.topk differs

    def record(self, tokens: list[int]) -> Sites:
        seen = SeenTorch(self._softmax, self._einsum, self._topk)
        self._place_hooks()
        try:
            with ExitStack() as stack:
                stack.enter_context(torch.no_grad())
                stack.enter_context(replaced(self.module, "torch", seen))
                for name, wrapper in (("sdpa", self._on_sdpa), ("swiglu", self._on_swiglu)):
                    wrapped = wrapper(getattr(self.module, name))
                    stack.enter_context(replaced(self.module, name, wrapped))
                self.model(torch.tensor(tokens, dtype=torch.int32, device=self._device()))
        finally:
            for hook in self.hooks:
                hook.remove()
        return self.sites

    def keep(self, site: str, value: torch.Tensor) -> None:
        if site in self.without:
            return
        name = f"{self.block}.{site}" if site in dump.LAYER_SITES else site
        if name in self.sites:
            raise AssertionError(f"{name}: reached twice in one pass")
        self.sites[name] = value.detach().clone()

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    # -- modules whose output is a site

    def _place_hooks(self) -> None:
        self._keep_output("embedding", self.model.embedding)
        for block in self.model.block:
            self.hooks.append(block.register_forward_pre_hook(self._enter))
            self._keep_output("attn.norm", block.attn.norm)
            self.hooks.append(block.attn.qkv.register_forward_hook(self._on_qkv(block.attn)))
            self._keep_output("attn.out", block.attn.out)
            self._keep_output("attn.residual", block.attn)
            self._keep_output("mlp.norm", block.mlp.norm)
            self._keep_output("mlp.router_logits", block.mlp.gate)
            self._keep_output("mlp.residual", block.mlp)
        self._keep_output("final_norm", self.model.norm)
        self._keep_output("logits", self.model.unembedding)

    def _enter(self, block: torch.nn.Module, args: tuple) -> None:
        self.block = f"block.{block.layer_idx}"

    def _keep_output(self, site: str, module: torch.nn.Module) -> None:
        self.hooks.append(module.register_forward_hook(lambda _, args, out: self.keep(site, out)))

    def _on_qkv(self, attention: torch.nn.Module) -> Callable:
        """One matrix: the rows of all queries, then all keys, then all values."""
        n_q = attention.num_attention_heads * attention.head_dim
        n_kv = attention.num_key_value_heads * attention.head_dim

        def hook(module: torch.nn.Module, args: tuple, out: torch.Tensor) -> None:
            for site, values in zip("qkv", out.split([n_q, n_kv, n_kv], dim=-1)):
                self.keep(f"attn.{site}", values)               # (T, n_q) or (T, n_kv)

        return hook

    # -- functions

    def _on_sdpa(self, original: Callable) -> Callable:
        """q (T, kv heads, queries per kv head, head_dim) and k (T, kv heads, head_dim) arrive
        rotated."""

        def sdpa(q: torch.Tensor, k: torch.Tensor, *args, **kwargs) -> torch.Tensor:
            self.keep("attn.q_rope", q.flatten(1))
            self.keep("attn.k_rope", k.flatten(1))
            mix = original(q, k, *args, **kwargs)
            self.keep("attn.mix", mix)
            return mix

        return sdpa

    def _softmax(self, x: torch.Tensor, dim: int) -> torch.Tensor:
        """In sdpa alone: x is (kv heads, queries per kv head, T, S + 1), the sink last."""
        shares = torch.softmax(x, dim=dim)
        self.keep("attn.scores", x[..., :-1].flatten(0, 1))     # (heads, T, S)
        self.keep("attn.weights", shares[..., :-1].flatten(0, 1))
        self.keep("attn.sink_share", shares[..., -1].flatten(0, 1).T)
        return shares

    def _topk(self, x: torch.Tensor, k: int, dim: int, sorted: bool) -> tuple:
        chosen = self.topk(x, k=k, dim=dim, sorted=sorted)
        theirs = torch.topk(x, k=k, dim=dim, sorted=sorted)
        self.other_choices += int((chosen.indices != theirs.indices).any(-1).sum())
        self.keep("mlp.expert_ids", chosen.indices.to(torch.int32))
        return chosen

    def _on_swiglu(self, original: Callable) -> Callable:
        def swiglu(x: torch.Tensor, **kwargs) -> torch.Tensor:
            y = original(x, **kwargs)
            self.keep("mlp.gate_up", x)
            self.keep("mlp.swiglu", y)
            return y

        return swiglu

    def _einsum(self, equation: str, *operands: torch.Tensor) -> torch.Tensor:
        result = torch.einsum(equation, *operands)
        if equation == "bec,be->bc":                            # the weighted sum of the experts
            expert_out, weights = operands
            self.keep("mlp.expert_out", expert_out)
            self.keep("mlp.expert_weights", weights)
            self.keep("mlp.out", result)
        return result


def as_array(values: torch.Tensor) -> np.ndarray:
    """float32, to which bf16 widens exactly, or integers; numpy has no bf16."""
    return (values.float() if values.is_floating_point() else values).cpu().numpy()


def load_model(directory: Path, device: str = "cpu") -> torch.nn.Module:
    from gpt_oss.torch.model import Transformer

    return Transformer.from_checkpoint(str(directory), device=torch.device(device))


def main() -> None:
    parser = dump.argument_parser(__doc__)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    tokens = dump.ids_from(args.ids)
    config_text = (args.model / "config.json").read_text()
    recorder = Recorder(load_model(args.model, args.device), without=args.without)
    recorded = recorder.record(tokens)
    sites = dump.in_order(recorded, json.loads(config_text), len(tokens), args.without)
    arrays = {site: as_array(values) for site, values in sites.items()}
    dump.write_dump(args.out, arrays, tokens, config_text, f"gpt-oss {torch.__version__} bf16")
    print(f"{args.out}: {len(arrays)} sites, {len(tokens)} tokens")


if __name__ == "__main__":
    main()

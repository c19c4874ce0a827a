#!/usr/bin/env python3
"""Record every activation site of one forward pass of Hugging Face's GptOssForCausalLM.

    hugging_face.py --model DIR --ids 1,2,3 --out run.safetensors --dtype float32

Their files stay as they are. Where a site is a module's input or output, a hook takes it. The
others live in local variables of their code; wrappers, in place during the run only, reach them:

    q_rope, k_rope          `_on_rotary` wraps their rotary function; the values are theirs
    weights                 `_on_attention` wraps their attention function; the values are theirs
    scores, sink_share      recomputed from that function's arguments; softmax of the recomputed
                            scores must give the weights it returned
    gate_up, swiglu,        `_on_experts` recomputes them from the input, ids and weights that the
      expert_out            experts module was called with; their sum must be the module's output

A recomputed site is kept only if what follows from it equals theirs to REPRODUCED, so the sites
stay theirs. The model has to be loaded as in `load_model`: eager attention, unpacked experts.

In bf16 their model rounds otherwise than OpenAI's in two places: attention subtracts the largest
score in bf16 before its softmax, and the experts' outputs are added up in bf16, one by one, by
ascending id. With `--official-order` both are done as OpenAI's model does them.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers.models.gpt_oss import modeling_gpt_oss as hf

import dump

# How far a recomputation may be from theirs, in units of its largest value (at least 1). It is
# done in the same steps, so the difference is 0 unless their code changes.
REPRODUCED = {torch.float64: 1e-9, torch.float32: 1e-5, torch.bfloat16: 0.02, torch.float16: 0.002}

Sites = dict[str, torch.Tensor]                                 # site name -> values, or int32 ids


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """owner.name = value, until the end of the `with`."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


def require_close(what: str, ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Stop unless a recomputation reproduces what their module computed."""
    difference = (ours - theirs).abs().max().item()
    allowed = REPRODUCED[theirs.dtype] * max(1.0, theirs.abs().max().item())
    if not difference <= allowed:
        raise AssertionError(f"{what}: recomputed value is off by {difference}, over {allowed}")


def scores_and_shares(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    subtracts_largest: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """scores (1, heads, T, S) and shares (1, heads, T, S + 1), the sink's last, in their steps."""
    keys = hf.repeat_kv(key, module.num_key_value_groups)       # (1, heads, S, head_dim)
    scores = torch.matmul(query, keys.transpose(2, 3)) * scaling
    if attention_mask is not None:
        hidden = attention_mask == torch.finfo(attention_mask.dtype).min  # (1, 1, T, S)
        scores = scores.masked_fill(hidden, -torch.inf)
    sinks = module.sinks.reshape(1, -1, 1, 1).expand(1, -1, query.shape[-2], -1)
    logits = torch.cat([scores, sinks], dim=-1)
    if subtracts_largest:
        logits = logits - logits.max(dim=-1, keepdim=True).values
    return scores, logits.softmax(-1)


def official_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    **kwargs,
) -> tuple[torch.Tensor, torch.Tensor]:
    """eager_attention_forward without their subtraction: torch's softmax subtracts in float32."""
    _, shares = scores_and_shares(module, query, key, attention_mask, scaling, False)
    weights = shares[..., :-1]
    mix = torch.matmul(weights, hf.repeat_kv(value, module.num_key_value_groups))
    return mix.transpose(1, 2).contiguous(), weights


class Recorder:
    """Collects the sites of one forward pass. Their batch axis (of 1) is dropped everywhere."""

    def __init__(
        self, model: hf.GptOssForCausalLM, official_order: bool = False, without: tuple = ()
    ) -> None:
        self.model = model
        self.official_order = official_order
        self.without = without                                  # ends of site names
        self.sites: Sites = {}
        self.hooks: list = []
        self.rotated_layers = 0

    def record(self, tokens: list[int]) -> Sites:
        """Run `tokens` through the model; return every site."""
        self._require_readable()
        self._place_hooks()
        attention = official_attention if self.official_order else hf.eager_attention_forward
        rotary = hf.apply_rotary_pos_emb
        try:
            with ExitStack() as stack:
                stack.enter_context(torch.no_grad())
                stack.enter_context(replaced(hf, "apply_rotary_pos_emb", self._on_rotary(rotary)))
                wrapped = self._on_attention(attention)
                stack.enter_context(replaced(hf, "eager_attention_forward", wrapped))
                self.model(
                    input_ids=torch.tensor([tokens], device=self.model.device), use_cache=False
                )
        finally:
            for hook in self.hooks:
                hook.remove()
        return self.sites

    def keep(self, site: str, value: torch.Tensor) -> None:
        if site.endswith(self.without):
            return
        if site in self.sites:
            raise AssertionError(f"{site}: reached twice in one pass")
        self.sites[site] = value.detach().clone()

    def _require_readable(self) -> None:
        attention = self.model.config._attn_implementation
        if attention != "eager":
            raise ValueError(f"attention is {attention!r}: load with attn_implementation='eager'")
        experts = self.model.model.layers[0].mlp.experts
        if not isinstance(experts, hf.GptOssExperts):
            raise ValueError(f"experts are {type(experts).__name__}: load with "
                             "quantization_config=Mxfp4Config(dequantize=True)")

    # -- modules whose input or output is a site

    def _place_hooks(self) -> None:
        model = self.model.model
        self._keep_output("embedding", model.embed_tokens)
        for index, layer in enumerate(model.layers):
            block = f"block.{index}"
            attention, mlp = layer.self_attn, layer.mlp
            self._keep_output(f"{block}.attn.norm", layer.input_layernorm)
            self._keep_output(f"{block}.attn.q", attention.q_proj)
            self._keep_output(f"{block}.attn.k", attention.k_proj)
            self._keep_output(f"{block}.attn.v", attention.v_proj)
            self._keep_input(f"{block}.attn.mix", attention.o_proj)
            self._keep_output(f"{block}.attn.out", attention.o_proj)
            self._keep_input(f"{block}.attn.residual", layer.post_attention_layernorm)
            self._keep_output(f"{block}.mlp.norm", layer.post_attention_layernorm)
            self.hooks.append(mlp.router.register_forward_hook(self._on_router(f"{block}.mlp")))
            self.hooks.append(mlp.experts.register_forward_hook(self._on_experts(f"{block}.mlp")))
            self._keep_output(f"{block}.mlp.residual", layer)
        self._keep_output("final_norm", model.norm)
        self._keep_output("logits", self.model.lm_head)

    def _keep_output(self, site: str, module: torch.nn.Module) -> None:
        def hook(module, args, output):
            self.keep(site, output[0])                          # (1, T, n) -> (T, n)

        self.hooks.append(module.register_forward_hook(hook))

    def _keep_input(self, site: str, module: torch.nn.Module) -> None:
        def hook(module, args):
            self.keep(site, args[0][0])                         # (1, T, n) -> (T, n)

        self.hooks.append(module.register_forward_pre_hook(hook))

    # -- attention

    def _on_rotary(self, original: Callable) -> Callable:
        """Keep q_rope and k_rope. The function does not know its layer; layers come in order."""

        def rotary(q, k, cos, sin, **kwargs):
            q_rope, k_rope = original(q, k, cos, sin, **kwargs)  # (1, heads, T, head_dim)
            block = f"block.{self.rotated_layers}"
            self.keep(f"{block}.attn.q_rope", q_rope[0].transpose(0, 1).flatten(1))
            self.keep(f"{block}.attn.k_rope", k_rope[0].transpose(0, 1).flatten(1))
            self.rotated_layers += 1
            return q_rope, k_rope

        return rotary

    def _on_attention(self, original: Callable) -> Callable:
        """Keep weights; recompute scores and sink_share."""

        def attention(module, query, key, value, attention_mask, **kwargs):
            output, weights = original(module, query, key, value, attention_mask, **kwargs)
            scores, shares = scores_and_shares(
                module, query, key, attention_mask, kwargs["scaling"], not self.official_order
            )
            block = f"block.{module.layer_idx}"
            require_close(f"{block}.attn.weights", shares[..., :-1], weights)
            self.keep(f"{block}.attn.scores", scores[0])
            self.keep(f"{block}.attn.weights", weights[0])
            self.keep(f"{block}.attn.sink_share", shares[0, ..., -1].transpose(0, 1))
            return output, weights

        return attention

    # -- mixture of experts

    def _on_router(self, prefix: str) -> Callable:
        """Keep logits, ids and weights; check logits[t] = W x[t] + b and the order of the ids."""

        def hook(router, args, output):
            logits, weights, ids = output                       # (T, experts), (T, k), (T, k)
            ours = torch.nn.functional.linear(args[0], router.weight, router.bias)
            chosen = logits.gather(-1, ids)
            require_close(f"{prefix}.router_logits", ours, logits)
            if not torch.equal(logits.sort(descending=True).values[:, : router.top_k], chosen):
                raise AssertionError(f"{prefix}.expert_ids: not in descending order of logit")
            self.keep(f"{prefix}.router_logits", logits)
            self.keep(f"{prefix}.expert_ids", ids.to(torch.int32))
            self.keep(f"{prefix}.expert_weights", weights)

        return hook

    def _on_experts(self, prefix: str) -> Callable:
        """Recompute gate_up, swiglu and expert_out from the module's call, expert by expert.

            gate_up[t,j]    = x[t] W1[e] + b1[e]                e = ids[t,j]; Hugging Face stores
            swiglu[t,j]     = g * sigmoid(alpha g) * (u + 1)    (in, out), hence x W and not W x
            expert_out[t,j] = swiglu[t,j] W2[e] + b2[e]         g, u: even and odd gate_up, clamped
            out[t]          = sum_j weights[t,j] expert_out[t,j]
        """

        def hook(experts, args, out):
            x, ids, weights = args                              # (T, hidden), (T, k), (T, k)
            n_tokens, top_k = ids.shape
            gate_up = x.new_empty(n_tokens, top_k, 2 * experts.intermediate_size)
            swiglu = x.new_empty(n_tokens, top_k, experts.intermediate_size)
            expert_out = x.new_empty(n_tokens, top_k, experts.hidden_size)
            total = torch.zeros_like(x)
            for e in ids.unique().tolist():
                j, t = torch.where(ids.T == e)                  # of each row that this expert gets
                gate_up[t, j] = x[t] @ experts.gate_up_proj[e] + experts.gate_up_proj_bias[e]
                gate = gate_up[t, j][..., 0::2].clamp(max=experts.limit)  # above only
                up = gate_up[t, j][..., 1::2].clamp(-experts.limit, experts.limit)
                swiglu[t, j] = (up + 1) * (gate * torch.sigmoid(gate * experts.alpha))
                expert_out[t, j] = swiglu[t, j] @ experts.down_proj[e] + experts.down_proj_bias[e]
                total.index_add_(0, t, expert_out[t, j] * weights[t, j, None])
            require_close(f"{prefix}.out", total, out)
            if self.official_order:
                out = torch.einsum("tjc,tj->tc", expert_out, weights)  # rounded once, at the end
            self.keep(f"{prefix}.gate_up", gate_up)
            self.keep(f"{prefix}.swiglu", swiglu)
            self.keep(f"{prefix}.expert_out", expert_out)
            self.keep(f"{prefix}.out", out)
            return out

        return hook


def load_model(directory: Path, dtype: torch.dtype) -> hf.GptOssForCausalLM:
    """Their model from a checkpoint directory: unpacked to bf16, which is exact, then widened."""
    model = hf.GptOssForCausalLM.from_pretrained(
        directory,
        local_files_only=True,
        dtype=torch.bfloat16,                                   # holds every weight exactly
        attn_implementation="eager",
        experts_implementation="eager",
        quantization_config=transformers.Mxfp4Config(dequantize=True),
    )
    model.eval()
    for parameter in model.parameters():                        # one by one: 20b widths are large
        parameter.requires_grad_(False)
        if dtype != torch.bfloat16:
            parameter.data = parameter.data.to(dtype)
    return model


def as_array(values: torch.Tensor) -> np.ndarray:
    """float32, to which bf16 widens exactly, or integers; numpy has no bf16."""
    return (values.float() if values.is_floating_point() else values).cpu().numpy()


def main() -> None:
    parser = dump.argument_parser(__doc__)
    parser.add_argument("--dtype", choices=("float64", "float32", "bfloat16"), default="float32",
                        help="of the arithmetic (default: float32)")
    parser.add_argument("--official-order", action="store_true",
                        help="round where OpenAI's model does")
    args = parser.parse_args()
    tokens = dump.ids_from(args.ids)
    config_text = (args.model / "config.json").read_text()
    model = load_model(args.model, getattr(torch, args.dtype))
    recorded = Recorder(model, args.official_order, args.without).record(tokens)
    sites = dump.in_order(recorded, json.loads(config_text), len(tokens), args.without)
    arrays = {site: as_array(values) for site, values in sites.items()}
    producer = f"transformers {transformers.__version__} {args.dtype} eager"
    dump.write_dump(args.out, arrays, tokens, config_text, producer)
    print(f"{args.out}: {len(arrays)} sites, {len(tokens)} tokens")


if __name__ == "__main__":
    main()

"""Record every activation site of one forward pass of Hugging Face's GptOssForCausalLM.

Where a site is a module's input or output, a hook takes it. The others live in local variables of
their code; three wrappers, in place during the run only, reach them:

    q_rope, k_rope          `_on_rotary` wraps their rotary function; the values are theirs
    weights                 `_on_attention` wraps their attention function; the values are theirs
    scores, sink_share      recomputed from that function's arguments; softmax of the recomputed
                            scores must give the weights it returned
    router_logits           an output of the router module; recomputed as well, as a check
    gate_up, swiglu,        `_on_experts` recomputes them from the input, ids and weights that the
      expert_out            experts module was called with; their sum must be the module's output

A recomputed site is kept only if what follows from it equals theirs to REPRODUCED (absolute), so
the sites stay theirs.
"""

from collections.abc import Callable

import torch
from transformers.models.gpt_oss import modeling_gpt_oss as hf

from hf_model import replaced

REPRODUCED = 1e-9

LAYER_SITES = [
    "attn.norm", "attn.q", "attn.k", "attn.v", "attn.q_rope", "attn.k_rope", "attn.scores",
    "attn.weights", "attn.sink_share", "attn.mix", "attn.out", "attn.residual",
    "mlp.norm", "mlp.router_logits", "mlp.expert_ids", "mlp.expert_weights", "mlp.gate_up",
    "mlp.swiglu", "mlp.expert_out", "mlp.out", "mlp.residual",
]

Sites = dict[str, torch.Tensor]                                 # site name -> float64, or int32 ids


def site_shapes(config: dict, n_tokens: int) -> dict[str, tuple[int, ...]]:
    """Every site of a run over n_tokens tokens from position 0, in the forward pass's order."""
    hidden = config["hidden_size"]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    head_dim, inter = config["head_dim"], config["intermediate_size"]
    experts, top_k = config["num_local_experts"], config["num_experts_per_tok"]
    last = {                                                    # extents after T
        "attn.q": (heads * head_dim,), "attn.q_rope": (heads * head_dim,),
        "attn.k": (kv_heads * head_dim,), "attn.k_rope": (kv_heads * head_dim,),
        "attn.v": (kv_heads * head_dim,), "attn.sink_share": (heads,),
        "attn.mix": (heads * head_dim,), "mlp.router_logits": (experts,),
        "mlp.expert_ids": (top_k,), "mlp.expert_weights": (top_k,),
        "mlp.gate_up": (top_k, 2 * inter), "mlp.swiglu": (top_k, inter),
        "mlp.expert_out": (top_k, hidden),
    }
    shapes: dict[str, tuple[int, ...]] = {"embedding": (n_tokens, hidden)}
    for layer in range(config["num_hidden_layers"]):
        for site in LAYER_SITES:
            shape = (n_tokens, *last.get(site, (hidden,)))
            if site in ("attn.scores", "attn.weights"):
                shape = (heads, n_tokens, n_tokens)
            shapes[f"block.{layer}.{site}"] = shape
    shapes["final_norm"] = (n_tokens, hidden)
    shapes["logits"] = (n_tokens, config["vocab_size"])
    return shapes


def require_close(what: str, ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Stop unless a recomputation reproduces what their module computed."""
    difference = (ours - theirs).abs().max().item()
    if not difference <= REPRODUCED:
        raise AssertionError(f"{what}: recomputed value is off by {difference}, over {REPRODUCED}")


class Recorder:
    """Collects the sites of one forward pass. Their batch axis (of 1) is dropped everywhere."""

    def __init__(self, model: hf.GptOssForCausalLM) -> None:
        self.model = model
        self.sites: Sites = {}
        self.hooks: list = []
        self.rotated_layers = 0

    def record(self, tokens: list[int]) -> Sites:
        """Run `tokens` through the model; return every site."""
        self.place_hooks()
        rotary, attention = hf.apply_rotary_pos_emb, hf.eager_attention_forward
        try:
            with (
                torch.no_grad(),
                replaced(hf, "apply_rotary_pos_emb", self._on_rotary(rotary)),
                replaced(hf, "eager_attention_forward", self._on_attention(attention)),
            ):
                self.model(input_ids=torch.tensor([tokens]), use_cache=False)
        finally:
            for hook in self.hooks:
                hook.remove()
        return self.sites

    def keep(self, site: str, value: torch.Tensor) -> None:
        if site in self.sites:
            raise AssertionError(f"{site}: reached twice in one pass")
        self.sites[site] = value.detach().clone()

    # -- modules whose input or output is a site

    def place_hooks(self) -> None:
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
        """Keep weights; recompute scores[h,t,s] = q[h,t] . k[g,s] * scaling, and sink_share."""

        def attention(module, query, key, value, attention_mask, **kwargs):
            output, weights = original(module, query, key, value, attention_mask, **kwargs)

            block = f"block.{module.layer_idx}"
            keys = key[0].repeat_interleave(module.num_key_value_groups, dim=0)  # (heads, S, d)
            scores = query[0] @ keys.transpose(1, 2) * kwargs["scaling"]  # (heads, T, S)
            hidden = attention_mask[0] == torch.finfo(torch.float64).min  # (1, T, S)
            scores = scores.masked_fill(hidden, -torch.inf)
            sinks = module.sinks[:, None, None].expand(-1, scores.shape[1], 1)  # (heads, T, 1)
            shares = torch.cat([scores, sinks], dim=-1).softmax(-1)  # (heads, T, S + 1)

            require_close(f"{block}.attn.weights", shares[..., :-1], weights[0])
            require_close(f"{block}.attn.sink_share", shares[..., -1], 1 - weights[0].sum(-1))
            self.keep(f"{block}.attn.scores", scores)
            self.keep(f"{block}.attn.weights", weights[0])
            self.keep(f"{block}.attn.sink_share", shares[..., -1].transpose(0, 1))
            return output, weights

        return attention

    # -- mixture of experts

    def _on_router(self, prefix: str) -> Callable:
        """Keep logits, ids and weights; check logits[t] = W x[t] + b and the order of the ids."""

        def hook(router, args, output):
            logits, weights, ids = output                       # (T, experts), (T, k), (T, k)
            ours = args[0] @ router.weight.T + router.bias
            order = logits.argsort(dim=-1, descending=True, stable=True)  # ties: the lower id first
            require_close(f"{prefix}.router_logits", ours, logits)
            if not torch.equal(order[:, : router.top_k], ids):
                raise AssertionError(f"{prefix}.expert_ids: not in descending order of logit")
            self.keep(f"{prefix}.router_logits", logits)
            self.keep(f"{prefix}.expert_ids", ids.to(torch.int32))
            self.keep(f"{prefix}.expert_weights", weights)

        return hook

    def _on_experts(self, prefix: str) -> Callable:
        """Recompute gate_up, swiglu and expert_out for each token and rank from the module's call.

            gate_up[t,j]    = x[t] W1[e] + b1[e]                e = ids[t,j]; Hugging Face stores
            swiglu[t,j]     = g * sigmoid(alpha g) * (u + 1)    (in, out), hence x W and not W x
            expert_out[t,j] = swiglu[t,j] W2[e] + b2[e]         g, u: even and odd gate_up, clamped
            out[t]          = sum_j weights[t,j] expert_out[t,j]
        """

        def hook(experts, args, out):
            x, ids, weights = args                              # (T, hidden), (T, k), (T, k)
            n_tokens, top_k = ids.shape
            gate_up = x.new_empty(n_tokens, top_k, 2 * experts.intermediate_size)
            expert_out = x.new_empty(n_tokens, top_k, experts.hidden_size)
            swiglu = x.new_empty(n_tokens, top_k, experts.intermediate_size)
            for t in range(n_tokens):
                for j, e in enumerate(ids[t].tolist()):
                    gate_up[t, j] = x[t] @ experts.gate_up_proj[e] + experts.gate_up_proj_bias[e]
                    gate = gate_up[t, j, 0::2].clamp(max=experts.limit)  # above only
                    up = gate_up[t, j, 1::2].clamp(-experts.limit, experts.limit)
                    swiglu[t, j] = gate * torch.sigmoid(experts.alpha * gate) * (up + 1)
                    expert_out[t, j] = swiglu[t, j] @ experts.down_proj[e]
                    expert_out[t, j] += experts.down_proj_bias[e]
            require_close(f"{prefix}.out", (weights[..., None] * expert_out).sum(1), out)
            self.keep(f"{prefix}.gate_up", gate_up)
            self.keep(f"{prefix}.swiglu", swiglu)
            self.keep(f"{prefix}.expert_out", expert_out)
            self.keep(f"{prefix}.out", out)

        return hook


def record(model: hf.GptOssForCausalLM, config: dict, tokens: list[int]) -> Sites:
    """Every site of one forward pass over `tokens`, in order, each checked for shape and type."""
    recorded = Recorder(model).record(tokens)
    shapes = site_shapes(config, len(tokens))
    if set(recorded) != set(shapes):
        raise AssertionError(f"sites missing or unknown: {set(recorded) ^ set(shapes)}")
    for site, shape in shapes.items():
        dtype = torch.int32 if site.endswith("expert_ids") else torch.float64
        got = (recorded[site].dtype, tuple(recorded[site].shape))
        if got != (dtype, shape):
            raise AssertionError(f"{site}: recorded as {got}, expected {(dtype, shape)}")
        if recorded[site].isnan().any():
            raise AssertionError(f"{site}: holds NaN")
    return {site: recorded[site] for site in shapes}

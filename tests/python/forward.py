"""The forward pass in Python, a line per op, as model/transformer.hpp has it."""
import numpy as np


def forward(w, c, ids, ops):
    """Yields (name of the site, array) for all 24 sites of a prompt in one pass."""
    t, at = np.asarray(ids, np.int32), np.arange(len(ids), dtype=np.int32)
    x = ops.embed(t, w.embedding)
    yield "embedding", x
    table = ops.rope_table(c, at)
    for l, layer in enumerate(w.layers):
        a, m = layer.attn, layer.mlp
        norm = ops.rmsnorm(x, a.norm_gain, c.eps)
        q, k, v = (ops.linear(norm, *p) for p in ((a.q, a.q_bias), (a.k, a.k_bias), (a.v, a.v_bias)))
        q_rope, k_rope = ops.rope(q, table), ops.rope(k, table)
        keys, values = np.empty_like(k), np.empty_like(v)
        ops.cache_store(k_rope, at, keys)
        ops.cache_store(v, at, values)
        mix, scores, weights, share = ops.attend(q_rope, keys, values, a.sinks, at, c.window(l), True)
        out = ops.linear(mix, a.out, a.out_bias)
        y = ops.add_residual(x, out)
        mlp_norm = ops.rmsnorm(y, m.norm_gain, c.eps)
        router_logits = ops.linear(mlp_norm, m.router, m.router_bias)
        chosen, expert_weights = ops.route(router_logits, c.top_k)
        gate_up = ops.expert_linear(mlp_norm, "per_token", chosen, m.gate_up, m.gate_up_bias)
        swiglu = ops.swiglu(gate_up, c.swiglu_limit)
        expert_out = ops.expert_linear(swiglu, "per_rank", chosen, m.down, m.down_bias)
        mlp_out = ops.combine(expert_out, expert_weights)
        x = ops.add_residual(y, mlp_out)
        for name, value in dict(norm=norm, q=q, k=k, v=v, q_rope=q_rope, k_rope=k_rope, mix=mix,
                                scores=scores, weights=weights, sink_share=share, out=out,
                                residual=y).items():
            yield f"block.{l}.attn.{name}", value
        for name, value in dict(norm=mlp_norm, router_logits=router_logits, expert_ids=chosen,
                                expert_weights=expert_weights, gate_up=gate_up, swiglu=swiglu,
                                expert_out=expert_out, out=mlp_out, residual=x).items():
            yield f"block.{l}.mlp.{name}", value
    final_norm = ops.rmsnorm(x, w.final_norm_gain, c.eps)
    yield "final_norm", final_norm
    yield "logits", ops.unembed(final_norm, w.unembedding)

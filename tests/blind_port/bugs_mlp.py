"""Mistakes in router, experts and activation."""
import numpy as np
from plant import around, bug, each

F = np.float32


def soft(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(F)


def sigmoid(x):
    return (1 / (1 + np.exp(-x))).astype(F)


def picked(x, ids):
    return np.take_along_axis(x, ids, -1)


@bug("softmax over all experts, the chosen ones not normalised")
def router_softmax_over_all(p):
    p.weigh = lambda g, ids: p.r(picked(soft(g), ids))

@bug("softmax over all experts, then the chosen ones normalised: right")
def router_softmax_then_normalised(p):
    p.weigh = lambda g, ids: (lambda w: p.r(w / w.sum(-1, keepdims=True)))(picked(soft(g), ids))

@bug("expert weights are sigmoids, as in Llama 4")
def router_sigmoid(p):
    p.weigh = lambda g, ids: p.r(sigmoid(picked(g, ids)))

@bug("expert weights are sigmoids normalised to 1, as in DeepSeek V3")
def router_sigmoid_normalised(p):
    p.weigh = lambda g, ids: (lambda w: p.r(w / w.sum(-1, keepdims=True)))(sigmoid(picked(g, ids)))

@bug("the last of the chosen experts is lost")
def router_one_expert_less(p):
    p.top_k -= 1

@bug("one expert too many")
def router_one_expert_more(p):
    p.top_k += 1

@bug("two experts only, as in Mixtral")
def router_two_experts(p):
    p.top_k = 2

@bug("one expert only")
def router_top_one(p):
    p.top_k = 1

@bug("the experts with the smallest logits are chosen")
def router_smallest(p):
    p.choose = lambda g: np.argsort(g, -1, kind="stable")[:, :p.top_k]

@bug("experts are chosen without the bias, weighed with it")
def router_bias_not_in_choice(p):
    around(p, "choose", lambda right: lambda g: right(g - p.blocks[p.layer].router_bias))

@bug("the bias chooses, and is not in the weights, as in DeepSeek V3")
def router_bias_in_choice_only(p):
    around(p, "weigh", lambda right: lambda g, ids: right(g - p.blocks[p.layer].router_bias, ids))

@bug("all chosen experts weigh the same")
def router_uniform(p):
    p.weigh = lambda g, ids: np.full(ids.shape, 1 / ids.shape[1], F)

@bug("weights and experts are paired in opposite order")
def router_weights_reversed(p):
    around(p, "weigh", lambda right: lambda g, ids: right(g, ids)[:, ::-1])

@bug("the experts are sorted by their id, their weights stay sorted by size")
def router_ids_sorted_alone(p):
    keep = {}
    def wrap(right):
        def choose(g):
            keep["ids"] = right(g)
            return np.sort(keep["ids"], -1)
        return choose
    around(p, "choose", wrap)
    around(p, "weigh", lambda right: lambda g, ids: right(g, keep["ids"]))

@bug("weights are multiplied by 2.5, as in DeepSeek's routed_scaling_factor")
def router_scaled(p):
    around(p, "weigh", lambda right: lambda g, ids: p.r(right(g, ids) * F(2.5)))

@bug("the router's softmax has temperature K")
def router_temperature(p):
    around(p, "weigh", lambda right: lambda g, ids: right(g / F(p.top_k), ids))

@bug("the router reads the residual, not the normed one")
def router_reads_residual(p):
    keep = {}
    def wrap(mlp):
        def wrong(b, x, see):
            keep["x"] = x
            return mlp(b, x, see)
        return wrong
    around(p, "mlp", wrap)
    around(p, "route_logits", lambda right: lambda b, t: right(b, keep["x"]))

@bug("the router reads the attention's norm")
def router_reads_attention_norm(p):
    keep = {}
    def wrap(attention):
        def wrong(b, x, see):
            keep["t"] = p.norm(x, b.attn_gain)
            return attention(b, x, see)
        return wrong
    around(p, "attention", wrap)
    around(p, "route_logits", lambda right: lambda b, t: right(b, keep["t"]))

@bug("all tokens go where the first one goes")
def router_first_token_for_all(p):
    around(p, "choose", lambda right: lambda g: np.repeat(right(g)[:1], len(g), 0))

@bug("all tokens of the second half go where the last one goes, as in a batched decode kernel")
def router_last_token_for_chunk(p):
    def wrap(right):
        def choose(g):
            ids, n = right(g), len(g) // 2
            ids[n:] = ids[-1]
            return ids
        return choose
    around(p, "choose", wrap)

@bug("tokens get the weights of the token before")
def router_weights_of_token_before(p):
    around(p, "weigh", lambda right: lambda g, ids: np.roll(right(g, ids), 1, 0))

@bug("experts have a capacity: a token beyond it loses the expert")
def expert_capacity(p):
    def wrap(combine):
        def limited(z, w):
            room = max(1, w.size // p.n_experts)
            count, w = np.zeros(p.n_experts, int), w.copy()
            for t, row in enumerate(p.ids):
                for k, e in enumerate(row):
                    count[e] += 1
                    w[t, k] *= count[e] <= room
            return combine(z, w)
        return limited
    def watch(right):
        def choose(g):
            p.ids = right(g)
            return p.ids
        return choose
    around(p, "choose", watch)
    around(p, "combine", wrap)

@bug("router logits are rounded to BF16 while all else is float32")
def router_in_bf16(p):
    from port import to_bf16
    around(p, "route_logits", lambda right: lambda b, t: to_bf16(right(b, t)))

@bug("the experts' outputs are summed without weights")
def combine_unweighted(p):
    p.combine = lambda z, w: p.r(z.sum(1))

@bug("the experts' outputs are averaged")
def combine_mean(p):
    p.combine = lambda z, w: p.r(z.mean(1))

@bug("the weights are applied twice")
def combine_weights_squared(p):
    around(p, "combine", lambda right: lambda z, w: right(z, w * w))

@bug("the weights multiply the experts' input, not their output")
def weights_on_input(p):
    keep = {}
    def wrap(weigh):
        def watch(g, ids):
            keep["w"] = weigh(g, ids)
            return keep["w"]
        return watch
    around(p, "weigh", wrap)
    p.up = lambda b, t, ids: p.expert_linear(p.r(t[:, None] * keep["w"][..., None]), b.w1[ids], b.b1[ids])
    p.combine = lambda z, w: p.r(z.sum(1))

@bug("the weights multiply the activation, so mlp2's bias is unweighted")
def weights_before_down(p):
    keep = {}
    def wrap(weigh):
        def watch(g, ids):
            keep["w"] = weigh(g, ids)
            return keep["w"]
        return watch
    around(p, "weigh", wrap)
    around(p, "down", lambda right: lambda b, y, ids: right(b, p.r(y * keep["w"][..., None]), ids))
    p.combine = lambda z, w: p.r(z.sum(1))

@bug("mlp2's bias is added after the weighted sum, unweighted")
def down_bias_outside(p):
    keep = {}
    def down(b, y, ids):
        keep["bias"] = b.b2[ids]
        return p.expert_linear(y, b.w2[ids], F(0))
    p.down = down
    p.combine = lambda z, w: p.r((z * w[..., None] + keep["bias"]).sum(1))

@bug("the best expert's output alone is used, weighted")
def combine_first_only(p):
    p.combine = lambda z, w: p.r(z[:, 0] * w[:, :1])

@bug("a shared first expert is added for every token")
def shared_expert(p):
    def wrap(mlp):
        def more(b, x, see):
            out = mlp(b, x, lambda *a: a[1] if a[0] == "mlp.out" else see(*a))
            t, ids = p.norm(x, b.mlp_gain), np.zeros((len(x), 1), int)
            return see("mlp.out", p.r(out + p.down(b, p.swiglu(p.up(b, t, ids)), ids)[:, 0]))
        return more
    around(p, "mlp", wrap)

@bug("the activation takes the first half of the rows for the gate, the second for up")
def activation_halves(p):
    p.split = lambda h: (h[..., :h.shape[-1] // 2], h[..., h.shape[-1] // 2:])

@bug("the activation takes up for gate and gate for up")
def activation_swapped(p):
    around(p, "split", lambda split: lambda h: split(h)[::-1])

@bug("alpha is 1: SiLU")
def activation_silu(p):
    p.alpha = F(1)

@bug("alpha is 1.702 rounded to BF16, 1.703125")
def activation_alpha_bf16(p):
    p.alpha = F(1.703125)

@bug("alpha is 1.072")
def activation_alpha_typo(p):
    p.alpha = F(1.072)

@bug("GELU by its tanh formula in place of the sigmoid")
def activation_gelu_tanh(p):
    p.gated = lambda a: p.r(0.5 * a * (1 + np.tanh(np.sqrt(2 / np.pi) * (a + 0.044715 * a ** 3))))

@bug("ReLU in place of the sigmoid")
def activation_relu(p):
    p.gated = lambda a: np.maximum(a, F(0))

@bug("the gate is a bare sigmoid, not multiplied by the gate")
def activation_bare_sigmoid(p):
    p.gated = lambda a: p.r(sigmoid(p.alpha * a))

@bug("nothing is clamped")
def clamp_dropped(p):
    p.clamp = lambda a, b: (a, b)

@bug("the gate is not clamped, up is")
def clamp_not_on_gate(p):
    p.clamp = lambda a, b: (a, np.clip(b, -p.limit, p.limit))

@bug("up is not clamped, the gate is")
def clamp_not_on_up(p):
    p.clamp = lambda a, b: (np.minimum(a, p.limit), b)

@bug("the gate is clamped from below too")
def clamp_gate_two_sided(p):
    p.clamp = lambda a, b: (np.clip(a, -p.limit, p.limit), np.clip(b, -p.limit, p.limit))

@bug("up is clamped from above only")
def clamp_up_one_sided(p):
    p.clamp = lambda a, b: (np.minimum(a, p.limit), np.minimum(b, p.limit))

@bug("the clamp comes after the activation")
def clamp_after(p):
    p.clamp = lambda a, b: (a, b)
    around(p, "swiglu", lambda right: lambda h: np.clip(right(h), -p.limit, p.limit))

@bug("the limit is 1")
def clamp_limit_one(p):
    p.limit = F(1)

@bug("up lacks its + 1")
def up_plus_one_dropped(p):
    p.swiglu = lambda h: (lambda a, b: p.r(p.gated(a) * b))(*p.clamp(*p.split(h)))

@bug("the + 1 comes before the clamp of up")
def up_plus_one_before_clamp(p):
    def swiglu(h):
        a, b = p.split(h)
        a, b = p.clamp(a, p.r(b + 1))
        return p.r(p.gated(a) * b)
    p.swiglu = swiglu

@bug("the 1 is subtracted from up")
def up_minus_one(p):
    p.swiglu = lambda h: (lambda a, b: p.r(p.gated(a) * p.r(b - 1)))(*p.clamp(*p.split(h)))

@bug("the + 1 is on the gate")
def plus_one_on_gate(p):
    p.swiglu = lambda h: (lambda a, b: p.r(p.r(p.gated(a) + 1) * b))(*p.clamp(*p.split(h)))

@bug("the sigmoid sees the gate before its clamp")
def sigmoid_of_unclamped(p):
    def swiglu(h):
        raw, (a, b) = p.split(h)[0], p.clamp(*p.split(h))
        return p.r(p.r(a * p.r(sigmoid(p.r(p.alpha * raw)))) * p.r(b + 1))
    p.swiglu = swiglu

@bug("the sigmoid is of up, not of the gate")
def sigmoid_of_up(p):
    p.swiglu = lambda h: (lambda a, b: p.r(p.r(a * p.r(sigmoid(p.r(p.alpha * b)))) * p.r(b + 1)))(*p.clamp(*p.split(h)))

@bug("expert inputs are rounded to 8 bits per group of 32, as llama.cpp does")
def expert_input_q8(p):
    def q8(x):
        g = x.reshape(*x.shape[:-1], -1, 32)
        d = np.maximum(np.abs(g).max(-1, keepdims=True) / 127, F(1e-30))
        return (np.round(g / d) * d).astype(F).reshape(x.shape)
    around(p, "expert_linear", lambda right: lambda x, w, b: right(q8(x), w, b))

@bug("expert inputs are quantised to MXFP4 too")
def expert_input_fp4(p):
    def fp4(x):
        g = x.reshape(*x.shape[:-1], -1, 32)
        d = np.exp2(np.floor(np.log2(np.maximum(np.abs(g).max(-1, keepdims=True), F(1e-30)))) - 2)
        grid = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], F)
        i = np.abs(np.abs(g / d)[..., None] - grid).argmin(-1)
        return (np.sign(g) * grid[i] * d).astype(F).reshape(x.shape)
    around(p, "expert_linear", lambda right: lambda x, w, b: right(fp4(x), w, b))

@bug("the outputs of mlp1 for a token's experts are in one another's place: expert j gets the bias of expert j + 1")
def up_bias_by_slot(p):
    p.up = lambda b, t, ids: p.expert_linear(np.repeat(t[:, None], ids.shape[1], 1), b.w1[ids], b.b1[np.roll(ids, -1, 1)])

@bug("mlp2's bias is that of the slot 0, 1, 2, 3, not of the expert")
def down_bias_by_slot(p):
    def down(b, y, ids):
        return p.expert_linear(y, b.w2[ids], b.b2[np.broadcast_to(np.arange(ids.shape[1]), ids.shape)])
    p.down = down

@bug("the router's bias is twice there")
def router_bias_twice(p):
    each(p, lambda b: setattr(b, "router_bias", b.router_bias * 2))

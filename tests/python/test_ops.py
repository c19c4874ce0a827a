"""The ops one by one: a forward made of them is the model's, and wrong operands are named."""
import numpy as np
import pytest

import gptoss
from forward import forward
from gptoss import ops

MODELS = {"tiny": list(range(1, 40, 3)), "odd": [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233],
          "nano": None}
TABLES = {"scalar": gptoss.ops, "fast": gptoss.fast, "bf16": gptoss.bf16}


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("name", MODELS)
def test_a_forward_of_ops_is_the_trace_bit_for_bit(name, path, prompt):
    model = (gptoss.Model(path=path) if name == "nano" else
             gptoss.Model.synthetic(name, path=path))
    ids = MODELS[name] or prompt
    trace = model.trace(ids, sites="all")
    mine = dict(forward(model.weights, model.config, ids, TABLES[path]))
    assert list(mine) != [] and set(mine) == set(trace)
    assert len({site.split(".", 2)[-1] for site in mine}) == 24
    for site, value in mine.items():
        expected = trace[site]
        assert value.dtype == expected.dtype, site
        assert value.tobytes() == expected.tobytes(), site
    assert trace.attn_q[1].tobytes() == mine["block.1.attn.q"].tobytes()


def test_rmsnorm_worked_by_hand():
    # mean square = (9 + 16) / 2 = 12.5, so 1 / rms = 0.2828427
    y = ops.rmsnorm(np.array([[3, 4]], np.float32), np.array([1, 2], np.float32), 0.0)
    assert y[0] == pytest.approx([0.8485281, 2.2627417], abs=1e-6)


def test_sample_chooses_by_the_uniform():
    logits = np.log(np.array([[1, 2, 1]], np.float32))
    options = gptoss.SamplingOptions(temperature=1)
    assert [ops.sample(logits, options, u) for u in (0.1, 0.5, 0.9)] == [0, 1, 2]
    assert ops.sample(logits, gptoss.SamplingOptions(temperature=0), 0.0) == 1
    with pytest.raises(gptoss.Error, match=r"sample: top_p is 0.0+, expected \(0, 1\]"):
        gptoss.SamplingOptions(top_p=0)


def test_router_losses_are_their_formulas(nano, prompt):
    logits = np.concatenate(nano.trace(prompt).mlp_router_logits)
    p = np.exp(logits.astype(float))
    p /= p.sum(1, keepdims=True)
    chosen = np.argsort(-logits, axis=1, kind="stable")[:, :4]
    f = np.bincount(chosen.ravel(), minlength=16) / len(logits)
    assert gptoss.balance_loss(logits, 4) == pytest.approx(16 * (f * p.mean(0)).sum(), rel=1e-9)
    z = np.log(np.exp(logits.astype(float)).sum(1))
    assert gptoss.z_loss(logits) == pytest.approx((z ** 2).mean(), rel=1e-9)


# --- Operands -----------------------------------------------------------------------------------

X = np.ones((2, 4), np.float32)
GAIN = np.ones(4, np.float32)
DTYPES = {
    "float64": (X.astype(float), r"rmsnorm: x is float64 \(2, 4\), expected float32;"),
    "another byte order": (X.astype(">f4"), r"rmsnorm: x is >f4 \(2, 4\), expected float32;"),
    "float16": (X.astype(np.float16), r"rmsnorm: x is float16 \(2, 4\), expected float32;"),
    "a list": ([[1.0]], r"rmsnorm: x is list, expected a numpy array of float32 \(rows, cols\)"),
}
LAYOUTS = {
    "a transpose": (X.T, r"rmsnorm: x is \(4, 2\) with gaps or in another order, expected row"),
    "gaps": (np.ones((2, 8), np.float32)[:, ::2], r"rmsnorm: x is \(2, 4\) with gaps"),
    "one dimension": (GAIN, r"rmsnorm: x is \(4,\), expected \(rows, cols\)"),
    "another extent": (X[:, :3].copy(), r"rmsnorm: gain has 4 elements, expected 3"),
}


@pytest.mark.parametrize("case", DTYPES)
def test_another_dtype_is_a_type_error(case):
    array, message = DTYPES[case]
    with pytest.raises(TypeError, match=message):
        ops.rmsnorm(array, GAIN, 1e-5)


@pytest.mark.parametrize("case", LAYOUTS)
def test_another_layout_is_a_value_error(case):
    array, message = LAYOUTS[case]
    with pytest.raises(ValueError, match=message):
        ops.rmsnorm(array, GAIN, 1e-5)


def test_what_would_read_or_write_outside_is_refused(nano):
    w = nano.weights.layers[0].mlp
    x = np.zeros((1, 96), np.float32)
    with pytest.raises(ValueError, match=r"expert_linear: ids\[0, 0\] is 16, expected 0 <= id < 16"):
        ops.expert_linear(x, "per_token", np.array([[16]], np.int32), w.gate_up, w.gate_up_bias)
    with pytest.raises(ValueError, match=r"cache_store: positions\[0\] is -1, expected 0 or more"):
        ops.cache_store(x, np.array([-1], np.int32), x.copy())
    with pytest.raises(ValueError, match=r"embed: ids\[0\] is 1034, expected 0 <= id < 1034"):
        ops.embed(np.array([1034], np.int32), nano.weights.embedding)
    with pytest.raises(ValueError, match="route: top_k is 0, expected 1 or more"):
        ops.route(x, 0)
    with pytest.raises(ValueError, match="route: logits.cols is 96, expected at least 97"):
        ops.route(x, 97)
    frozen = x.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="cache_store: cache is read-only, expected a writable array"):
        ops.cache_store(x, np.array([0], np.int32), frozen)


def test_a_matrix_may_be_stored_in_several_ways(nano):
    w = nano.weights.layers[0].attn
    x = np.ones((1, 96), np.float32)
    y = ops.linear(x, w.q, w.q_bias)
    assert ops.linear(x, w.q.view(np.uint16), w.q_bias).tobytes() == y.tobytes()
    assert ops.linear(x, w.q.astype(np.float32), w.q_bias).tobytes() == y.tobytes()  # widened exactly
    half = np.ones((2, 96), np.float16)
    assert ops.linear(x, half, np.zeros(2, np.float32)).tolist() == [[96, 96]]
    with pytest.raises(TypeError, match=r"linear: w is float64 \(512, 96\), expected bfloat16 \(or its"):
        ops.linear(x, w.q.astype(float), w.q_bias)


def test_docstrings_are_the_headers_top_blocks():
    assert gptoss.ops.rmsnorm.__doc__.splitlines()[2].startswith("RMSNorm: bring every token vector")
    assert "Pitfalls eps goes inside the root" in gptoss.fast.rmsnorm.__doc__


# --- Experts ------------------------------------------------------------------------------------

def test_experts_decode_and_can_be_made():
    codes = np.zeros((1, 2, 1, 16), np.uint8)
    codes[0, 0, 0, 0] = 0x72   # the low nibble first: 1.0, 6.0
    codes[0, 1, 0, 0] = 0x9A   # -1.0, -0.5
    experts = gptoss.Experts(codes, np.array([[[127], [128]]], np.uint8))
    assert experts.decode(0)[:, :2].tolist() == [[1.0, 6.0], [-2.0, -1.0]]
    assert (experts.n_experts, experts.rows, experts.cols) == (1, 2, 32)
    with pytest.raises(ValueError, match="decode: expert is 1, expected 0 <= expert < 1"):
        experts.decode(1)
    with pytest.raises(ValueError, match=r"Experts: scales is \(1, 1, 1\), expected \(1, 2, 1\)"):
        gptoss.Experts(codes, np.zeros((1, 1, 1), np.uint8))

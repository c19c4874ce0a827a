"""Models: weights are views, runs are the tool's, edits do what they say."""
import gc
import json
import re
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import gptoss

NANO = Path(gptoss.__file__).parent / "data" / "nano"


# --- Weights ------------------------------------------------------------------------------------

def mappings(file):
    """The addresses at which this process has the file mapped."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        match = re.match(r"(\w+)-(\w+) .* (/.*)", line)
        if match and Path(match[3]).resolve() == file.resolve():
            yield int(match[1], 16), int(match[2], 16)


def address(array):
    return array.__array_interface__["data"][0]


def test_matrices_lie_in_the_mapped_file(nano):
    w = nano.weights
    layer = w.layers[3]
    for array in (w.embedding, w.unembedding, layer.attn.q, layer.mlp.router,
                  layer.mlp.gate_up.codes, layer.mlp.down.scales):
        begin = address(array)
        assert any(first <= begin and begin + array.nbytes <= end
                   for first, end in mappings(NANO / "model.safetensors"))
        assert not array.flags.writeable


def test_the_same_field_is_the_same_memory(nano):
    assert address(nano.weights.layers[0].attn.sinks) == address(nano.weights.layers[0].attn.sinks)
    assert nano.weights.layers[0].attn.sinks.dtype == np.float32
    assert nano.weights.layers[0].attn.q.dtype.name == "bfloat16"


def test_weights_are_those_of_the_file(nano):
    import json
    raw = (NANO / "model.safetensors").read_bytes()
    n = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + n])
    begin, end = header["model.layers.2.self_attn.q_proj.weight"]["data_offsets"]
    assert nano.weights.layers[2].attn.q.tobytes() == raw[8 + n + begin:8 + n + end]


def test_an_array_keeps_its_model_alive():
    model = gptoss.Model.synthetic("tiny")
    q, bias = model.weights.layers[0].attn.q, model.weights.layers[0].attn.q_bias
    codes, experts = model.weights.layers[0].mlp.down.codes, model.weights.layers[0].mlp.down
    trace = model.trace([1, 2, 3])
    norm = trace.attn_norm[0]
    copies = [array.copy() for array in (q, bias, codes, norm)]
    decoded = experts.decode(1)
    del model, trace
    gc.collect()
    others = [gptoss.Model.synthetic("tiny", seed=2) for _ in range(3)]  # would reuse the memory
    for array, copy in zip((q, bias, codes, norm), copies):
        assert array.tobytes() == copy.tobytes()
    assert experts.decode(1).tobytes() == decoded.tobytes()
    del others


# --- Runs ---------------------------------------------------------------------------------------

def test_a_trace_is_known_by_names_and_symbols(nano, prompt):
    trace = nano.trace(prompt)
    assert trace.tokens == prompt and trace.config == nano.config and trace.edited == []
    assert np.shares_memory(trace["block.3.attn.q"], trace.attn_q[3])
    assert trace.logits.shape == (len(prompt), 1034)
    assert trace.mlp_gate_up[0].shape == (len(prompt), 4, 128)
    assert len(trace) == 3 + 4 * 19 and next(iter(trace)) == "embedding"
    with pytest.raises(AttributeError, match="has no attn_scores: it was not recorded"):
        trace.attn_scores
    with pytest.raises(KeyError, match="has no block.9.attn.q"):
        trace["block.9.attn.q"]
    with pytest.raises(ValueError, match="site: 'attn_qq' is unknown, .*did you mean"):
        nano.trace(prompt, sites=["attn_qq"])


def test_chunks_and_paths(nano, prompt):
    whole = nano.trace(prompt, sites="all")
    chunks = nano.trace(prompt, sites="all", tokens_per_pass=5)
    assert all(whole[name].tobytes() == chunks[name].tobytes() for name in whole)
    fast = gptoss.Model(path="fast").trace(prompt, sites="all")
    assert gptoss.compare(whole, fast).verdict == "pass"
    assert whole.logits.tobytes() != fast.logits.tobytes()


def test_what_the_model_says(nano):
    answer = nano.ask("What is 17 + 25?")
    assert str(answer) == "17 + 25 = 42." and answer.analysis.startswith("Ones: 7+5=12")
    assert [message["channel"] for message in answer.messages] == ["analysis", "final"]
    assert nano.ask("What is 93 + 81?", effort="low").analysis == "3+1=4, 9+8=17"
    heard = []
    cut = nano.generate("<|start|>user<|message|>", 20, on_token=lambda id: heard.append(id) or len(heard) < 3)
    assert cut.reason == "callback" and cut.ids == heard and len(heard) == 3
    again = [nano.generate(prompt_of(nano), 8, temperature=1.0, seed=5).ids for _ in range(2)]
    assert again[0] == again[1]


def prompt_of(nano):
    return gptoss.harmony.render([{"role": "user", "content": "Say hello to Anna."}], nano.tokenizer)


def test_the_lens_of_the_last_residual_is_the_logits(nano, prompt):
    trace = nano.trace(prompt)
    assert nano.lens(trace.mlp_residual[-1]).tobytes() == trace.logits.tobytes()


def test_threads_run_side_by_side_while_a_trace_computes():
    model = gptoss.Model.synthetic("nano")
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    model.trace([1] * 400, sites=["logits"])
    done.set()
    thread.join()
    assert len(ticks) > 5


@pytest.mark.parametrize("call", ["trace", "generate", "diagnose"])
def test_ctrl_c_is_heard(call):
    # A shell that starts a command in the background has it ignore Ctrl-C, and Python goes by that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    model = gptoss.Model.synthetic("nano")
    dump = model.trace([1] * 300) if call == "diagnose" else None
    calls = {"trace": lambda: model.trace([1] * 20000, sites=["logits"], tokens_per_pass=64),
             "generate": lambda: model.generate([1], 100000),
             "diagnose": lambda: gptoss.diagnose(dump, model)}
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    start = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            calls[call]()
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.perf_counter() - start < 60  # on a machine that is busy with other things


# --- Edits --------------------------------------------------------------------------------------

def sinks_off(site, layer, array):
    if site == "attn_sinks":
        array[:] = -np.inf


def window_off(site, layer, array):
    if site == "attn_window":
        array[:] = 0


@pytest.mark.parametrize("edit, pitfall", [(sinks_off, "sinks_missing"), (window_off, "window_missing")])
def test_an_edit_is_the_pitfall_bit_for_bit(nano, prompt, edit, pitfall):
    edited = nano.trace(prompt, sites="all", edit=edit)
    wrong = nano.trace(prompt, sites="all", pitfall=pitfall)
    right = nano.trace(prompt, sites="all")
    assert set(edited) == set(wrong)
    assert all(edited[name].tobytes() == wrong[name].tobytes() for name in wrong)
    assert edited.logits.tobytes() != right.logits.tobytes()
    n_edited = {"sinks_missing": 4, "window_missing": 2}[pitfall]
    assert len(edited.edited) == n_edited and edited.edited[0].startswith("block.0.attn.")


def test_an_edit_is_what_the_next_op_reads(nano, prompt, tmp_path):
    def without_head_7(site, layer, array):
        if site == "attn_mix" and layer == 0:
            array[:, 7 * 32:8 * 32] = 0

    edited = nano.trace(prompt, edit=without_head_7)
    assert not edited.attn_mix[0][:, 224:256].any()
    attn = nano.weights.layers[0].attn
    assert edited.attn_out[0].tobytes() == gptoss.ops.linear(
        edited.attn_mix[0], attn.out, attn.out_bias).tobytes()
    assert edited.edited == ["block.0.attn.mix"]
    edited.save(tmp_path / "edited.safetensors")
    saved = gptoss.load_dump(tmp_path / "edited.safetensors")
    assert saved.edited == ["block.0.attn.mix"]
    comparison = gptoss.compare(nano.trace(prompt), saved)
    assert comparison.first_divergence == "block.0.attn.mix"
    assert comparison.notes == [f"{saved.name} is an edited run: block.0.attn.mix"]


def test_an_expert_can_be_forced(nano, prompt):
    def expert_3(site, layer, array):
        if site == "mlp_expert_ids" and layer == 1:
            array[:, 0] = 3

    assert (nano.trace(prompt, edit=expert_3).mlp_expert_ids[1][:, 0] == 3).all()

    def no_expert(site, layer, array):
        if site == "mlp_expert_ids":
            array[2, 1] = 16

    with pytest.raises(ValueError, match=r"edit: block.0.mlp.expert_ids\[2, 1\] is 16, expected 0 <="):
        nano.trace(prompt, edit=no_expert)


def test_edits_that_are_mistakes_are_named(nano, prompt):
    with pytest.raises(TypeError, match="edit: the function returned int for embedding, expected None"):
        nano.trace(prompt, edit=lambda site, layer, array: 1)
    with pytest.raises(ZeroDivisionError):
        nano.trace(prompt, edit=lambda site, layer, array: 1 / 0)
    with pytest.raises(ValueError, match="window is 0, so position 0 is seen, but those before"):
        nano.trace(prompt * 2, edit=window_off, tokens_per_pass=8)
    kept = []
    nano.trace(prompt, edit=lambda site, layer, array: kept.append(array))
    assert kept[0].shape == (len(prompt), 96)  # the function's own copy


def test_an_edit_of_nothing_changes_nothing(nano, prompt):
    trace = nano.trace(prompt, edit=lambda site, layer, array: None)
    assert trace.edited == [] and trace.logits.tobytes() == nano.trace(prompt).logits.tobytes()


# --- Bad input ----------------------------------------------------------------------------------

def test_a_directory_that_is_no_model(tmp_path):
    with pytest.raises(ValueError, match="config.json") as error:
        gptoss.Model(tmp_path)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)
    with pytest.raises(ValueError, match="path: 'cuda' is unknown, expected scalar, fast or bf16"):
        gptoss.Model(path="cuda")


def test_a_prompt_longer_than_the_context():
    config = gptoss.Config.preset("tiny")
    config.max_context_length = 8
    model = gptoss.Model.synthetic(config)
    message = "context: 0 tokens and 9 more, expected at most 8 \\(max_context_length\\)"
    with pytest.raises(ValueError, match=message):
        model.trace(range(9), tokens_per_pass=4)
    with pytest.raises(ValueError, match=message):
        model.generate(range(9))
    with pytest.raises(ValueError, match="trace: no tokens, expected at least one"):
        model.trace([])
    with pytest.raises(ValueError, match="the model has no tokenizer: expected token ids, not text"):
        model.trace("text")


# --- Pages --------------------------------------------------------------------------------------

def header_of(page):
    return json.loads(re.search(r'id="run-header">(.*?)</script>', page.html)[1])


def test_a_trace_shows_itself_as_a_page(nano, tmp_path):
    page = nano.trace("7+5=", sites="all").view()
    header = header_of(page)
    assert header["arrays"]["block.1.attn.weights"]["shape"] == [16, 4 * 5 // 2]
    assert [token["text"] for token in header["tokens"]] == ["7", "+", "5", "="]
    assert page._repr_html_().startswith("<iframe sandbox=")
    assert "<script" not in page._repr_html_()                     # escaped: it is an attribute
    page.save(tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == page.html


def test_a_page_of_the_usual_sites_has_no_attention(nano):
    arrays = header_of(nano.trace("7+5=").view(n_prompt=3))["arrays"]
    assert "block.0.attn.weights" not in arrays and "lens.ids" in arrays


def test_a_loaded_dump_needs_its_model(nano, tmp_path):
    trace = nano.trace("7+5=")
    trace.save(tmp_path / "run.safetensors")
    loaded = gptoss.load_dump(tmp_path / "run.safetensors")
    with pytest.raises(ValueError, match=r"expected view\(model\)"):
        loaded.view()
    assert header_of(loaded.view(nano))["arrays"] == header_of(trace.view())["arrays"]

"""Dumps, comparisons, diagnoses, pitfalls."""
import numpy as np
import pytest

import gptoss


def test_a_dump_comes_back_as_it_was(nano, prompt, tmp_path):
    trace = nano.trace(prompt, sites="all")
    trace.save(tmp_path / "run.safetensors")
    dump = gptoss.load_dump(tmp_path / "run.safetensors")
    assert list(dump) == list(trace) and dump.tokens == prompt and dump.config == nano.config
    assert all(dump[name].tobytes() == trace[name].tobytes() for name in trace)
    comparison = gptoss.compare(trace, dump)
    assert comparison.verdict == "pass" and comparison.first_divergence is None
    records = comparison.to_records()
    assert len(records) == len(trace) and records[0]["site"] == "embedding"
    assert all(record["error"] == 0 and record["outcome"] == "ok" for record in records)


def test_arrays_of_another_program(nano, prompt, tmp_path):
    trace = nano.trace(prompt)
    np.savez(tmp_path / "theirs.npz", my_q=trace.attn_q[0], logits=trace.logits.astype(float),
             tokens=np.array(prompt))
    (tmp_path / "map.json").write_text('{"my_q": "block.0.attn.q"}')
    dump = gptoss.load_dump(tmp_path / "theirs.npz", map=tmp_path / "map.json")
    assert list(dump) == ["block.0.attn.q", "logits"]
    assert gptoss.compare(trace, dump, common_only=True).verdict == "pass"
    assert gptoss.load_dump(tmp_path / "theirs.npz").unknown_names == ["my_q"]


@pytest.mark.parametrize("name", ["sinks_missing", "window_long", "swiglu_halves", "gain_plus_one"])
def test_a_planted_mistake_is_named(nano, prompt, name):
    wrong = nano.trace(prompt, pitfall=name)
    diagnosis = gptoss.diagnose(wrong, nano)
    assert diagnosis.verdict == "diverged" and diagnosis.name == name
    assert diagnosis.to_records()[0]["name"] == name
    assert diagnosis.suspects[0].to_records()[0]["site"]


def test_a_right_run_has_no_mistake(nano, prompt):
    diagnosis = gptoss.diagnose(nano.trace(prompt), nano)
    assert diagnosis.verdict == "pass" and diagnosis.name is None and diagnosis.suspects == []


def test_pitfalls_are_known_by_name(nano, prompt):
    assert len(gptoss.pitfalls) == 79
    pitfall = gptoss.pitfalls["window_long"]
    assert pitfall.name == "window_long" and pitfall.first_site == "attn_scores"
    assert pitfall.mistake and pitfall.who and pitfall.symptom and pitfall.visible_from
    with pytest.raises(KeyError, match="window_lang is no pitfall, expected one of: "):
        gptoss.pitfalls["window_lang"]
    with pytest.raises(ValueError, match="down_transposed cannot be made with a model of these"):
        nano.trace(prompt, pitfall="down_transposed")
    bf16 = gptoss.Model(path="bf16")
    right, wrong = bf16.trace(prompt), bf16.trace(prompt, pitfall="plain_rope")
    assert right.attn_q[0].tobytes() == wrong.attn_q[0].tobytes()
    assert right.attn_q_rope[0].tobytes() != wrong.attn_q_rope[0].tobytes()


def test_what_is_no_dump_is_named(nano, tmp_path):
    (tmp_path / "x.safetensors").write_text("no dump")
    with pytest.raises(ValueError, match="x.safetensors: is no dump"):
        gptoss.load_dump(tmp_path / "x.safetensors")
    with pytest.raises(TypeError, match="int is no run, expected a Trace or a dump's path"):
        gptoss.compare(1, 2)
    with pytest.raises(ValueError, match="policy is 'fp8', expected auto, float32, float16 or bf16"):
        gptoss.compare(nano.trace([1]), nano.trace([1]), policy="fp8")


def test_sizes():
    assert gptoss.model_size(gptoss.Config.preset("20b")).total == 20_914_757_184
    assert gptoss.model_size(gptoss.Config.preset("120b")).total == 116_829_156_672
    with pytest.raises(ValueError, match="preset: '21b' is unknown"):
        gptoss.Config.preset("21b")

"""The repository's bodies earn everything, untouched ones nothing, and a cut header has no solution left."""
import pytest

from conftest import total, with_body
from courselib import exercises, headers, rules

NAMES = [exercise.name for exercise in exercises.EXERCISES]


@pytest.mark.parametrize("name", NAMES)
def test_repository_body_scores_100(name, judged):
    report = judged(name, headers.repository_text(exercises.named(name).header))
    assert total(report) == 100, report


@pytest.mark.parametrize("name", NAMES)
def test_untouched_scores_0(name, judged):
    text = headers.cut(exercises.named(name).header)
    assert headers.is_untouched(text, exercises.named(name))
    assert judged(name, text) == {"failed": "not written yet"}


@pytest.mark.parametrize("name", ["rmsnorm", "float_to_bf16", "expert_block"])
def test_a_stub_that_is_compiled_and_run_scores_0(name, judged):
    text = headers.cut(exercises.named(name).header).replace("not written yet", "not yet written")
    report = judged(name, text)
    assert total(report) == 0
    assert "not yet written" in str(report["worked"])


@pytest.mark.parametrize("name", NAMES)
def test_what_is_cut_out_is_gone_and_what_is_left_is_ours(name):
    exercise = exercises.named(name)
    repository = headers.repository_text(exercise.header)
    body = headers.function_text(repository, name).split("\n")
    rest = [line for line in body if line.strip() and line not in headers.function_text(
        headers.cut(exercise.header), name).split("\n")]
    assert rest, "nothing was cut out"
    rules.check(headers.cut(exercise.header), repository)


def test_a_wrong_neighbour_does_not_spoil_an_exercise(judged):
    text = with_body("rope_inv_freq", "    return 2.0f;")
    assert total(judged("rope_table", text)) == 100
    assert 0 <= total(judged("rope_inv_freq", text)) < 100


def test_a_compiler_error_is_told_with_the_students_line(judged):
    text = with_body("rope", "    int x = nonsense;")
    line = 1 + text[: text.index("nonsense")].count("\n")
    report = judged("rope", text)
    assert total(report) == 0
    assert f"theirs.hpp:{line}:" in report["failed"]


def test_the_mistake_in_a_block_is_named(judged):
    text = headers.repository_text("model/attention_block.hpp")
    wrong = text.replace("Ops::add_residual(a.residual_in,", "Ops::add_residual(a.attn_norm,")
    assert wrong != text
    report = judged("attention_block", wrong)
    assert 0 < total(report) < 100
    assert report["place"]["note"].startswith("block.0.attn.residual")
    assert report["place"]["pitfall"] == "attention_residual_normed"

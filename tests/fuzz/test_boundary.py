"""The Python boundary under hypothesis: any text, any bytes, any arrays give an answer or a Python exception,
and the tokenizer agrees with OpenAI's tiktoken, which has the published regex and its own merges.

    build/venv-python/bin/python -m pip install hypothesis tiktoken
    build/venv-python/bin/python -m pytest -q tests/fuzz/test_boundary.py
    GPTOSS_FUZZ_EXAMPLES=100000 ...       examples per test; 200 without it
"""
import base64
import os
import pathlib

import numpy as np
import pytest
import tiktoken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gptoss
from gptoss import harmony, ops

settings.register_profile("ours", max_examples=int(os.environ.get("GPTOSS_FUZZ_EXAMPLES", "200")), deadline=None,
                          suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("ours")

REFUSED = (gptoss.Error, TypeError, ValueError, OverflowError)  # never SystemError, never the end of the process

# openai/tiktoken, tiktoken_ext/openai_public.py, o200k_base (MIT)
O200K = "|".join([
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""\p{N}{1,3}""", r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""", r"""\s*[\r\n]+""", r"""\s+(?!\S)""", r"""\s+"""])

# Texts in which the regex has something to decide, beside any.
TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="aZéßǅʰ東ñ́'sStTlLdD \t\r\n/.,-_0129٣½\u00a0\u2028\u3000🙂\u200d", max_size=60))


@pytest.fixture(scope="module")
def o200k():
    return gptoss.Tokenizer()


@pytest.fixture(scope="module")
def theirs():
    file = pathlib.Path(gptoss.__file__).parent / "data" / "o200k_base.tiktoken"
    lines = [line.split() for line in file.read_bytes().splitlines()]
    return tiktoken.Encoding("o200k", pat_str=O200K, special_tokens={},
                             mergeable_ranks={base64.b64decode(token): int(rank) for token, rank in lines})


@given(text=TEXTS)
def test_encode_is_tiktokens(o200k, theirs, text):
    ids = o200k.encode(text)
    assert ids == theirs.encode_ordinary(text)
    assert o200k.decode(ids) == text


@given(ids=st.lists(st.integers(-2**33, 2**33) | st.integers(0, 201100), max_size=20))
def test_any_ids_decode_or_are_refused(o200k, ids):
    try:
        o200k.decode_bytes(ids)
    except REFUSED:
        assert any(not 0 <= id < 201088 for id in ids) or any(199998 <= id for id in ids)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3))
MESSAGES = st.lists(st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "?"])},
    optional={"content": JSON | st.text(max_size=20), "channel": st.sampled_from(["analysis", "final", "", "x y"]),
              "recipient": st.text(max_size=10), "name": st.text(max_size=10), "tool_calls": JSON}), max_size=4)


@given(messages=MESSAGES)
def test_any_messages_are_rendered_or_refused(o200k, messages):
    try:
        ids = harmony.render(messages, o200k)
    except REFUSED:
        return
    o200k.decode(ids)


@given(ids=st.lists(st.integers(200000, 200020) | st.integers(0, 1000), max_size=30))
def test_any_tokens_are_parsed_or_refused(o200k, ids):
    try:
        harmony.parse(ids, o200k)
    except REFUSED:
        pass


ARRAYS = hnp.arrays(dtype=st.sampled_from([np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8, np.bool_]),
                    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
FLOATS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6))
OPERANDS = ARRAYS | FLOATS | FLOATS.map(lambda a: a[::-1]) | FLOATS.map(np.asfortranarray)
SMALL = st.integers(-2, 8) | st.integers(-2**40, 2**40)
CALLS = {
    "rmsnorm": st.tuples(OPERANDS, OPERANDS, st.floats()), "linear": st.tuples(OPERANDS, OPERANDS, OPERANDS),
    "unembed": st.tuples(OPERANDS, OPERANDS), "embed": st.tuples(OPERANDS, OPERANDS),
    "add_residual": st.tuples(OPERANDS, OPERANDS), "rope": st.tuples(OPERANDS, OPERANDS),
    "combine": st.tuples(OPERANDS, OPERANDS), "swiglu": st.tuples(OPERANDS, st.floats()),
    "route": st.tuples(OPERANDS, SMALL), "cache_store": st.tuples(OPERANDS, OPERANDS, OPERANDS),
    "attend": st.tuples(OPERANDS, OPERANDS, OPERANDS, OPERANDS, OPERANDS, SMALL, st.booleans()),
}


@pytest.mark.filterwarnings("ignore")  # numpy's, of values that overflow
@pytest.mark.parametrize("name", CALLS)
def test_any_operands_give_a_result_or_are_refused(name):
    @given(operands=CALLS[name])
    def call(operands):
        try:
            getattr(ops, name)(*operands)
        except REFUSED:
            pass

    call()


@given(raw=st.binary(max_size=300) | st.sampled_from([b"PK\x03\x04", b"GGUF\x03\0\0\0", b"\x93NUMPY\x01\0"]))
def test_any_file_is_a_dump_or_refused(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(raw)
    try:
        gptoss.compare(path, path)
    except REFUSED:
        pass

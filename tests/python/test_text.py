"""Tokenizer and chat format."""
import pytest

import gptoss
from gptoss import harmony


@pytest.fixture(scope="module")
def o200k():
    return gptoss.Tokenizer()


def test_the_published_tokenizer(o200k):
    assert o200k.encode("Hello, World!") == [13225, 11, 5922, 0]
    assert o200k.decode([13225, 11, 5922, 0]) == "Hello, World!"
    assert o200k.encode_with_special("<|start|>") == [200006] != o200k.encode("<|start|>")
    assert o200k.encode_with_special("<|start|>", allowed=[]) == o200k.encode("<|start|>")
    assert o200k.token(200006) == b"<|start|>" and o200k.special_id("<|end|>") == 200007
    assert o200k.decode_bytes([9552, 237]) == b" \xf0\x9f\x8f"
    with pytest.raises(gptoss.Error, match="token id 300000 is not in the vocabulary"):
        o200k.decode([300000])


def test_a_conversation_there_and_back(o200k):
    messages = [{"role": "user", "content": "What is 2 + 2?"},
                {"role": "assistant", "channel": "analysis", "content": "Simple."},
                {"role": "assistant", "channel": "final", "content": "4"}]
    ids = harmony.render(messages, o200k, next_role=None, keep_analysis=True)
    assert o200k.decode(ids) == (
        "<|start|>user<|message|>What is 2 + 2?<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>Simple.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>4<|end|>")
    assert harmony.parse(ids, o200k) == messages
    assert "Simple" not in o200k.decode(harmony.render(messages, o200k))
    training = harmony.render(messages, o200k, for_training=True)
    assert o200k.decode(training).endswith("<|message|>4<|return|>")


def test_messages_as_openai_writes_them(o200k):
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    theirs = [{"role": "user", "content": "Add."},
              {"role": "assistant", "tool_calls": [call]},
              {"role": "tool", "tool_call_id": "c1", "content": "3"}]
    assert o200k.decode(harmony.render(theirs, o200k)) == (
        "<|start|>user<|message|>Add.<|end|>"
        "<|start|>assistant to=functions.add<|channel|>commentary <|constrain|>json<|message|>{}<|call|>"
        "<|start|>functions.add to=assistant<|channel|>commentary<|message|>3<|end|>"
        "<|start|>assistant")


def test_a_stream_is_read_while_it_comes(o200k):
    parser = harmony.StreamParser(o200k)
    seen = []
    for id in o200k.encode_with_special("<|channel|>final<|message|>Hello, World!<|return|>"):
        parser.process(id)
        if parser.last_delta:
            seen.append((parser.channel, parser.last_delta))
    assert seen == [("final", "Hello"), ("final", ","), ("final", " World"), ("final", "!")]
    parser.process_eos()
    assert parser.messages == [{"role": "assistant", "channel": "final", "content": "Hello, World!"}]


def test_what_is_no_message_is_named(o200k):
    ids = o200k.encode_with_special("<|start|>user<|message|>Hi<|end|>Hi")
    with pytest.raises(harmony.ParseError, match="harmony: at token 5: ") as error:
        harmony.parse(ids, o200k)
    assert error.value.messages == [{"role": "user", "content": "Hi"}]
    with pytest.raises(ValueError, match="missing field `content`"):
        harmony.render([{"role": "user"}], o200k)
    with pytest.raises(ValueError, match='unknown key "contnet"; did you mean content'):
        harmony.render([{"role": "user", "contnet": "Hi"}], o200k)
    with pytest.raises(ValueError, match="role is 'robot', expected user"):
        harmony.render([], o200k, next_role="robot")

"""The chat format: messages to tokens and back, with openai-harmony's field names; render also
takes messages as OpenAI's chat API writes them (tool_calls, tool_call_id, reasoning_content).

    ids = harmony.render([{"role": "user", "content": "What is 2 + 2?"}], tokenizer)
    harmony.parse(ids, tokenizer)       a list of such messages
    harmony.StreamParser(tokenizer)     the same, one token at a time
"""
import json
from collections.abc import Iterable, Sequence

from . import _core

Message = dict  # {"role": ..., "content": ..., "channel": ..., "recipient": ..., ...}


class ParseError(_core.Error):
    """What a model wrote is no message; messages has those that were complete."""

    def __init__(self, text: str, messages: list[Message]):
        super().__init__(text)
        self.messages = messages


def render(messages: Iterable[Message], tokenizer: _core.Tokenizer, *,
           next_role: str | None = "assistant", for_training: bool = False,
           keep_analysis: bool = False) -> list[int]:
    """The prompt that next_role goes on from; with None the conversation and nothing behind it."""
    text = json.dumps({"messages": list(messages)})
    return _core.render(tokenizer, text, next_role or "", for_training, keep_analysis)


def parse(ids: Sequence[int], tokenizer: _core.Tokenizer, *, role: str | None = None,
          strict: bool = True) -> list[Message]:
    """role: who speaks, if the ids go on behind <|start|> and a role, as a completion does."""
    messages, error = _core.parse(tokenizer, list(ids), role or "", strict)
    if error:
        raise ParseError(f"harmony: {error}", json.loads(messages))
    return json.loads(messages)


class StreamParser:
    """One token at a time; while it runs, role, channel, recipient, content and last_delta say what
    a user interface shows, and messages has those that are complete."""

    def __init__(self, tokenizer: _core.Tokenizer, role: str | None = "assistant",
                 strict: bool = True):
        self._parser = _core.StreamParser(tokenizer, role or "", strict)

    def process(self, id: int) -> None:
        self._parser.process(id)

    def process_eos(self) -> None:
        self._parser.process_eos()

    @property
    def messages(self) -> list[Message]:
        return json.loads(self._parser.messages_json)

    def __getattr__(self, name: str):
        if name in ("role", "channel", "recipient", "content", "last_delta"):
            return getattr(self._parser, name)
        raise AttributeError(f"StreamParser has no {name}")


def stop_ids(tokenizer: _core.Tokenizer) -> list[int]:
    """What ends an answer: <|return|> and <|call|>."""
    return _core.stop_ids(tokenizer)

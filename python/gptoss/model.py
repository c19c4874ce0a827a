"""A model: its weights, its runs, what it says."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import _core, harmony
from .text import DATA
from .trace import Trace, symbols_of

Edit = Callable[[str, int | None, np.ndarray], None]


@dataclass(frozen=True)
class Generated:
    ids: list[int]   # the stop id included
    text: str | None  # None of a model without a tokenizer
    reason: str      # stop_id, max_tokens, context_full or callback


@dataclass(frozen=True)
class Answer:
    final: str       # what is meant for the user
    analysis: str    # what it thought
    messages: list[harmony.Message]
    ids: list[int]

    def __str__(self) -> str:
        return self.final


def tokenizer_of(folder: Path, config: _core.Config) -> _core.Tokenizer | None:
    """The folder's own, or the published one if the vocabulary has its size."""
    beside = folder.parent if folder.name == "original" else folder
    for path in (folder / "tokenizer.json", beside / "tokenizer.json"):
        if path.is_file():
            return _core.load_tokenizer(str(path))
    if config.vocab_size == _core.Config().vocab_size:
        return _core.load_tokenizer(str(DATA / "o200k_base.tiktoken"))
    return None


class Model:
    """The model of a directory, in either published layout; without one the trained nano that comes
    with the package.

    path is scalar (the plain ops), bf16 (rounds where OpenAI's model does) or fast (tuned).
    """

    def __init__(self, dir: str | Path | None = None, path: str = "scalar"):
        folder = Path(dir) if dir is not None else DATA / "nano"
        self._core = _core.load_model(str(folder), path)
        self.tokenizer = tokenizer_of(folder, self.config)

    @classmethod
    def synthetic(cls, config: _core.Config | str, seed: int = 1, path: str = "scalar") -> "Model":
        """Made-up weights of a config or a preset; the goldens of tiny and odd have seed 1."""
        if isinstance(config, str):
            config = _core.Config.preset(config)
        model = cls.__new__(cls)
        model._core = _core.synthetic_model(config, seed, path)
        model.tokenizer = None
        return model

    @property
    def path(self) -> str:
        return self._core.path

    @property
    def config(self) -> _core.Config:
        """A copy: a model keeps its own."""
        return self._core.config

    @property
    def weights(self) -> _core.Weights:
        """m.weights.layers[3].attn.q and so on, as in model/weights.hpp: arrays over the model's
        memory, which they keep. Matrices are BF16, experts MXFP4 (decode makes one readable)."""
        return _core.weights_of(self._core)

    def ids_of(self, prompt: str | Sequence[int]) -> list[int]:
        """A text's ids, control tokens by name; ids stay what they are."""
        if not isinstance(prompt, str):
            return [int(id) for id in prompt]
        if self.tokenizer is None:
            raise ValueError("the model has no tokenizer: expected token ids, not text")
        return self.tokenizer.encode_with_special(prompt)

    def trace(self, prompt: str | Sequence[int], sites: str | Iterable[str] = "usual",
              edit: Edit | None = None, pitfall: str | None = None,
              tokens_per_pass: int = 512) -> Trace:
        """Runs the prompt once and keeps its activations.

        edit(site, layer, array) is asked at every site that an op reads, and about "attn_sinks" and
        "attn_window" of every layer; what it writes into array is what the next op reads.

            def without_head_7(site, layer, array):
                if site == "attn_mix" and layer == 0:
                    array[:, 7 * 32 : 8 * 32] = 0

            def sinks_off(site, layer, array):
                if site == "attn_sinks":
                    array[:] = -numpy.inf

        pitfall is the name of a known mistake to run with (gptoss.pitfalls).
        """
        from . import pitfalls
        ids, symbols = self.ids_of(prompt), symbols_of(sites)
        if pitfall is None:
            return Trace(self._core.trace(ids, symbols, edit, tokens_per_pass), self)
        if edit is not None:
            raise ValueError("trace: edit and pitfall exclude each other, expected one of them")
        if self.path == "bf16":
            return Trace(_pitfalls_in_bf16(pitfall)._trace(self._core, ids, symbols), self)
        return Trace(pitfalls[pitfall]._trace(self._core, ids, symbols), self)

    def lens(self, residual: np.ndarray) -> np.ndarray:
        """The logits that a residual stream, float32 (n_tokens, hidden_size), would give if no layer
        followed: the final norm and the unembedding of it."""
        return self._core.lens(residual)

    def generate(self, prompt: str | Sequence[int], max_tokens: int = 64, *,
                 temperature: float = 0.0, top_k: int = 0, top_p: float = 1.0, min_p: float = 0.0,
                 seed: int = 0, stop_ids: Sequence[int] | None = None,
                 on_token: Callable[[int], bool | None] | None = None) -> Generated:
        """Goes on from a prompt; greedily unless a temperature says otherwise. on_token hears each id
        and ends the run by returning False."""
        if stop_ids is None:
            stop_ids = harmony.stop_ids(self.tokenizer) if self.tokenizer else []
        sampling = _core.SamplingOptions(temperature, top_k, top_p, min_p)
        ids, reason = self._core.generate(self.ids_of(prompt), max_tokens, sampling, seed,
                                          list(stop_ids), on_token)
        text = self.tokenizer.decode(ids) if self.tokenizer else None
        return Generated(ids, text, reason)

    def ask(self, question: str, *, effort: str = "medium", instructions: str | None = None,
            max_tokens: int = 1024, **sampling) -> Answer:
        """One question in the chat format: renders it, generates, and parses the answer."""
        if self.tokenizer is None:
            raise ValueError("the model has no tokenizer: it cannot be asked")
        prompt = harmony.render(conversation(question, effort, instructions), self.tokenizer)
        ids = self.generate(prompt, max_tokens, **sampling).ids
        messages = harmony.parse(ids, self.tokenizer, role="assistant", strict=False)
        said = {channel: "\n".join(text_of(message) for message in messages
                                   if message.get("channel") == channel)
                for channel in ("final", "analysis")}
        return Answer(said["final"], said["analysis"], messages, ids)


def _pitfalls_in_bf16(name: str) -> _core.Pitfall:
    from . import pitfalls
    pitfalls[name]  # its KeyError
    return next(p for p in _core.pitfalls_of_path("bf16") if p.name == name)


def conversation(question: str, effort: str = "medium",
                 instructions: str | None = None) -> list[harmony.Message]:
    efforts = ("low", "medium", "high")
    if effort not in efforts:
        raise ValueError(f"effort is {effort!r}, expected low, medium or high")
    system = {"type": "system_content", "reasoning_effort": effort.capitalize()}
    messages = [{"role": "system", "content": [system]}]
    if instructions is not None:
        developer = {"type": "developer_content", "instructions": instructions}
        messages.append({"role": "developer", "content": [developer]})
    return [*messages, {"role": "user", "content": question}]


def text_of(message: harmony.Message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)

"""Activations of a run by name, and what two runs differ in."""
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import _core

if TYPE_CHECKING:
    from .model import Model

SYMBOLS = _core.site_symbols()  # "attn_q", in the order of the forward pass
LARGE = ("attn_scores", "attn_weights")  # their size grows with the square of the prompt


def symbols_of(sites: str | Iterable[str]) -> list[str]:
    """ "all", "usual" (all but the two large ones), one symbol, or several."""
    if sites == "all":
        return list(SYMBOLS)
    if sites == "usual":
        return [symbol for symbol in SYMBOLS if symbol not in LARGE]
    return [sites] if isinstance(sites, str) else list(sites)


class Trace:
    """A run: its activations by name, its tokens, its config.

        t["block.3.attn.q"]   an array over the memory of the trace
        t.attn_q[3]           the same; a site outside the layers is t.logits
        list(t)               the names, in the order of the forward pass
    """

    def __init__(self, dump: _core.Dump, model: "Model | None" = None):
        self._dump = dump
        self._model = model  # that it is a run of, where that is known

    @property
    def name(self) -> str:
        return self._dump.name

    @property
    def tokens(self) -> list[int] | None:
        return self._dump.tokens

    @property
    def config(self) -> _core.Config | None:
        return self._dump.config

    @property
    def edited(self) -> list[str]:
        """What was changed while it ran, by name; a run of the model as it is has none."""
        return self._dump.edited

    @property
    def unknown_names(self) -> list[str]:
        """Arrays of a file that are no site."""
        return self._dump.unknown_names

    def __getitem__(self, name: str) -> np.ndarray:
        return self._dump.array(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._dump.names())

    def __len__(self) -> int:
        return len(self._dump.names())

    def __contains__(self, name: str) -> bool:
        return name in self._dump.names()

    def __getattr__(self, symbol: str) -> np.ndarray | list[np.ndarray | None]:
        if symbol.startswith("_") or symbol not in SYMBOLS:
            raise AttributeError(f"Trace has no {symbol}, expected a site's symbol (docs/sites.md)")
        if not _core.is_per_layer(symbol):
            return self[_core.site_name(symbol, 0)]
        names = set(self._dump.names())
        by_layer = [_core.site_name(symbol, layer) for layer in range(n_layers_of(names))]
        if names.isdisjoint(by_layer):
            raise AttributeError(f"{self.name} has no {symbol}: it was not recorded (sites=)")
        return [self[name] if name in names else None for name in by_layer]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *SYMBOLS]

    def __repr__(self) -> str:
        n_tokens = len(self.tokens) if self.tokens else "?"
        edited = f", edited: {', '.join(self.edited)}" if self.edited else ""
        return f"<{self.name}: {len(self)} arrays of {n_tokens} tokens{edited}>"

    def save(self, path: str | Path) -> None:
        """As one safetensors file: docs/dump.md."""
        self._dump.save(str(path))

    def view(self, model: "Model | None" = None, *, n_prompt: int | None = None) -> "Page":
        """The run as a page to look into: attention, guesses, routes (docs/look-inside.md). In Jupyter it shows
        itself; view().save("run.html") writes it down.

        Attention is there if it was recorded (sites="all"). A dump that was loaded needs the model that it is of.
        Tokens from n_prompt on are marked as what the model wrote.
        """
        model = model or self._model
        if model is None:
            raise ValueError("view: a loaded dump does not know its model, expected view(model)")
        tokens = self.tokens or []
        title = f"{self.name}: {model.config.n_layers} layers, path {model.path}"
        return Page(_core.recorded_page(self._dump, model._core, model.tokenizer, title,
                                        len(tokens) if n_prompt is None else n_prompt))


class Page:
    """A page that needs nothing else."""

    def __init__(self, html: str):
        self.html = html

    def save(self, path: str | Path) -> None:
        Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        # In a frame of its own: its scripts and styles do not meet the notebook's.
        return (f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(self.html)}" '
                'style="width: 100%; height: 48em; border: 0"></iframe>')

    def __repr__(self) -> str:
        return f"<a page of {len(self.html):,} characters>"


def n_layers_of(names: Iterable[str]) -> int:
    layers = [int(name.split(".")[1]) for name in names if name.startswith("block.")]
    return max(layers, default=-1) + 1


def load_dump(path: str | Path, map: str | Path | None = None) -> Trace:
    return Trace(_core.load_dump(str(path), str(map or "")))


load_dump.__doc__ = _core.load_dump.__doc__


def dump_of(run: Trace | str | Path) -> _core.Dump:
    if isinstance(run, Trace):
        return run._dump
    if isinstance(run, (str, Path)):
        return load_dump(run)._dump
    raise TypeError(f"{type(run).__name__} is no run, expected a Trace or a dump's path")


def compare(reference: Trace | str | Path, other: Trace | str | Path, *, policy: str = "auto",
            sites: Iterable[str] = (), common_only: bool = False) -> _core.Comparison:
    return _core.compare(dump_of(reference), dump_of(other), policy, list(sites), common_only)


compare.__doc__ = _core.compare.__doc__


def diagnose(dump: Trace | str | Path, model: "Model", *, policy: str = "auto") -> _core.Diagnosis:
    return _core.diagnose(dump_of(dump), model._core, policy)


diagnose.__doc__ = _core.diagnose.__doc__


class Pitfalls(dict):
    """Every known mistake by its name: gptoss.pitfalls["window_long"]."""

    def __missing__(self, name: str):
        raise KeyError(f"{name} is no pitfall, expected one of: {', '.join(self)}")


pitfalls = Pitfalls({pitfall.name: pitfall for pitfall in _core.pitfalls_of_path("scalar")})

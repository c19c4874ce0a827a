"""Harmony conversations as token ids, and which of them the model is to learn.

Messages are rendered as our renderer does it: every part of a header tokenized for itself, analysis
of finished turns dropped, <|return|> after the last final.

Source: openai-harmony's format document.
"""

import random
from dataclasses import dataclass, field

from vocabulary import CONTROL_ID, encode

IDENTITY = "You are ChatGPT, a large language model trained by OpenAI."
CHANNELS = ("# Valid channels: analysis, commentary, final. "
            "Channel must be included for every message.")
CALLS_GO_TO = "Calls to these tools must go to the commentary channel: 'functions'."


@dataclass
class Rendered:
    """Token ids, and for each whether the model is to learn it."""

    ids: list[int] = field(default_factory=list)
    learn: list[bool] = field(default_factory=list)

    def add(self, learn: bool, *parts: str) -> None:
        """Parts are text, or the name of a control token in angle brackets: <start>."""
        for part in parts:
            ids = [CONTROL_ID[part[1:-1]]] if part[:1] == "<" else encode(part)
            self.ids += ids
            self.learn += [learn] * len(ids)


@dataclass
class Turn:
    """A question and its right answer; with a call, the answer comes in two parts."""

    user: str
    analysis: str
    final: str
    call: tuple[str, str] | None = None                         # function and arguments
    result: str = ""                                            # what the tool says


def call_header(function: str, sampled: bool) -> list[str]:
    """Models write the recipient behind the channel; the renderer puts it before."""
    to = f" to=functions.{function}"
    if sampled:
        return ["<channel>", "commentary", to, " ", "<constrain>", "json", "<message>"]
    return [to, "<channel>", "commentary", " ", "<constrain>", "json", "<message>"]


def render_context(system: str, developer: str) -> list[int]:
    out = Rendered()
    out.add(False, "<start>", "system", "<message>", system, "<end>")
    if developer:
        out.add(False, "<start>", "developer", "<message>", developer, "<end>")
    return out.ids


def render_turns(turns: list[Turn], rng: random.Random, sampled: bool = True) -> Rendered:
    """All turns; the last one is learned. History keeps calls and results; the renderer drops
    analysis before the first final message, and some programs drop all of it.

    `sampled`: the last call has the form to be learned. A program that renders the conversation
    again shows the other form to the model before it asks for the answer; that call is not
    learned."""
    out = Rendered()
    for index, turn in enumerate(turns):
        last = turn is turns[-1]
        out.add(False, "<start>", "user", "<message>", turn.user, "<end>", "<start>", "assistant")
        if last or index > 0 and rng.random() < 0.5:
            out.add(last, "<channel>", "analysis", "<message>", turn.analysis, "<end>")
            out.add(last, "<start>", "assistant")
        if turn.call:
            function, arguments = turn.call
            learn, form = (sampled, sampled) if last else (False, rng.random() < 0.5)
            out.add(learn, *call_header(function, form), arguments, "<call>")
            out.add(False, "<start>", f"functions.{function}", " to=assistant", "<channel>",
                    "commentary", "<message>", turn.result, "<end>", "<start>", "assistant")
        end = "<return>" if last else "<end>"
        out.add(last, "<channel>", "final", "<message>", turn.final, end)
    return out


# ---- contexts: system and developer message --------------------------------------------------

TOOL_TEXTS = {
    "get_weather": ("city", ["Gets the weather of a city.", "Get the current weather.",
                             "The weather in a city."]),
    "calculator": ("expression", ["Computes an expression.", "Calculates with two numbers.",
                                  "A calculator."]),
}


def tools_section(names: list[str], rng: random.Random) -> str:
    lines = ["# Tools", "", "## functions", "", "namespace functions {", ""]
    for name in names:
        parameter, descriptions = TOOL_TEXTS[name]
        text = descriptions[0] if rng.random() < 0.6 else rng.choice(descriptions)
        lines += [f"// {text}", f"type {name} = (_: {{", f"{parameter}: string,", "}) => any;", ""]
    return "\n".join(lines + ["} // namespace functions"])


def system_text(form: str, effort: str, tools: bool, rng: random.Random) -> str:
    """form: "default" as `gptoss chat` sends it, "dated", "short" (no identity) or "bare"."""
    reasoning = f"Reasoning: {effort}"
    if form == "bare" and not tools:
        return reasoning
    identity = f"{IDENTITY}\nKnowledge cutoff: 2024-06"
    if form == "dated":
        date = f"{rng.randint(2024, 2027)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        identity += f"\nCurrent date: {date}"
    channels = CHANNELS + ("\n" + CALLS_GO_TO if tools else "")
    return "\n\n".join([] if form in ("short", "bare") else [identity]) + (
        "" if form in ("short", "bare") else "\n\n") + "\n\n".join([reasoning, channels])


def context(rng: random.Random, effort: str, form: str, tools: list[str]) -> list[int]:
    sections = []
    if rng.random() < 0.1:
        sections.append("# Instructions\n\n" + rng.choice(
            ["Be helpful.", "Answer in one sentence.", "You are a helpful assistant."]))
    if tools:
        sections.append(tools_section(tools, rng))
    return render_context(system_text(form, effort, bool(tools), rng), "\n\n".join(sections))

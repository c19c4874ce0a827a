"""Commands to go to a named activation and to look at it; sourced by gptoss.py, behind views.py, whose
functions it uses.

    (gdb) break-site attn_weights 0     stops where block.0.attn.weights has just been computed
    (gdb) heat a.attn_weights 303 304   a row as shades
    (gdb) top-logits                    the likeliest next tokens
"""
import json
import math
import pathlib
import re

import gdb

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "include" / "gptoss" / "model"
FORWARD = ("transformer.hpp", "attention_block.hpp", "expert_block.hpp")
TOKENIZER = ROOT / "examples" / "nano" / "model" / "tokenizer.json"
SHADES = " .:-=+*#%@"
HEAT_COLS = 100


def site_lines():
    """{"attn_q": ("attention_block.hpp", 35, True), ...}: where each site is shown; has it a layer?"""
    found = {}
    for header in FORWARD:
        lines = (MODEL / header).read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            shown = re.search(r"\bsee<Ops>\(watch, Site::(\w+), (\w+),", line)
            if shown:
                found[shown.group(1)] = header, number, shown.group(2) == "layer"
    return found


class BreakSiteCommand(gdb.Command):
    """break-site NAME [LAYER] [TOKEN]

    Stops in the forward where the activation NAME (attn_q, mlp_out, logits: docs/sites.md) has just been
    computed; in one layer only; in the pass that reads the token at position TOKEN."""

    def __init__(self):
        super().__init__("break-site", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        words = argument.split()
        sites = site_lines()
        if not 1 <= len(words) <= 3:
            raise gdb.GdbError("usage: " + self.__doc__.split("\n")[0])
        if words[0] not in sites:
            raise gdb.GdbError(f"break-site: {words[0]} is no site, expected one of: {', '.join(sites)}")
        header, line, has_layer = sites[words[0]]
        numbers = [int(gdb.parse_and_eval(word)) for word in words[1:]]
        conditions = []
        if has_layer and numbers:
            conditions.append(f"layer == {numbers.pop(0)}")
        if numbers:
            first = "a.positions.data[0]"
            conditions.append(f"{first} <= {numbers[0]} && {numbers[0]} < {first} + a.positions.rows")
            numbers.pop(0)
        if numbers:
            raise gdb.GdbError(f"break-site: {words[0]} has no layer, expected: break-site NAME [TOKEN]")
        condition = f" if {' && '.join(conditions)}" if conditions else ""
        gdb.execute(f"break {MODEL / header}:{line}{condition}", to_string=True)
        print(f"stops at {header} where {words[0]} is there{condition}")


class HeatCommand(gdb.Command):
    """heat VIEW [FIRST [LAST [FIRST_COL LAST_COL]]]

    Rows of a view as shades: blank is 0, @ the largest size among them. As for rows."""

    def __init__(self):
        super().__init__("heat", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = words_of(argument)
        if len(words) not in (1, 2, 3, 5):
            raise gdb.GdbError("usage: " + self.__doc__.split("\n")[0])
        try:
            view, (first, last), (first_col, last_col) = part_of(words)
            last_col = min(last_col, first_col + HEAT_COLS)
            rows = [read_row(view, row, first_col, last_col) for row in range(first, last)]
        except (gdb.error, OverflowError) as error:
            raise gdb.GdbError(f"heat: {error}")
        sizes = [abs(value) for row in rows for value in row if math.isfinite(value)]
        largest = max(sizes, default=0.0) or 1.0
        for number, row in enumerate(rows, start=first):
            print(f"  [{number}] |{''.join(shade(value, largest) for value in row)}|")
        print(f"  @ is {largest:.5g}")


def shade(value, largest):
    if not math.isfinite(value):
        return "?"
    return SHADES[round((len(SHADES) - 1) * abs(value) / largest)]


def token_texts(vocab_size):
    """{id: text} if the model is nano, whose tokenizer lies in the repository."""
    if not TOKENIZER.is_file():
        return {}
    tokenizer = json.loads(TOKENIZER.read_text(encoding="utf-8"))
    texts = {id: text for text, id in tokenizer["model"]["vocab"].items()}
    texts |= {token["id"]: token["content"] for token in tokenizer.get("added_tokens", [])}
    return texts if len(texts) == vocab_size else {}


class TopLogitsCommand(gdb.Command):
    """top-logits [N]

    The N (5) likeliest next tokens of a.logits, with logit and probability."""

    def __init__(self):
        super().__init__("top-logits", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            count = int(argument or 5)
            view = evaluate_view("a.logits")
            n_rows, vocab_size = rows_and_cols(view)
            logits = read_row(view, n_rows - 1, 0, vocab_size)
        except (gdb.error, ValueError) as error:
            raise gdb.GdbError(f"top-logits: {error}")
        best = sorted(range(vocab_size), key=lambda id: (-logits[id], id))[:count]
        total = sum(math.exp(logit - logits[best[0]]) for logit in logits)
        texts = token_texts(vocab_size)
        for id in best:
            p = math.exp(logits[id] - logits[best[0]]) / total
            text = texts.get(id, "").replace("Ġ", " ").replace("Ċ", "\\n")
            print(f"  {id:6d}  {logits[id]:9.4f}  {p:.4f}  {text}".rstrip())


BreakSiteCommand()
HeatCommand()
TopLogitsCommand()

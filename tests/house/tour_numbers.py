"""What is right on docs/debugger.md, from elsewhere than our own runs: activations are those of Hugging Face
(tests/golden/make_tour.py), bytes those of nano's file, sizes those of its config.

    wrong_answers(answers)   [(command, lines), ...] of the page's gdb fences, against the golden
    wrong_prose(text)        every number in the page's sentences, in order
"""
import json
import math
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NANO = ROOT / "examples" / "nano" / "model"
GOLDEN = json.loads((ROOT / "tests" / "golden" / "data" / "tour.json").read_text(encoding="utf-8"))
TOKENS, SITES = GOLDEN["tokens"], GOLDEN["sites"]
CONFIG = json.loads((NANO / "config.json").read_text(encoding="utf-8"))
LAST, TOP_K = len(TOKENS) - 1, CONFIG["num_experts_per_tok"]
SHADES = " .:-=+*#%@"
SIGNIFICANT = 5     # digits that rows and heat print
FLOAT32 = 5e-7      # what float32 may be off by, of the largest in its row


# --- The answers of gdb -----------------------------------------------------------------------
def golden_row(view, row, layer):
    """What Hugging Face has where the program says `rows VIEW row`; None if the golden has it not."""
    if view == "a.tokens":
        return [TOKENS[row]]
    name = {"h": "mlp.gate_up", "a.residual_in": "embedding"}.get(view, view.removeprefix("a.").replace("_", ".", 1))
    site = name if name in SITES else {"final.norm": "final_norm"}.get(name, f"block.{layer}.{name}")
    values = SITES.get(site)
    if values is None:
        return None
    if not isinstance(values[0], list):
        return values if row == LAST else None
    if name.startswith("attn."):                                # a row for every head and token
        return values[row // len(TOKENS)] if row % len(TOKENS) == LAST else None
    return values[row % TOP_K] if row // TOP_K == LAST else None   # a row for every token and expert


def is_near(text, true, largest):
    if isinstance(true, int):
        return text == str(true)
    digit = 10.0 ** (math.floor(math.log10(abs(true))) - SIGNIFICANT + 1) if true else 0
    return abs(float(text) - true) <= 0.501 * digit + FLOAT32 * largest


def shade(value, largest):
    return SHADES[round((len(SHADES) - 1) * abs(value or 0) / largest)]


def wrong_rows(command, lines, layer):
    words = command.split()
    first_col = int(words[4]) if len(words) > 4 else 0
    for line in lines:
        row = re.match(r"  \[(\d+)\] ", line)
        true = golden_row(words[1], int(row.group(1)), layer) if row else None
        if true is None:
            if row or not line.startswith("  @ is"):
                yield f"{command}: '{line}' is not in the golden"
            continue
        largest = max(abs(value) for value in true if value is not None)
        if words[0] == "heat":
            want = [f"  [{row.group(1)}] |{''.join(shade(value, largest) for value in true)}|"]
            peak = lines[-1].removeprefix("  @ is ")
            if line != want[0] or not is_near(peak, largest, largest):
                yield f"{command}: has '{line}' and {peak}, expected '{want[0]}' and {largest:.5g}"
            continue
        shown = line[row.end():].split()
        for text, value in zip(shown, true[first_col:]):
            if not is_near(text, value, largest):
                yield f"{command}: has {text}, Hugging Face has {value}"


def wrong_logits(command, lines):
    logits = SITES["logits"]
    best = sorted(range(len(logits)), key=lambda token: -logits[token])
    total = sum(math.exp(logit) for logit in logits)
    for token, line in zip(best, lines):
        want = [str(token), f"{logits[token]:.4f}", f"{math.exp(logits[token]) / total:.4f}"]
        got = line.split()[:3]
        if got[0] != want[0] or any(abs(float(a) - float(b)) > 1.01e-4 for a, b in zip(got[1:], want[1:])):
            yield f"{command}: has {' '.join(got)}, Hugging Face has {' '.join(want)}"


def wrong_answers(answers):
    """-> problems, and how many commands were held against the golden"""
    layer, problems, n_held = None, [], 0
    for command, lines in answers:
        words = command.split()
        if words[0] == "break-site":
            layer = int(words[2]) if len(words) > 2 else None
        elif words[0] in ("rows", "heat"):
            problems += wrong_rows(command, lines, layer)
            n_held += 1
        elif words[0] == "top-logits":
            problems += wrong_logits(command, lines)
            n_held += 1
    return problems, n_held


# --- The numbers in the sentences -------------------------------------------------------------
WORDS = {word: number for number, word in enumerate(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split(), 2)}
WORDS |= {"twice": 2, "thousandth": 0.001}
NUMBER = re.compile(rf"0x[0-9a-f]+|(?<![\w.])-?\d[\d,]*(?:\.\d+)?|\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)


def first_block_of(layer, expert):
    """The first byte of codes and the scale byte of an expert's gate_up in nano's file."""
    data = (NANO / "model.safetensors").read_bytes()
    n_header = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + n_header])
    found = []
    for kind in ("blocks", "scales"):
        tensor = header[f"model.layers.{layer}.mlp.experts.gate_up_proj_{kind}"]
        size = math.prod(tensor["shape"][1:])
        found.append(data[8 + n_header + tensor["data_offsets"][0] + expert * size])
    return found


def true_numbers():
    """Of each section every number, in order: [section][i]. What is only a name stands here as it is."""
    experts, shares = SITES["block.1.mlp.expert_ids"], SITES["block.1.mlp.expert_weights"]
    codes, scale = first_block_of(1, experts[0])
    power, n_heads, d = 2.0 ** (scale - 127), CONFIG["num_attention_heads"], CONFIG["head_dim"]
    low, window = codes & 15, CONFIG["sliding_window"]
    code_value = [0, 0.5, 1, 1.5, 2, 3, 4, 6][low % 8] * (1 if low < 8 else -1)
    seven, eleven = (SITES["block.0.attn.weights"][head] for head in (7, 11))
    gate, up = SITES["block.1.mlp.gate_up"][0][:2]
    full = CONFIG["layer_types"].index("full_attention")
    looks = [weights.index(max(weights)) for weights in (seven, eleven)]
    assert TOKENS[looks[0]] == TOKENS[35 + 1] and TOKENS[looks[1]] == TOKENS[34], looks   # the 5, and the 7
    return [
        [12, 7, 5, 12, 0, 3, 1, 3],
        [1, len(TOKENS), TOKENS[LAST], LAST, 0, 17, 25, full],
        [2, 6, CONFIG["hidden_size"]],
        [3, 0],
        [4, 7, 7 * d, 8 * d - 1, 0, 7 * d, 7 * d + d // 2, LAST, LAST, 4],
        [5, 7, LAST, 7, len(TOKENS), LAST, 0, window, LAST - window + 1, LAST, 5, 7, 5, 5, max(seven), 7, 11, 7],
        [6, n_heads, 7, SITES["block.0.attn.sink_share"][7], 13],
        [7, SITES["embedding"][0], SITES["block.0.attn.residual"][0]],
        [8, 1, CONFIG["num_local_experts"], TOP_K, *experts, experts[0], shares[0]],
        [9, 4, 5, 32, experts[0], 5, experts[0], 0, 0, codes, 2, low, code_value, scale, 2, scale, 127, power, 2,
         code_value * power],
        [10, LAST, TOP_K, experts[0], 0, 0, 1, gate, 1.702, gate, 1, -up, SITES["block.1.mlp.swiglu"][0][0]],
        [11, 1, 1, SITES["block.1.attn.residual"][1], SITES["block.1.mlp.residual"][1]],
        [12, 2, CONFIG["vocab_size"], 12, 12, 1, 2, 1, 4],
    ]


def is_number(text, true):
    """Is text what a true value is, rounded to as many digits?"""
    word = text.lower()
    if word.startswith("0x") or isinstance(true, int):
        return (int(word, 16) if word.startswith("0x") else WORDS.get(word) or float(word.replace(",", ""))) == true
    value = WORDS.get(word) or float(word)
    decimals = 3 if word in WORDS else len(word.partition(".")[2])
    return abs(value - true) <= 0.5 * 10.0 ** -decimals


def wrong_prose(text):
    sections = re.split(r"^## ", text, flags=re.MULTILINE)
    expected = true_numbers()
    if len(sections) != len(expected):
        yield f"debugger.md: has {len(sections) - 1} sections, expected {len(expected) - 1}"
    for number, (section, true) in enumerate(zip(sections, expected)):
        prose = re.sub(r"^```.*?^```$|\]\([^)]*\)", "", section, flags=re.MULTILINE | re.DOTALL)
        found = [match.rstrip(",") for match in NUMBER.findall(prose)]
        if len(found) != len(true):
            yield f"debugger.md: section {number} has {len(found)} numbers, expected {len(true)}: {' '.join(found)}"
        for text_found, value in zip(found, true):
            if not is_number(text_found, value):
                yield f"debugger.md: section {number} says {text_found}, expected {value}"

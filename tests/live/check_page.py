#!/usr/bin/env python3
"""The live page in Chromium: what it says, by keyboard alone; its tours; its numbers against a native dump. Leaves
pictures of it (--shots).

    tests/live/check_page.py [--page build/live/look-inside.html] [--shots FOLDER]

Needs playwright (its own browser is not used), chromium, and build/live/dump_native of same_bits.py.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import tempfile

from browser import chromium, find, open_page, press, say, settle
from dumps import READ_CELLS, file_of

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "build" / "live"
NANO = ROOT / "examples" / "nano" / "model"


def check_story(page):
    """Notebook 01's facts, by keyboard alone: 0.990, 0.961, 0.999, 12, 11, 10."""
    press(page, "End", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    find(page, "7+5=")
    press(page, *["["] * 16, *["]"] * 7)
    assert "5 0.990 (1 back)" in say(page, "attention"), say(page, "attention")
    press(page, *["]"] * 4)
    assert "7 0.961 (3 back)" in say(page, "attention"), say(page, "attention")
    assert "says 12 from the experts of layer 1 on (99.9 % there)" in say(page, "lens"), say(page, "lens")
    assert round(page.evaluate("look.runs.trained.lens(4, look.state.token)[0].p"), 3) == 0.999
    assert say(page, "next").startswith("After = comes 12 with"), say(page, "next")
    press(page, "x")
    assert "with your changes 11 with" in say(page, "next"), say(page, "next")
    press(page, *["["] * 4, "x")
    assert "with your changes 10 with" in say(page, "next"), say(page, "next")
    press(page, "u")
    assert "changes" not in say(page, "next"), say(page, "next")
    assert page.evaluate("look.state.edits.length") == 0


def check_changes(page):
    """Sinks off: 7-5=2; heads 7 and 11 off everywhere when 17 and 25 are asked for: an answer of another kind."""
    press(page, "ArrowUp", "s", "a")
    assert "7-5=2" in page.inner_text("#changes .answers .changed"), page.inner_text("#changes .answers")
    press(page, "u", "w")
    assert page.evaluate("look.runs.changed.windows[0]") == 0
    assert page.evaluate("look.runs.changed.edited.join()") == "block.0.attn.window"
    press(page, "u", "k")
    closed = page.evaluate("look.state.edits[0].expert")
    assert page.evaluate("look.runs.trained.experts(0, look.state.token).map(e => e.expert)").count(closed) == 1
    assert page.evaluate("look.runs.changed.experts(0, look.state.token).map(e => e.expert)").count(closed) == 0
    press(page, "u")


def check_tours(page):
    """What the tours say is so."""
    press(page, "t")
    seen = []
    for _ in range(8):
        seen.append(page.evaluate("(look.runs.changed ?? look.runs.trained).next(look.state.token)[0].text"))
        press(page, "n")
    assert seen == ["12"] * 5 + ["11", "10", "12"], seen
    page.click("text=Beyond the window")
    settle(page)
    press(page, "n", "n", "n")
    assert "re 0.9" in say(page, "attention").replace("␣", "") and "39 back" in say(page, "attention"), say(page, "attention")
    press(page, "n", "n")
    assert "from the attention of layer 3 on" in say(page, "lens"), say(page, "lens")
    press(page, "Escape")
    page.click("text=What sinks are for")
    settle(page)
    press(page, "n", "n", "n")
    assert "comes + with" in say(page, "next") and "with your changes - with" in say(page, "next"), say(page, "next")
    press(page, "n")
    assert "7-5=2" in page.inner_text("#changes .answers .changed")
    press(page, "Escape")
    assert page.evaluate("look.state.edits.length") == 0 and page.evaluate("look.runs.changed") is None
    press(page, "x", "t", *["n"] * 6)   # a reader's own change is back when the tour is over
    own = page.evaluate("look.state.edits.length")
    press(page, "Escape", "u")
    assert own == 2, own


def read_dump(ids):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "run.safetensors"
        subprocess.run([OUT / "dump_native", NANO, path, ",".join(map(str, ids))], check=True)
        return file_of(path)


def check_readouts(page, count=200):
    """What the inspector writes is the number in a native dump of the same tokens, to the bit."""
    header, data = read_dump(page.evaluate("look.runs.trained.tokens.map(t => t.id)"))
    chance, windows = random.Random(1), page.evaluate("look.runs.trained.windows")
    names, places, true = [name for name in header if name != "__metadata__"], [], []
    for _ in range(count):
        name = chance.choice(names)
        shape, layer = header[name]["shape"], int(name.split(".")[1]) if name.startswith("block") else 0
        site = "_".join(name.split(".")[2:]) if name.startswith("block") else name
        heads_first = site in ("attn_weights", "attn_scores")
        n_tokens = shape[1] if heads_first else shape[0]
        head, token = chance.randrange(16), chance.randrange(n_tokens)
        first = max(0, token - windows[layer] + 1) if windows[layer] else 0
        size = shape[1] * (shape[2] if len(shape) == 3 else 1)
        cell = chance.randrange(token - first + 1) if heads_first else chance.randrange(size)
        place = (head * n_tokens + token) * shape[2] + first + cell if heads_first else token * size + cell
        at = header[name]["data_offsets"][0] + 4 * place
        places.append([site, layer, head, token, cell])
        true.append(struct.unpack("<i" if header[name]["dtype"] == "I32" else "<f", data[at:at + 4])[0])
    for place, text, value in zip(places, page.evaluate(READ_CELLS, places), true):
        shown = float(text.replace("−", "-").replace("∞", "inf"))
        assert struct.pack("<f", shown) == struct.pack("<f", value) or shown == value == 0, (place, text, value)


def check_attention(page, count=300):
    """The weight of any head, token and position, hidden ones too: packed in the page, whole in the dump."""
    header, data = read_dump(page.evaluate("look.runs.trained.tokens.map(t => t.id)"))
    chance, places, true = random.Random(3), [], []
    for _ in range(count):
        layer, head = chance.randrange(4), chance.randrange(16)
        tensor = header[f"block.{layer}.attn.weights"]
        n_tokens = tensor["shape"][1]
        token = chance.randrange(n_tokens)
        position = chance.randrange(max(0, token - 18), token + 1)
        at = tensor["data_offsets"][0] + 4 * ((head * n_tokens + token) * n_tokens + position)
        places.append([layer, head, token, position])
        true.append(struct.unpack("<f", data[at:at + 4])[0])
    shown = page.evaluate("places => places.map(place => look.runs.trained.weight(...place))", places)
    for place, value, expected in zip(places, shown, true):
        assert value == expected, (place, value, expected)


def take_shots(browser, path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for width in (400, 1280):
        for scheme in ("light", "dark"):
            page = open_page(browser, path, width=width, scheme=scheme)
            page.evaluate("look.paintAll()")
            page.screenshot(path=folder / f"{width}-{scheme}.png", full_page=True)
            page.close()


def take_picture(browser, path, folder):
    """docs/look-inside.png: head 11 is off at "=", and 7 + 5 is 11."""
    page = open_page(browser, path, width=1280, height=1180)
    find(page, "7+5=")
    press(page, *["]"] * 4, "x")
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=folder / "picture.png")
    page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=pathlib.Path, default=OUT / "look-inside.html")
    parser.add_argument("--shots", type=pathlib.Path, default=OUT / "shots")
    arguments = parser.parse_args()
    with chromium() as browser:
        page = open_page(browser, arguments.page)
        for check in (check_story, check_changes, check_tours, check_readouts, check_attention):
            check(page)
            page.silence.check()
        page.close()
        take_shots(browser, arguments.page, arguments.shots)
        take_picture(browser, arguments.page, arguments.shots)


if __name__ == "__main__":
    main()

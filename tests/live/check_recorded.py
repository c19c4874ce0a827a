#!/usr/bin/env python3
"""Pages of recorded runs, as gptoss trace --html writes them: the numbers of the dump, the views of the live page,
none of its controls. And the page of gptoss compare --html.

    tests/live/check_recorded.py [--tool build/release/bin/gptoss] [--shots FOLDER]

Needs playwright and chromium.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import tempfile

from browser import Silence, chromium, find, open_page, press, say
from dumps import READ_CELLS, file_of

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAX_BYTES = 8_000_000
PRECISION = {"float32": 0, "float32, rounded to 16 bits": 2**-16, "float32, rounded to 8 bits": 2**-8}


def trace(tool, folder, *arguments):
    """A page and a dump of the same run."""
    page, dump = folder / "run.html", folder / "run.safetensors"
    subprocess.run([tool, "trace", *arguments, "--html", page, "--out", dump], check=True, stdout=subprocess.DEVNULL)
    assert page.stat().st_size <= MAX_BYTES, page.stat().st_size
    return page, file_of(dump)


def check_numbers(page, dump, count=60):
    """Values as the inspector writes them, against the dump, within the precision that it states."""
    header, data = dump
    names = [name for name in header if name != "__metadata__" and page.evaluate(f"look.runs.trained.has('{name}')")]
    tolerance, chance, places, true = PRECISION[page.evaluate("look.runs.trained.header.precision")], random.Random(2), [], []
    for _ in range(count):
        name = chance.choice([name for name in names if ".attn.scores" not in name and ".attn.weights" not in name])
        shape, layer = header[name]["shape"], int(name.split(".")[1]) if name.startswith("block") else 0
        site = "_".join(name.split(".")[2:]) if name.startswith("block") else name
        size = shape[1] * (shape[2] if len(shape) == 3 else 1)
        token, cell = chance.randrange(shape[0]), chance.randrange(size)
        places.append([site, layer, 0, token, cell])
        at = header[name]["data_offsets"][0] + 4 * (token * size + cell)
        true.append(struct.unpack("<i" if header[name]["dtype"] == "I32" else "<f", data[at:at + 4])[0])
    for place, text, value in zip(places, page.evaluate(READ_CELLS, places), true):
        shown = struct.unpack("<f", struct.pack("<f", float(text.replace("−", "-").replace("∞", "inf"))))[0]
        assert abs(shown - value) <= tolerance * abs(value), (place, text, value)


def check_no_controls(page):
    """Nothing that would do nothing: no question, no changes, no tours."""
    for name in ("#ask", "#changes", "#tours", "#tour"):
        assert page.is_hidden(name), name
    press(page, "x", "s", "t", "a")
    assert page.evaluate("look.state.edits.length") == 0 and page.is_hidden("#problem")
    press(page, "?")
    assert "switch the head off" not in page.inner_text("#dialog")
    press(page, "Escape")


def check_story(browser, tool, folder, shots):
    """The facts of notebook 01 that need no change: 0.990, 0.961, 12."""
    path, dump = trace(tool, folder, "--chat", "--max-tokens", "60", "Add 7 and 5")
    page = open_page(browser, path)
    check_no_controls(page)
    text = "".join(page.evaluate("look.runs.trained.tokens.map(t => t.text)"))
    assert "7+5=" in text, text
    find(page, "7+5=")
    press(page, *["["] * 16, *["]"] * 7)
    assert "5 0.9" in say(page, "attention"), say(page, "attention")
    press(page, *["]"] * 4)
    assert "7 0.9" in say(page, "attention"), say(page, "attention")
    assert say(page, "next").startswith("After = comes 12 with"), say(page, "next")
    assert "from the experts of layer 1 on" in say(page, "lens"), say(page, "lens")
    check_numbers(page, dump)
    shots.mkdir(parents=True, exist_ok=True)
    page.evaluate("look.paintAll()")
    page.screenshot(path=shots / "recorded.png", full_page=True)
    page.silence.check()
    page.close()


def check_hostile(browser, tool, folder):
    path, dump = trace(tool, folder, "</script><script>alert(1)</script> \u202eabc \U0001f600")
    page = open_page(browser, path)
    assert "alert" in "".join(page.evaluate("look.runs.trained.tokens.map(t => t.text)"))
    check_numbers(page, dump, 20)
    page.silence.check()
    page.close()


WEIGHTS = """([layer, head, t]) => {
  const run = look.runs.trained;
  return [run.weights(layer, head, t), run.rest(layer, head, t)];
}"""


def check_largest(page, dump, count=40):
    """Of attention the page holds the largest weights of each row, and the sum of the others."""
    header, data = dump
    layers, k = page.evaluate("look.runs.trained.layersWithWeights()"), page.evaluate("look.runs.trained.header.n_largest")
    assert k >= 8 and layers and f"the {k} largest weights" in page.inner_text("#status"), page.inner_text("#status")
    chance, close = random.Random(3), PRECISION["float32, rounded to 8 bits"]
    for _ in range(count):
        layer = chance.choice(layers)
        tensor = header[f"block.{layer}.attn.weights"]
        n_heads, n_tokens, _ = tensor["shape"]
        head, t = chance.randrange(n_heads), chance.randrange(n_tokens)
        at = tensor["data_offsets"][0] + 4 * (head * n_tokens + t) * n_tokens
        row = struct.unpack(f"<{n_tokens}f", data[at:at + 4 * n_tokens])
        kept, rest = page.evaluate(WEIGHTS, [layer, head, t])
        others = [weight for position, weight in enumerate(row) if position not in [p for _, p in kept]]
        place = layer, head, t
        assert all(abs(shown - row[position]) <= close * row[position] for shown, position in kept), place
        assert max(others, default=0) <= min(row[position] for _, position in kept), place
        assert abs(rest["sum"] - sum(others)) <= close * sum(others) + 1e-30, (place, rest, sum(others))


def check_long(browser, tool, folder):
    """More than fits into 8 MB, 24 layers of 380 tokens: what was left out is said, and the pictures are there."""
    subprocess.run([tool, "synth", "--preset", "tiny", "--layers", "24", "--out", folder / "deep"], check=True,
                   stdout=subprocess.DEVNULL)
    ids = ",".join(str(i % 128) for i in range(380))
    path, dump = trace(tool, folder, "--model", folder / "deep", "--ids", ids)
    page = open_page(browser, path)
    assert "Left out" in page.inner_text("#status"), page.inner_text("#status")
    assert page.is_visible("#attention") and page.is_visible("#routes")
    check_numbers(page, dump, 20)
    check_largest(page, dump)
    page.silence.check()
    page.close()


def open_site(page, name, function):
    """A click on a site's name shows what the inspector shows; another opens the function."""
    page.click(f"text='{name}' >> nth=-1")
    details = page.locator(f"[id='{name}']")
    for text in ("worst", "layers/", "docs/", f"{function}, as the reference has it"):
        assert text in details.inner_text(), (name, text, details.inner_text())
    details.locator("summary").click()
    page.wait_for_function(f"document.querySelector('tr:target pre').textContent.includes(' {function}(')")


def check_compared(browser, tool, folder):
    """The page of compare --html, of a run and the same in bf16."""
    runs = []
    for path in ("scalar", "bf16"):
        runs.append(folder / f"{path}.safetensors")
        subprocess.run([tool, "trace", "--path", path, "--ids", "1,2,3", "--sites", "all", "--out", runs[-1]], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run([tool, "compare", *runs, "--html", folder / "compared.html"], stdout=subprocess.DEVNULL)
    page = browser.new_page(viewport={"width": 400, "height": 900})
    silence = Silence(page)
    page.goto(f"file://{folder / 'compared.html'}")
    open_site(page, "block.2.attn.weights", "softmax_with_sink")
    open_site(page, "logits", "unembed")
    assert page.evaluate("document.body.scrollWidth") <= 400
    silence.check()
    page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build" / "release" / "bin" / "gptoss")
    parser.add_argument("--shots", type=pathlib.Path, default=ROOT / "build" / "live" / "shots")
    arguments = parser.parse_args()
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        check_story(browser, arguments.tool, pathlib.Path(folder), arguments.shots)
        check_hostile(browser, arguments.tool, pathlib.Path(folder))
        check_long(browser, arguments.tool, pathlib.Path(folder))
        check_compared(browser, arguments.tool, pathlib.Path(folder))
    print("recorded pages: the dump's numbers, no control that does nothing")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The live page's manners in Chromium: bad input and hostile text, a reader's own checkpoint, old browsers, links,
widths, exports, sizes and times.

    tests/live/check_manners.py [--page build/live/look-inside.html]

Needs playwright (its own browser is not used) and chromium.
"""
import argparse
import os
import pathlib
import tempfile

from browser import chromium, find, open_page, press, say, settle

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NANO = ROOT / "examples" / "nano" / "model"
MAX_BYTES, MAX_READY, MAX_EDIT, MAX_MEMORY = 2_800_000, 3.0, 1.0, 64 * 2**20


def ask(page, kind, text):
    page.select_option("#kind", kind)
    page.fill("#question", text)
    page.press("#question", "Enter")
    settle(page)
    page.evaluate("document.activeElement.blur()")


def check_bad_input(page):
    """A sentence, and what was shown stays."""
    before = page.evaluate("look.runs.trained.nTokens")
    for kind, text, expected in [("chat", "", "empty"), ("text", "word " * 500, "expected at most 400"), ("ids", "5000", "1034"),
                                 ("ids", "none", "no ids")]:
        ask(page, kind, text)
        assert expected in page.inner_text("#problem"), (kind, expected, page.inner_text("#problem"))
        assert page.evaluate("look.runs.trained.nTokens") == before
    for files, expected in [("[new File(['x'], 'notes.txt')]", "no .safetensors"),
                            ("[new File(['x'.repeat(99)], 'a.safetensors')]", "model.safetensors"),
                            ("[{name: 'a.safetensors', size: 13e9}]", "13.00 GB")]:
        page.evaluate(f"look.openFiles({files})")
        settle(page)
        assert expected in page.inner_text("#problem"), (expected, page.inner_text("#problem"))
    ask(page, "chat", "What is 2 + 3?")
    assert page.is_hidden("#problem") and page.evaluate("look.runs.trained.nTokens") != before


def check_hostile_text(page):
    """Text that looks like HTML, runs the other way, or is half a character: shown, inert."""
    scripts = page.evaluate("document.scripts.length")
    for text in ["</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u202eabc \u05e9\u05dc\u05d5\u05dd", "\U0001f600 a\u0301"]:
        ask(page, "text", text)
        assert page.is_hidden("#problem"), page.inner_text("#problem")
        press(page, "/")
        page.keyboard.type(text[:6])
        press(page, "Escape")
        chips = "".join(page.locator("#tokens .tok").all_inner_texts())
        assert "\u202e" not in chips
    assert "\u2039f0" in chips.replace(" ", "")[:9] or "f0" in chips, chips  # a byte of the emoji, in hexadecimal
    assert page.evaluate("document.scripts.length") == scripts and page.locator("main img").count() == 0


def check_widths(browser, path):
    page = open_page(browser, path)
    for width in (400, 600, 768, 1024, 1280, 1600, 2000):
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"at {width} the page is {wide} wide"
    page.silence.check()
    page.close()


def check_checkpoint(page):
    """nano's own file, as a reader would open it: the same answer. Then one that is cut short: a sentence."""
    page.set_input_files("#files", [NANO / "model.safetensors"])
    settle(page)
    ask(page, "chat", "What is 7 + 5?")
    assert "checkpoint of yours" in page.inner_text("#subtitle") and page.is_hidden("#problem"), page.inner_text("#problem")
    assert "7+5=12" in page.inner_text("#changes .answers"), page.inner_text("#changes .answers")
    with tempfile.TemporaryDirectory() as folder:
        short = pathlib.Path(folder) / "model.safetensors"
        short.write_bytes((NANO / "model.safetensors").read_bytes()[:-100])
        page.set_input_files("#files", [short])
        settle(page)
    assert "model.safetensors" in page.inner_text("#problem"), page.inner_text("#problem")
    ask(page, "chat", "What is 7 + 5?")
    assert page.is_hidden("#problem") and "7+5=12" in page.inner_text("#changes .answers")


def check_old_browser(browser, path):
    """Without WebAssembly's exceptions or SIMD: a sentence."""
    page = browser.new_page()
    page.add_init_script("WebAssembly.validate = () => false")
    page.goto(f"file://{path}")
    page.wait_for_selector("html[data-ready]")
    assert "lacks exceptions or SIMD" in page.inner_text("#problem")
    page.close()


def check_link(browser, path):
    """The address leads to the same moment."""
    page = open_page(browser, path)
    find(page, "7+5=")
    press(page, "[", "x", "c", "z")
    hash_before, text = page.evaluate("location.hash"), say(page, "next")
    page.silence.check()
    page.close()
    page = open_page(browser, path, hash_before)
    assert page.evaluate("location.hash") == hash_before and say(page, "next") == text, (hash_before, page.evaluate("location.hash"))
    page.silence.check()
    page.close()


def check_exports(browser, path):
    """A page for each kind: Chromium drops the eleventh download of a page in quick succession."""
    for kind, magic in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        page = open_page(browser, path)
        for picture in page.evaluate("[...document.querySelectorAll('.card[id] canvas')].map(c => c.closest('.card').id)"):
            with page.expect_download() as download:
                page.click(f"#{picture} .export button:has-text('{kind}')")
            data = pathlib.Path(download.value.path()).read_bytes()
            assert data.startswith(magic) and len(data) > 200, (picture, kind)
        assert page.evaluate("""() => [...document.querySelectorAll('canvas')].every(c => c.getAttribute('aria-label')?.length > 20)""")
        page.silence.check()
        page.close()


def check_times(browser, path):
    """The best of three: the machine may be busy with something else."""
    ready, edit = [], []
    for _ in range(3):
        page = open_page(browser, path)
        ready.append(page.evaluate("look.readyAfter") / 1000)
        ask(page, "ids", " ".join(str(i % 1000) for i in range(76)))  # 76 and 24 more
        assert page.evaluate("look.runs.trained.nTokens") == 100
        press(page, "x")
        edit.append(page.evaluate("look.live.lastEditTook") / 1000)
        memory = page.evaluate("look.live.memory")
        page.silence.check()
        page.close()
    print(f"ready in {min(ready):.2f} s, an edit of 100 tokens in {min(edit):.2f} s, memory {memory / 2**20:.0f} MiB, "
          f"{path.stat().st_size:,} bytes")
    assert path.stat().st_size <= MAX_BYTES and memory <= MAX_MEMORY
    others = os.getloadavg()[0] - os.cpu_count()
    if others > os.cpu_count():
        print(f"SKIPPED: times: {others:.0f} other processes want the machine's {os.cpu_count()} cores")
        return
    assert min(ready) < MAX_READY and min(edit) < MAX_EDIT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=pathlib.Path, default=ROOT / "build" / "live" / "look-inside.html")
    path = parser.parse_args().page
    with chromium() as browser:
        page = open_page(browser, path)
        for check in (check_bad_input, check_hostile_text, check_checkpoint):
            check(page)
            page.silence.check()
        page.close()
        for check in (check_exports, check_old_browser, check_link, check_widths, check_times):
            check(browser, path)


if __name__ == "__main__":
    main()

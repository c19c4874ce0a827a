"""Chromium as a person has it: opens a page from disk, and holds the page to being silent."""
import contextlib
import shutil

from playwright.sync_api import sync_playwright


class Silence:
    """What a page must not do: ask the network, write to the console, throw, open a dialog."""

    def __init__(self, page):
        self.broken = []
        page.on("console", lambda message: self.broken.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.broken.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.broken.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", self.hear)

    def hear(self, request):
        if not request.url.startswith(("file:", "blob:", "data:")):
            self.broken.append(f"request: {request.url}")

    def check(self):
        assert not self.broken, self.broken


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(browser, path, address="", width=1280, height=900, scheme="light"):
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.silence = Silence(page)
    page.goto(f"file://{path}{address}")
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    settle(page)
    return page


def settle(page):
    """Until nothing is being computed and what was is drawn."""
    page.evaluate("""async () => {
      const frame = () => new Promise(done => requestAnimationFrame(done));
      for (let quiet = 0; quiet < 3; quiet = look.live.busy > 0 ? 0 : quiet + 1) await frame();
    }""")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def find(page, text):
    """By keyboard alone: / , the text, Enter."""
    press(page, "/")
    page.keyboard.type(text)
    press(page, "Enter")


def say(page, picture):
    return page.inner_text(f"#{picture} .say")

#!/usr/bin/env python3
"""The live page in Debian's Firefox: it opens from disk, says what it says in Chromium, and asks nobody anything.

Playwright drives a Firefox of its own only; this one is spoken to in WebDriver BiDi (W3C), over a WebSocket.
Needs firefox-esr and the package websockets.
"""
import asyncio
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import websockets

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "live" / "look-inside.html"


class Firefox:
    def __init__(self, socket):
        self.socket, self.n, self.events, self.tab = socket, 0, [], None

    async def call(self, method, **parameters):
        self.n += 1
        await self.socket.send(json.dumps({"id": self.n, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == self.n:
                assert answer["type"] == "success", answer
                return answer["result"]
            self.events.append(answer)

    async def value(self, expression):
        answer = await self.call("script.evaluate", expression=expression, target={"context": self.tab}, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")


@contextlib.asynccontextmanager
async def firefox():
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(["firefox-esr", "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
                                   stderr=subprocess.PIPE, text=True)
        try:
            address = next(filter(None, (re.search(r"WebDriver BiDi listening on (ws://\S+)", line) for line in process.stderr)))[1]
            async with websockets.connect(f"{address}/session", max_size=None) as socket:
                browser = Firefox(socket)
                await browser.call("session.new", capabilities={})
                await browser.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
                browser.tab = (await browser.call("browsingContext.getTree"))["contexts"][0]["context"]
                yield browser
        finally:
            process.terminate()
            process.wait()


async def check():
    async with firefox() as browser:
        await browser.call("browsingContext.navigate", context=browser.tab, url=PAGE.as_uri(), wait="complete")
        for _ in range(600):
            if await browser.value("document.documentElement.dataset.ready ?? ''"):
                break
            await asyncio.sleep(0.1)
        assert await browser.value("document.getElementById('problem').hidden")
        say = "document.querySelector('#{} .say').textContent"
        assert "5 0.990 (1 back)" in await browser.value(say.format("attention"))
        await browser.value("look.setEdits([{do: 'head', layer: 0, head: 11, token: look.state.token, factor: 0}])"
                            ".then(() => new Promise(done => setTimeout(done, 300)))")
        assert "with your changes 11 with" in await browser.value(say.format("next"))
        asked = [event for event in browser.events if event["method"] == "log.entryAdded"
                 or not event["params"]["request"]["url"].startswith(("data:", "blob:", "file:"))]
        assert not asked, asked
        print(f"firefox: ready after {await browser.value('look.readyAfter') / 1000:.2f} s, the same answers, no request")


if shutil.which("firefox-esr"):
    asyncio.run(check())
else:
    print("SKIPPED: check_firefox: firefox-esr is not installed")

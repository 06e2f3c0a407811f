"""A headless Chromium that a test drives: by the DevTools protocol over a pipe, with nothing but Python's library."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 60.0  # seconds for anything that a page does
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
        "Backspace": 8, "Delete": 46}  # fmt: skip
MODIFIERS = {"Alt": 1, "Control": 2, "Shift": 8}


def _chromium() -> str:
    """The browser's path; without it the test is skipped."""
    return shutil.which("chromium") or shutil.which("google-chrome") or pytest.skip("needs Chromium")


def title_of(page: Path, script: str, *flags: str, fragment: str = "") -> tuple[Any, list[str]]:
    """The JSON that a script puts into the page's title, and the lines of the browser's console."""
    probed = page.with_name("probed.html")
    text = page.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
    probed.write_text(text, encoding="utf-8")
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    command = [_chromium(), *usual, *flags, f"--user-data-dir={page.parent}/browser", f"file://{probed}{fragment}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(title.group(1))), console


@contextlib.contextmanager
def opened(page: Path, folder: Path, width: int = 1280, height: int = 900, touch: bool = False) -> Iterator[Tab]:
    """A page in a tab of this size; requests, errors and what the console says are noted from the start.

    Args:
        folder: for the browser's own files, and for what the page saves.
    """
    to_browser, from_browser = os.pipe(), os.pipe()
    words = [
        _chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe",
        f"--user-data-dir={folder}/browser", "about:blank",
    ]  # fmt: skip
    # The browser reads its commands from file 3 and writes to file 4.
    shell = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    passed = (to_browser[0], from_browser[1])
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", *words], pass_fds=passed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for each in passed:
        os.close(each)
    tab = Tab(to_browser[1], from_browser[0])
    try:
        tab.begin(page, folder, width, height, touch)
        yield tab
    finally:
        with contextlib.suppress(Exception):
            tab.send("Browser.close", whole=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        os.close(to_browser[1])
        os.close(from_browser[0])


class Tab:
    """One page in a browser.

    Attributes:
        requests: addresses that the page asked for, but for itself, its own blobs and data.
        problems: errors, and whatever the console says.
    """

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer, self._count = b"", 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.problems: list[str] = []

    def begin(self, page: Path, folder: Path, width: int, height: int, touch: bool) -> None:
        target = self.send("Target.createTarget", {"url": "about:blank"}, whole=True)["targetId"]
        attached = self.send("Target.attachToTarget", {"targetId": target, "flatten": True}, whole=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
        self.send("Emulation.setDeviceMetricsOverride", size)
        self.send("Emulation.setTouchEmulationEnabled", {"enabled": touch, "maxTouchPoints": 1})
        behaviour = {"behavior": "allow", "downloadPath": str(folder), "eventsEnabled": True}
        self.send("Browser.setDownloadBehavior", behaviour, whole=True)
        self.send("Page.navigate", {"url": page.as_uri()})
        self.until("document.readyState === 'complete'")

    def send(self, method: str, parameters: dict[str, Any] | None = None, *, whole: bool = False) -> dict[str, Any]:
        """A command's result; `whole`: to the browser and not to the page."""
        self._count += 1
        number = self._count
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters or {}}
        if not whole and self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self._receive(deadline)
            if found.get("id") == number:
                assert "error" not in found, f"{method}: {found['error']}"
                return dict(found["result"])

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "the browser does not answer"
            more = os.read(self._read, 1 << 16)
            assert more, "the browser has ended"
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        self._note(found)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        given, method = event.get("params", {}), event.get("method")
        if method == "Network.requestWillBeSent":
            url = given["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.requests.append(url)
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(given["exceptionDetails"].get("exception", given)))
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(str(given["args"]))
        elif method == "Log.entryAdded":
            self.problems.append(str(given["entry"]))

    def value(self, expression: str) -> Any:
        """What JavaScript says; promises are waited for."""
        given = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = self.send("Runtime.evaluate", given)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until JavaScript says something that is true, and return it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.value(expression)):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.05)
        return found

    def click(self, selector: str) -> None:
        """A real click on the middle of an element, which is scrolled to."""
        self.press_at(*self.middle_of(selector))

    def middle_of(self, selector: str, right: float = 0.5, down: float = 0.5) -> tuple[float, float]:
        """Where an element lies in the window; shares of its width and height say which point."""
        x, y = self.value(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " found.scrollIntoView({block: 'center'}); const box = found.getBoundingClientRect();"
            f" return [box.x + box.width * {right}, box.y + box.height * {down}]; }})()"
        )
        return x, y

    def press_at(self, x: float, y: float, to: tuple[float, float] | None = None) -> None:
        """Press the mouse, move it if there is somewhere to go, and let go."""
        self.mouse("mousePressed", x, y)
        if to is not None:
            for share in (0.3, 0.6, 1):
                self.mouse("mouseMoved", x + (to[0] - x) * share, y + (to[1] - y) * share)
            x, y = to
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind: str, x: float, y: float) -> None:
        held = 0 if kind == "mouseReleased" else 1
        given = {"type": kind, "x": x, "y": y, "button": "left", "buttons": held, "clickCount": 1}
        self.send("Input.dispatchMouseEvent", given)

    def tap_at(self, x: float, y: float) -> None:
        """A finger's tap."""
        self.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        self.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def key(self, key: str, *held: str) -> None:
        """Press a key with others held, such as `key("z", "Control")`."""
        modifiers = sum(MODIFIERS[each] for each in held)
        code = KEYS.get(key, ord(key.upper()[0]))
        given = {"key": key, "modifiers": modifiers, "windowsVirtualKeyCode": code}
        text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
        self.send("Input.dispatchKeyEvent", {"type": "keyDown", **given, **({} if held else text)})
        self.send("Input.dispatchKeyEvent", {"type": "keyUp", **given})

    def type(self, text: str) -> None:
        self.send("Input.insertText", {"text": text})

"""What a browser makes of a page: a script in it leaves its findings in the title."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def title_of(page: Path, script: str, *flags: str, fragment: str = "") -> tuple[Any, list[str]]:
    """The JSON that a script puts into the page's title, and the lines of the browser's console."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    probed = page.with_name("probed.html")
    text = page.read_text(encoding="utf-8").replace("</body>", f"<script>{script}</script></body>")
    probed.write_text(text, encoding="utf-8")
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    command = [browser, *usual, *flags, f"--user-data-dir={page.parent}/browser", f"file://{probed}{fragment}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, done.stderr
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(title.group(1))), console

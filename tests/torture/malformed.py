"""Malformed inputs, generated in large numbers by tests/test_torture.py and tests/test_torture_files.py."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from torture.parts import Part, Totals, fail
from torture.processes import TESTS

TIMES = 3  # as many as in the test suite, each time


def generate(folder: Path, number: int, chance: random.Random) -> Totals:
    """All properties once, with new inputs."""
    counts = folder / "tried.json"
    environment = {**os.environ, "COLOURIZE_TORTURE": str(TIMES), "COLOURIZE_TRIED": str(counts)}
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "slow or not slow", "--basetemp",
        str(folder / "temporary"), *(str(TESTS / f"test_torture{which}.py") for which in ("", "_files")),
    ]  # fmt: skip
    counts.unlink(missing_ok=True)
    done = subprocess.run(command, cwd=TESTS.parent, env=environment, capture_output=True, text=True)
    tried = json.loads(counts.read_text()) if counts.exists() else {}
    failures = sum(line.startswith("FAILED") for line in done.stdout.splitlines()) or int(done.returncode != 0)
    if failures:
        fail(folder, done.stdout[-6000:])
    return Counter({"inputs": sum(tried.values()), "failures": failures, **{f"of {k}": v for k, v in tried.items()}})


def _describe(totals: Totals) -> str:
    kinds = {key[8:].replace("_", " "): count for key, count in totals.items() if key.startswith("of test_")}
    shown = ", ".join(f"{count} {name}" for name, count in kinds.items())
    return f"{totals['inputs']} ({shown}): {totals['failures']} with a traceback, something left, a hang, or code run"


PARTS = (
    Part(
        "malformed", "malformed configuration values, pictures, palettes, checkpoints and caches, generated",
        "5,000, 0 tracebacks, 0 leftovers, 0 hangs, 0 code run", "inputs", 5000, 1, generate, _describe,
    ),
)  # fmt: skip

"""`make torture` in its quick version: some kills, faults and jobs of each part; docs/reliability.md has the counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PARTS = ("kills", "sweeps", "writes", "preparation", "soak")  # the generated inputs are test_torture.py; no timing here


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("part", PARTS)
def test_quickly(part: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "torture", part, "--quick", f"--work={tmp_path}"]
    done = subprocess.run(command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert "| met |" in done.stdout and "FAILED" not in done.stdout

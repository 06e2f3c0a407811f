"""`make torture` in its quick version: some kills, faults and jobs of each part; docs/reliability.md has the counts."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from console import TINY, run, succeed

from colourize import files
from colourize.runs.tables import read_table

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


@pytest.mark.slow
@pytest.mark.parametrize(("name", "spared"), [(".sweep.", 0), (".results.", 3)])
def test_a_full_disk_ends_a_sweep_which_goes_on_under_the_same_names(
    name: str, spared: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write = [], files.Path.write_bytes

    def full(path: Path, contents: bytes) -> int:
        written.extend([path] if name in path.name else [])
        if len(written) > spared:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, contents)

    words = ["-m", *TINY, "trainer.max_epochs=1", "seed=1,2", "hydra.sweep.dir=sweep"]
    with monkeypatch.context() as patch:
        patch.setattr(files.Path, "write_bytes", full)
        outcome = run("train", words, tmp_path)
    assert outcome.code == 1 and "the disk is full" in outcome.stderr and outcome.stderr.count("\n") == 1
    succeed("train", words, tmp_path)
    rows = read_table(tmp_path / "sweep" / "results.csv")
    assert [(row["folder"], row["status"]) for row in rows] == [("seed-1", "completed"), ("seed-2", "completed")]

"""A worker ends with the command that started it, also where that was gone before the worker began its first job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The command starts a worker as joblib does, and is killed before the worker has begun.
COMMAND = """
import os, signal, sys
from joblib.externals.loky.backend.context import get_context
from worker import job

worker = get_context("loky").Process(target=job, args=(sys.argv[1], os.getpid()))
worker.start()
print(worker.pid, flush=True)
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
worker.join()
"""
WORKER = """
import multiprocessing, os, time
from pathlib import Path
from colourize.cli import workers

def job(folder, parent):
    multiprocessing.current_process().name = "LokyProcess-1"
    while folder.endswith("killed") and os.getppid() == parent:
        time.sleep(0.01)
    workers.end_with_parent()
    time.sleep(0.2)
    (Path(folder) / "worked").touch()
"""


@pytest.mark.parametrize("end", ["killed", "joined"])
def test_a_worker_without_its_command_does_no_work(end: str, tmp_path: Path) -> None:
    folder = tmp_path / end
    folder.mkdir()
    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "command.py").write_text(COMMAND)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[2]}"}
    command = [sys.executable, "command.py", str(folder), end]
    # The worker holds the pipe as well: this waits for both.
    subprocess.run(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, timeout=100)
    assert (folder / "worked").exists() == (end == "joined")

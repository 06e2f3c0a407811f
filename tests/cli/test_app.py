"""How a script ends: one process tells an error, and what it starts does not inherit our settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from console import TINY_DATA

TESTS = Path(__file__).parents[1]


def ends(words: list[str], cwd: Path, **environment: str) -> tuple[int, str]:
    """Exit code and stderr of a script in a process of its own."""
    kept = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    environment = {**kept, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1", "COLOURIZE_DATA": str(cwd), **environment}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=150
    )
    return done.returncode, done.stderr


@pytest.mark.slow
def test_of_several_processes_the_first_one_tells(tmp_path: Path) -> None:
    words = ["-m", "colourize.train", *TINY_DATA, "model.num_filters=4", "trainer=ddp", "trainer.accelerator=cpu"]
    code, stderr = ends([*words, "+callbacks.fault._target_=rank_faults.RankFaults"], tmp_path)
    lines = [line for line in stderr.splitlines() if "Initializing distributed" not in line]
    assert (code, lines) == (2, ["error: some.key=3: must be", "something else"])


ANOTHER = """
import os, sys
from pathlib import Path
from colourize.cli import app
from colourize.errors import UsageError

app.PATIENCE = float(sys.argv.pop(1))
sys.argv[1:] = ["data=synthetic", "hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=disabled"]

def function(config):
    Path("began").touch()
    raise (UsageError if "user" in os.environ["ERROR"] else ZeroDivisionError)(os.environ.get("HYDRA_FULL_ERROR"))

app.run(function, "train")
"""
FIRST = """
import subprocess, sys, time
from pathlib import Path

another = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
while not Path("began").exists():
    time.sleep(0.02)
"""


@pytest.mark.parametrize("error", ["of the user", "of the program"])
def test_another_process_is_silent_when_the_first_one_ends(error: str, tmp_path: Path) -> None:
    assert ends(["-c", FIRST, ANOTHER, "60"], tmp_path, LOCAL_RANK="1", ERROR=error) == (0, "")


def test_another_process_tells_an_error_that_is_its_own(tmp_path: Path) -> None:
    found = ends(["-c", ANOTHER, "0.1"], tmp_path, LOCAL_RANK="1", ERROR="of the user")
    assert found == (2, "error: None\n")  # nor does what it runs inherit our own HYDRA_FULL_ERROR

"""Freed memory stays with the process, and OpenMP's threads do not spin, unless the user wants it otherwise."""

from __future__ import annotations

import mmap
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from colourize.cli import app

BLOCK = 16 << 20  # bytes
PAGES = BLOCK // mmap.PAGESIZE

COUNT = f"""
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: one fault a page, also where pages may be huge
import numpy as np
from colourize.machine.process import keep_freed_memory
if sys.argv[1] == "keep":
    print(keep_freed_memory())
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    blocks = [np.ones({BLOCK}, np.uint8) for _ in range(4)]
work()
before = faults()
for _ in range(5):
    work()
print(faults() - before)
"""


def counted(word: str, **variables: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | variables
    command = [sys.executable, "-c", COUNT, word]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_no_page_is_requested_twice() -> None:
    (usual,) = counted("")
    kept, faults = counted("keep")
    assert kept == "True"
    assert int(usual) > 5 * 4 * PAGES * 0.9  # every page of every block, each time
    assert int(faults) < PAGES * 0.1


@pytest.mark.parametrize(
    "variable", [{"MALLOC_TRIM_THRESHOLD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"}]
)
def test_a_users_own_settings_stay(variable: dict[str, str]) -> None:
    assert counted("keep", **variable)[0] == "False"


@pytest.mark.parametrize(("command", "keeps"), [("train", True), ("predict", False)])
def test_only_trainings_keep_it(command: str, keeps: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept: list[bool] = []
    monkeypatch.setattr(app, "keep_freed_memory", lambda: kept.append(True))
    monkeypatch.setattr("sys.argv", [f"colourize-{command}", f"hydra.run.dir={tmp_path}"])
    app.run(lambda config: None, command)
    assert kept == [True] * keeps


SHOW = """
import os, sys
from colourize.cli import app
print("torch" in sys.modules)
app.wait_briefly()
print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "1000"),
        ({"GOMP_SPINCOUNT": "5"}, "5"),
        ({"OMP_WAIT_POLICY": "active"}, "None"),
        ({"KMP_BLOCKTIME": "0"}, "None"),
    ],
)
def test_the_waiting_is_set_before_torch_is_imported(own: dict[str, str], expected: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment | own, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", expected]

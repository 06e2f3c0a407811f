"""Freed memory stays with the process: counted in page faults, in a process of its own."""

from __future__ import annotations

import mmap
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from console import run

from colourize.cli import app

BLOCK = 16 << 20  # bytes
PAGES = BLOCK // mmap.PAGESIZE

COUNT = f"""
import ctypes, resource, sys
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: one fault a page, also where pages may be huge
import numpy as np
from colourize.machine.memory import keep_freed_memory
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
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    environment = {**environment, **variables}
    done = subprocess.run(
        [sys.executable, "-c", COUNT, word], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_no_page_is_asked_for_twice() -> None:
    (given_back,) = counted("")
    kept, faults = counted("keep")
    assert kept == "True"
    assert int(given_back) > 5 * 4 * PAGES * 0.9  # every page of every block, each time
    assert int(faults) < PAGES * 0.1


@pytest.mark.parametrize(
    "variable", [{"MALLOC_TRIM_THRESHOLD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"}]
)
def test_a_users_own_settings_stay(variable: dict[str, str]) -> None:
    kept, _ = counted("keep", **variable)
    assert kept == "False"


@pytest.mark.parametrize("door", ["train", "evaluate", "benchmark"])
def test_every_door_keeps_it(door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    monkeypatch.setattr(app, "keep_freed_memory", lambda: kept.append(True))
    wrong = {"train": "data.batch_size=0", "evaluate": "checkpoint=null", "benchmark": "benchmark.repeats=0"}
    assert run(door, [wrong[door]], tmp_path).code == 2
    assert kept == [True]

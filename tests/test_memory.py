"""Freed memory stays with the process: counted in page faults, in a process of its own."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PAGES = 16 << 20 >> 12  # of 16 MiB

COUNT = f"""
import resource, sys
import numpy as np
from colourize.memory import keep_freed_memory
if sys.argv[1] == "keep":
    print(keep_freed_memory())
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    blocks = [np.ones({PAGES} << 12, np.uint8) for _ in range(4)]
work()
before = faults()
for _ in range(5):
    work()
print(faults() - before)
"""


def counted(word: str, **variables: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    # numpy asks for huge pages, which hide the small ones that we count.
    environment |= {"NUMPY_MADVISE_HUGEPAGE": "0", **variables}
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


def test_a_users_own_settings_stay() -> None:
    kept, _ = counted("keep", MALLOC_TRIM_THRESHOLD_="131072")
    assert kept == "False"

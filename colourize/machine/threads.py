"""How OpenMP's threads wait for each other."""

from __future__ import annotations

import os

SPIN_COUNT = "GOMP_SPINCOUNT"
SPINS = 1000  # some microseconds: longer than a gap between two kernels, shorter than another process's time slice
# Environment variables by which users choose for themselves.
USERS_OWN = (SPIN_COUNT, "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def wait_briefly() -> None:
    """Make waiting threads sleep after some microseconds instead of spinning for milliseconds (GNU libgomp's manual).

    If another process uses one of the cores, a spinning thread takes time from the thread that it waits for. On two
    cores, a training with two threads then took longer than with one (docs/performance.md). Call this before torch is
    imported, because libgomp reads the environment only then.
    """
    if not any(name in os.environ for name in USERS_OWN):
        os.environ[SPIN_COUNT] = str(SPINS)

"""How OpenMP's threads wait for one another."""

from __future__ import annotations

import os

SPIN_COUNT = "GOMP_SPINCOUNT"
SPINS = 1000  # some microseconds: as long as a gap between two kernels, not as long as another process's time slice
# The environment variables with which users choose themselves.
USERS_OWN = (SPIN_COUNT, "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def wait_briefly() -> None:
    """Make waiting threads sleep after some microseconds instead of spinning for milliseconds (GNU libgomp's manual).

    Where another process takes one of the cores, a spinning thread takes the time of the thread that it waits for: on
    two cores a training with two threads then took longer than with one (docs/performance.md). This must be called
    before torch is imported, because libgomp reads the environment only then.
    """
    if not any(name in os.environ for name in USERS_OWN):
        os.environ[SPIN_COUNT] = str(SPINS)

"""How OpenMP's threads wait for one another."""

from __future__ import annotations

import os

SPIN_COUNT = "GOMP_SPINCOUNT"
SPINS = 1000  # some microseconds: as long as a gap between two kernels, not as long as another process's time slice
# Where users say themselves how threads are to wait.
USERS_OWN = (SPIN_COUNT, "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def wait_briefly() -> None:
    """Have threads that wait for one another sleep after a short while instead of spinning for milliseconds.

    Where another process takes one of the cores, a thread that spins takes the time of the one that it waits for. On
    two cores a training with two threads then took longer than one with a single thread (docs/performance.md).
    This must be called before torch is imported: libgomp reads the environment only then. Source: GOMP_SPINCOUNT in
    the manual of GNU libgomp.
    """
    if not any(name in os.environ for name in USERS_OWN):
        os.environ[SPIN_COUNT] = str(SPINS)

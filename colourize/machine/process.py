"""Memory and threads of this process, where a user's environment does not set them."""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from malloc.h
SPIN_COUNT = "GOMP_SPINCOUNT"
SPINS = 1000  # some microseconds: longer than a gap between two kernels, shorter than another process's time slice
# Environment variables by which users choose for themselves.
USERS_MEMORY = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_")
USERS_WAITING = (SPIN_COUNT, "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for the next request, and return whether it does (see mallopt(3)).

    A training step frees its tensors, and the next step requests the same memory again. Each new page then costs a page
    fault; there are about ten thousand per step of the course's U-Net, and for large pictures they take more time than
    its arithmetic. In return, the process keeps the maximum memory that it ever needed. Without glibc, or with a user's
    own settings in the environment, nothing changes.
    """
    users_own = any(name in os.environ for name in USERS_MEMORY)
    users_own = users_own or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", "")
    if users_own or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    # Large blocks get no mappings of their own, and the heap never shrinks (-1).
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))


def wait_briefly() -> None:
    """Make waiting threads sleep after some microseconds instead of spinning for milliseconds (GNU libgomp's manual).

    If another process uses one of the cores, a spinning thread takes time from the thread that it waits for. On two
    cores, a training with two threads then took longer than with one (docs/performance.md). Call this before torch is
    imported, because libgomp reads the environment only then.
    """
    if not any(name in os.environ for name in USERS_WAITING):
        os.environ[SPIN_COUNT] = str(SPINS)

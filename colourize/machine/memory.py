"""Keeps freed memory in the process."""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # from malloc.h
# The environment variable by which users choose for themselves.
TUNABLES = "GLIBC_TUNABLES"
USERS_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_")


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for the next request, and return whether it does (see mallopt(3)).

    A training step frees its tensors, and the next step requests the same memory again. Each new page then costs a page
    fault; there are about ten thousand per step of the course's U-Net, and for large pictures they take more time than
    its arithmetic. In return, the process keeps the maximum memory that it ever needed. Without glibc, or with a user's
    own settings in the environment, nothing changes.
    """
    users_own = any(name in os.environ for name in USERS_OWN) or "glibc.malloc." in os.environ.get(TUNABLES, "")
    if users_own or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    # Large blocks get no mappings of their own, and the heap never shrinks (-1).
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))

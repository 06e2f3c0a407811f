"""How the process keeps the memory that it has freed."""

from __future__ import annotations

import ctypes
import os
import sys

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h
# Where users make their own choice.
TUNABLES = "GLIBC_TUNABLES"
USERS_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TOP_PAD_")


def keep_freed_memory() -> bool:
    """Have glibc keep freed memory for the next request instead of giving it back to the system.

    A training step frees its tensors, and the next one asks for the same again. Each new page then costs a page
    fault, about ten thousand a step of the course's U-Net, and more than its arithmetic for large pictures.
    The price: memory that the main thread needed once stays with the process. Source: mallopt(3).

    Returns:
        Whether it is so: not where there is no glibc, nor under a user's own settings in the environment.
    """
    users_own = any(name in os.environ for name in USERS_OWN) or "glibc.malloc." in os.environ.get(TUNABLES, "")
    if users_own or not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    # Never a mapping of its own for a large block, and never a smaller heap (-1).
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, -1))

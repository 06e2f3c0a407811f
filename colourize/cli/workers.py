"""The processes in which joblib runs a sweep's jobs: none outlives the command that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

EVERY = 0.5  # seconds

_watched = False


def end_with_parent() -> None:
    """End this process at once when its parent is gone, where it is a worker; its job goes on from its checkpoint.

    Nobody else would: a worker whose parent was killed first finishes its job, which may take hours.
    """
    global _watched
    if _watched or not multiprocessing.current_process().name.startswith("Loky"):
        return
    _watched = True
    # Not os.getppid(): the parent may be gone already, while this process imported what it needs.
    parent = multiprocessing.parent_process()
    started_by = parent.pid if parent is not None and parent.pid is not None else os.getppid()
    if os.getppid() != started_by:
        os._exit(1)
    threading.Thread(target=_watch, args=(started_by,), daemon=True, name="end-with-parent").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)

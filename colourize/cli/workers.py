"""Worker processes of joblib's sweeps, which must not outlive the command that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time

EVERY = 0.5  # seconds

_watched = False


def end_with_parent() -> None:
    """End a worker at once when its parent is gone; its job can be resumed from its checkpoint.

    Otherwise a worker whose parent was killed would finish its job first, which may take hours.
    """
    global _watched
    if _watched or not multiprocessing.current_process().name.startswith("Loky"):
        return
    _watched = True
    # os.getppid() may be wrong here: imports take seconds, in which the parent may have died.
    parent = multiprocessing.parent_process()
    started_by = parent.pid if parent is not None and parent.pid is not None else os.getppid()
    if os.getppid() != started_by:
        os._exit(1)
    threading.Thread(target=_watch, args=(started_by,), daemon=True, name="end-with-parent").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)

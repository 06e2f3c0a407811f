"""A folder belongs to one run at a time, whose process holds a lock in it while the run lives."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from colourize.errors import InputError, UsageError
from colourize.files import remove_parts

FILE = ".lock"  # it is removed when the run ends
WRITTEN = ("checkpoints", "samples", "activations")  # the folders in a run's folder that the run writes into
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # set in runs of several processes, the first of which owns the folder

_held: dict[Path, FileLock] = {}


def is_first_process() -> bool:
    """Whether this is a run's only process, or the first of several; torch need not be imported yet."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)


def own(folder: str | Path, key: str) -> None:
    """Take a folder, make it if it is missing, and remove the unfinished files of killed owners.

    Raises:
        UsageError: another process owns the folder; messages name it by the setting `key`.
        InputError: the folder cannot be written.
    """
    path = Path(os.path.abspath(folder))
    if path in _held or not is_first_process():
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / FILE)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UsageError(f"{key}={folder}: belongs to a run that is still going on; name another folder") from error
    except OSError as error:
        raise InputError(f"{key}={folder}: cannot be written: {error.strerror}") from error
    _held[path] = lock
    remove_parts(path, *(path / each for each in WRITTEN))


def is_anothers(folder: str | Path) -> bool:
    """Whether another process owns a folder."""
    path = Path(os.path.abspath(folder))
    if path in _held or not (path / FILE).exists():
        return False
    try:
        with FileLock(path / FILE).acquire(blocking=False):
            return False
    except Timeout:
        return True


def release(folder: str | Path | None = None) -> None:
    """Release a folder, or all of them."""
    for path in list(_held) if folder is None else [Path(os.path.abspath(folder))]:
        lock = _held.pop(path, None)
        if lock is not None:
            with contextlib.suppress(OSError):  # before the release, so that nobody else owns the removed file
                (path / FILE).unlink(missing_ok=True)
            lock.release()


@contextlib.contextmanager
def owned(folder: str | Path) -> Iterator[None]:
    """Own a folder in the block; if this process owns it already, it keeps it afterwards."""
    keeps = Path(os.path.abspath(folder)) in _held
    own(folder, "hydra.run.dir")
    try:
        yield
    finally:
        if not keeps:
            release(folder)

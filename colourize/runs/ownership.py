"""A folder belongs to one run at a time: a lock in it, held as long as the run lives, by whoever may write there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from colourize.errors import InputError, UsageError
from colourize.files import remove_parts

FILE = ".lock"  # hidden, and gone when the run has ended
# The folders in a run's that are written into; others may be other runs'.
WRITTEN = ("checkpoints", "samples", "activations")
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # of a run of several processes, whose first one owns the folder

_held: dict[Path, FileLock] = {}


def is_first_process() -> bool:
    """Whether this is the only process of a run, or the first of several; before torch knows it."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)


def own(folder: str | Path, key: str) -> None:
    """Take a folder for this process; it is made where it is missing, and rid of what killed owners left half done.

    Args:
        key: what names the folder, for the error.

    Raises:
        UsageError: another process has it.
        InputError: it cannot be written.
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
    """Whether another process has a folder."""
    path = Path(os.path.abspath(folder))
    if path in _held or not (path / FILE).exists():
        return False
    try:
        with FileLock(path / FILE).acquire(blocking=False):
            return False
    except Timeout:
        return True


def release(folder: str | Path | None = None) -> None:
    """Give a folder back, or all of them."""
    for path in list(_held) if folder is None else [Path(os.path.abspath(folder))]:
        lock = _held.pop(path, None)
        if lock is not None:
            with contextlib.suppress(OSError):  # while it is held: nobody else can own the file that is removed
                (path / FILE).unlink(missing_ok=True)
            lock.release()


@contextlib.contextmanager
def owned(folder: str | Path, key: str = "hydra.run.dir") -> Iterator[None]:
    """Own a folder in the block; a folder that this process has already it keeps."""
    mine = Path(os.path.abspath(folder)) in _held
    own(folder, key)
    try:
        yield
    finally:
        if not mine:
            release(folder)

"""Files that appear whole or not at all, and folders that can be written to."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from colourize.errors import InputError

PART = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.part(\..*)?")  # the name of a temporary file


def write_whole(path: str | Path, content: str | bytes, keep: str | Path | None = None) -> None:
    """Write a file; until it is whole on the disk, and whatever fails, the old one stands.

    Args:
        path: its folder exists already.
        content: text as UTF-8, its line ends as they are.
        keep: see `whole_file`.
    """
    with whole_file(path, keep) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: str | Path, contents: Any) -> None:
    """`write_whole` of a JSON file: everything as `plain` has it."""
    write_whole(path, json.dumps(plain(contents), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """A value as JSON has it: null for NaN and infinity, which are no JSON, lists for arrays, text for the unknown."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


@contextlib.contextmanager
def whole_file(path: str | Path, keep: str | Path | None = None) -> Iterator[Path]:
    """The same for writers that take a path: they write to the one that is yielded, and close what they opened.

    with whole_file("palette.npy") as part:
        np.save(part, colours)

    The temporary file lies beside the final one (renaming is whole only within a disk), is hidden, and ends alike,
    since numpy and Pillow go by that. Its name is its own: threads and processes may write the same file at once.

    Args:
        keep: where the old file goes, in place of what lies there; None: it is replaced.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # else the name may reach the disk before the contents
        if keep is not None and path.exists():
            os.replace(path, keep)
        os.replace(part, path)
        _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        # A full disk's error names no file, a missing folder's the temporary one.
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(part)):
            error.filename, error.filename2 = str(path), None
        raise


def check_writable(key: str, folder: Path) -> None:
    """Raise an InputError where files cannot be written into a folder; nothing is left of the attempt.

    Args:
        key: the setting that names it.
        folder: it may be missing.
    """
    missing: list[Path] = []
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a null byte
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{key}={folder}: cannot be written to ({reason}); must name a folder") from None
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()


def remove_parts(*folders: Path) -> None:
    """Remove the temporary files of writers that were killed; nobody may be writing into these folders."""
    for folder in folders:
        with contextlib.suppress(OSError):  # there is no such folder, or it can only be read
            for path in folder.iterdir():
                if PART.fullmatch(path.name):
                    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

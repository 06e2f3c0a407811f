"""Writes files whole or not at all, and checks whether folders can be written to."""

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
    """Write bytes, or text as UTF-8; whatever fails, the old file stays until the new one is complete on the disk."""
    with whole_file(path, keep) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: str | Path, contents: Any) -> None:
    """Write a JSON file whole, with the values of `plain`."""
    write_whole(path, json.dumps(plain(contents), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """A value for JSON: null for NaN and infinity, lists for arrays, the text of unknown types."""
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
    """`write_whole` for writers that take a path.

    with whole_file("palette.npy") as part:
        np.save(part, colours)

    The temporary file is hidden and in the same folder as the final one, because renaming is atomic only within a disk.
    It has the same suffix, from which numpy and Pillow choose the format, and a unique name, so that several threads
    and processes may write the same file at once. If `keep` is given, the old file is moved there.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # otherwise the name may reach the disk before the contents
        if keep is not None and path.exists():
            os.replace(path, keep)
        os.replace(part, path)
        _sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        # The error for a full disk names no file, and that for a missing folder names the temporary file.
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(part)):
            error.filename, error.filename2 = str(path), None
        raise


def check_writable(key: str, folder: Path) -> None:
    """Raise an InputError that names `key` if files cannot be written into a folder; a missing folder is not made."""
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
    """Remove the temporary files of killed writers; no other process must be writing into these folders."""
    for folder in folders:
        with contextlib.suppress(OSError):  # there is no such folder, or it can only be read
            for path in folder.iterdir():
                if PART.fullmatch(path.name):
                    path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync a folder's names to the disk, if the system supports it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

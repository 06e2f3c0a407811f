"""`builtin:NAME`: the package's weights, the newest version of each, which are checked before they are used.

This module must not import torch, as shell completion would wait for it.

A version is a numbered folder. Its files are never replaced; better weights go into a folder with the next number.
`SHA256SUMS` lists the files in the format of `sha256sum --check`. Each file has a card, `NAME.md`.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from colourize.errors import InputError, UsageError
from colourize.weights import SUFFIX

FOLDER = Path(__file__).parent
PREFIX = "builtin:"
SUMS = "SHA256SUMS"


def resolve(checkpoint: str | Path) -> Path:
    """The file that the key `checkpoint` names: the file of `builtin:NAME`, or else the path itself.

    Raises:
        UsageError: the package has no weights with this name.
        InputError: the file is not the one that was shipped.
    """
    named = str(checkpoint)
    if not is_builtin(named):
        return Path(named)
    files = shipped()
    path = files.get(named.removeprefix(PREFIX))
    if path is None:
        there = ", ".join(f"{PREFIX}{name}" for name in files) or "none at all"
        raise UsageError(f"checkpoint={named}: the package has no weights of this name; it has {there}")
    if checksum(path) != listed(path.parent).get(path.name):
        raise InputError(f"checkpoint={named}: {path} is not the file that was shipped; install the package again")
    return path


def is_builtin(checkpoint: object) -> bool:
    """Whether the key `checkpoint` names weights of the package."""
    return str(checkpoint).startswith(PREFIX)


def are_weights(checkpoint: object) -> bool:
    """Whether the key `checkpoint` names a file without training state, from whose weights a new training starts."""
    return is_builtin(checkpoint) or str(checkpoint).endswith(SUFFIX)


def shipped() -> dict[str, Path]:
    """The newest file of each name."""
    paths = [path for version in versions() for path in sorted(version.glob(f"*{SUFFIX}"))]
    return dict(sorted({path.stem: path for path in paths}.items()))


def versions() -> list[Path]:
    """The folders of all versions, the newest last."""
    found = [path for path in FOLDER.iterdir() if path.is_dir() and path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name))


def listed(version: Path) -> dict[str, str]:
    """The checksums of a version's files by name."""
    path = version / SUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


@functools.cache
def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""A folder of the user's own pictures in any format and size, which are cut to squares of one size."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from colourize.data.picture_files import UnreadableError, find_pictures, middle_square, named, open_photograph
from colourize.data.pictures import LARGEST, PictureData, Pictures, check_folder, check_memory
from colourize.errors import InputError, UsageError, check_count, check_flag, one_line

log = logging.getLogger(__name__)

PROGRESS_FROM = 2000  # pictures
PARTS = ("train", "val", "test")


class FolderData(PictureData):
    """The pictures of a folder as RGB squares, uint8 (N, size, size, 3), sorted by path.

    If the folder has the sub-folders `train` and `test` (and perhaps `val`), only these are read. Otherwise a fixed
    `test_fraction` of its pictures, chosen by their names, are the test pictures. With `only_tested` (see
    `PictureData`) only `test` is read, or all pictures are test pictures. Folders are searched to any depth (see
    `find_pictures`). Pictures are read as for prediction (see `open_photograph`), with white behind transparent pixels;
    the middle square is scaled (Lanczos).

    Args:
        root: the folder.
        size: height and width in pixels, 8 to 4096.
        test_fraction: the share of test pictures where there are no sub-folders, above 0 and below 1.
        split_seed: chooses the test pictures; it is not the run's seed, so that runs stay comparable.
        skip_unreadable: continue without unreadable files, with a warning that names them.
        common: the arguments of `PictureData`.

    Raises:
        UsageError: a value that is not allowed.
        InputError: the folder is missing, it has too few pictures, or some cannot be read (all are tried first).
    """

    def __init__(
        self, root: str | Path | None = None, size: int = 32, test_fraction: float = 0.1, split_seed: int = 0,
        skip_unreadable: bool = False, **common: Any,
    ) -> None:  # fmt: skip
        if not root or str(root) == "???":
            raise UsageError("data.root: must name a folder of pictures, such as data.root=pictures")
        root = str(check_folder(root))  # a plain, absolute path: Lightning keeps it for the checkpoint
        super().__init__(**common)
        check_count("data.size", size, least=8, most=LARGEST)
        if type(test_fraction) is not float or not 0 < test_fraction < 1:  # an int or a bool is no fraction
            raise UsageError(f"data.test_fraction={test_fraction}: must be above 0 and below 1")
        check_count("data.split_seed", split_seed, least=0)
        check_flag("data.skip_unreadable", skip_unreadable)
        self.root, self.size, self.skip_unreadable = Path(root), size, skip_unreadable
        self.test_fraction, self.split_seed = test_fraction, split_seed

    def load(self) -> Pictures:
        files = self._find()
        self._check_enough(files, "pictures")
        read, unreadable = self._read(files)
        if unreadable:
            found = f"{len(unreadable)} of {sum(map(len, files.values()))} files cannot be read as pictures"
            found, names = f"data.root={self.root.resolve()}: {found}", self._named(unreadable)
            if not self.skip_unreadable:
                raise InputError(f"{found}; data.skip_unreadable=true goes on without them\n{names}")
            log.warning("%s; skipped (data.skip_unreadable=true)\n%s", found, names)
            files = {part: [file for file in there if file in read] for part, there in files.items()}
            self._check_enough(files, "readable pictures")
        if "" in files:
            files = {"test": files[""]} if self.only_tested else self._split(files[""])
        parts = {part: self._stacked(read[file] for file in there) for part, there in files.items()}
        none = self._stacked([])
        return Pictures(parts.get("train", none), parts.get("val", none if self.only_tested else None), parts["test"])

    def _find(self) -> dict[str, list[Path]]:
        """The files of each part; without sub-folders there is one part, ""."""
        root = self.root
        if not root.is_dir():
            raise InputError(f"data.root={root.resolve()}: there is no such folder")
        parts = [name for name in PARTS if (root / name).is_dir()]
        if not parts:
            return {"": self._search(root)}
        for name in ("test",) if self.only_tested else ("train", "test"):
            if name not in parts:
                raise InputError(
                    f"data.root={root.resolve()}: has {' and '.join(parts)} but no {name}; must have the "
                    f"sub-folders train and test (val may be missing), or none of the three"
                )
        return {name: self._search(root / name) for name in (["test"] if self.only_tested else parts)}

    def _search(self, folder: Path) -> list[Path]:
        return find_pictures(folder, f"data.root={self.root.resolve()}", self.root)

    def _check_enough(self, files: dict[str, list[Path]], what: str) -> None:
        for part, there in files.items():
            if part and not there:
                raise InputError(f"data.root={self.root.resolve()}: no {what} in the sub-folder {part}")
            least = 1 if self.only_tested or part else 3
            if len(there) < least:
                raise InputError(
                    f"data.root={self.root.resolve()}: {len(there)} {what}; must hold at least {least} (.jpg, .png or "
                    f"whatever Pillow reads), or the sub-folders train and test"
                )

    def _split(self, files: list[Path]) -> dict[str, list[Path]]:
        # Chosen by name, not by position, so that a new file hardly ever moves another one to the other part.
        def draw(file: Path) -> bytes:
            name = file.relative_to(self.root).as_posix()
            return hashlib.blake2b(os.fsencode(f"{self.split_seed}/{name}")).digest()

        num_test = min(max(round(self.test_fraction * len(files)), 1), len(files) - 2)
        test = set(sorted(files, key=draw)[:num_test])
        return {"train": [file for file in files if file not in test], "test": [file for file in files if file in test]}

    def _read(self, files: dict[str, list[Path]]) -> tuple[dict[Path, np.ndarray], dict[Path, str]]:
        """The squares, uint8 (size, size, 3), by file, and the reasons why files cannot be read, by file."""
        everything = [file for there in files.values() for file in there]
        check_memory(f"data.size={self.size}", len(everything), self.size)
        steps: Iterable[Path] = everything
        if len(everything) >= PROGRESS_FROM:
            from rich.console import Console
            from rich.progress import track

            steps = track(everything, "Reading pictures", console=Console(stderr=True))
        read, unreadable, notes = {}, {}, {}
        for file in steps:
            try:
                # At least twice the size, so that a large JPEG is read faster and stays sharp.
                photograph = open_photograph(file, 2 * self.size)
                read[file] = middle_square(photograph.over_white(), self.size)
                if photograph.notes:
                    notes[file] = ", ".join(photograph.notes)
            except UnreadableError as error:
                unreadable[file] = error.reason
        if notes:
            where = f"data.root={self.root.resolve()}: of {len(notes)} files not all is read"
            log.warning("%s: %s", where, self._named(notes))
        return read, unreadable

    def _named(self, reasons: dict[Path, str]) -> str:
        return named([f"{one_line(file.relative_to(self.root))} ({reason})" for file, reason in reasons.items()])

    def _stacked(self, squares: Iterable[np.ndarray]) -> np.ndarray:
        return np.array(list(squares), np.uint8).reshape(-1, self.size, self.size, 3)

"""Pictures of one's own: a folder of files in any format and size, made into equal squares."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from colourize.data.picture_files import find_pictures, middle_square, open_picture
from colourize.data.pictures import PictureData, Pictures
from colourize.errors import InputError, UsageError, check_count

PROGRESS_FROM = 2000  # pictures; fewer are read in seconds


class FolderData(PictureData):
    """The pictures of a folder as RGB squares, uint8 (N, size, size, 3), sorted by path.

    Either the folder has the sub-folders `train` and `test` (and perhaps `val`), and only they are read, or
    its pictures are split: a fixed `test_fraction` of them, chosen by their names, are the test pictures.
    Folders are searched to any depth. A file is a picture if its extension is one that Pillow reads; hidden
    files and folders are passed over. A picture is turned as its EXIF data say, laid over white where it is
    transparent, and its middle square is scaled (Lanczos); colour profiles are not applied.

    Args:
        root: the folder.
        size: height and width in pixels, at least 8.
        test_fraction: the share of test pictures where there are no sub-folders, above 0 and below 1.
        split_seed: which pictures these are; apart from the run's seed, so that runs stay comparable.
        common: what every source has (see `PictureData`).

    Raises:
        UsageError: a value that is not allowed.
        InputError: the folder is missing or holds too few pictures, or a picture cannot be read.
    """

    def __init__(
        self,
        root: str | Path | None = None,
        size: int = 32,
        test_fraction: float = 0.1,
        split_seed: int = 0,
        **common: Any,
    ) -> None:
        if not root or str(root) == "???":
            raise UsageError("data.root: must name a folder of pictures, such as data.root=pictures")
        # Lightning keeps arguments as they are here for the checkpoint, which takes plain values only.
        # Absolute, so that the checkpoint finds its data from any folder.
        root = str(Path(root).expanduser().absolute())
        super().__init__(**common)
        check_count("data.size", size, least=8)
        if not isinstance(test_fraction, (int, float)) or not 0 < test_fraction < 1:
            raise UsageError(f"data.test_fraction={test_fraction}: must be above 0 and below 1")
        self.root = Path(root)
        self.size = size
        check_count("data.split_seed", split_seed, least=0)
        self.test_fraction = test_fraction
        self.split_seed = split_seed

    def load(self) -> Pictures:
        root = self.root
        if not root.is_dir():
            raise InputError(f"data.root={root.resolve()}: there is no such folder")
        parts = [name for name in ("train", "val", "test") if (root / name).is_dir()]
        if not parts:
            train, test = self._split(find_pictures(root))
            return Pictures(self._read(train), None, self._read(test))
        for name in ("train", "test"):
            if name not in parts:
                raise InputError(
                    f"data.root={root.resolve()}: has {' and '.join(parts)} but no {name}; must have the "
                    f"sub-folders train and test (val may be missing), or none of the three"
                )
        files = {name: find_pictures(root / name) for name in parts}
        for name in parts:
            if not files[name]:
                raise InputError(f"data.root={root.resolve()}: no pictures in the sub-folder {name}")
        val = self._read(files["val"]) if "val" in files else None
        return Pictures(self._read(files["train"]), val, self._read(files["test"]))

    def _split(self, files: list[Path]) -> tuple[list[Path], list[Path]]:
        if len(files) < 3:
            raise InputError(
                f"data.root={self.root.resolve()}: {len(files)} pictures; must hold at least 3 (.jpg, .png or "
                f"whatever Pillow reads), or the sub-folders train and test"
            )

        # By name rather than by place in the list: a new file hardly ever moves another to the other part.
        def draw(file: Path) -> bytes:
            name = file.relative_to(self.root).as_posix()
            return hashlib.blake2b(os.fsencode(f"{self.split_seed}/{name}")).digest()

        num_test = min(max(round(self.test_fraction * len(files)), 1), len(files) - 2)
        test = set(sorted(files, key=draw)[:num_test])
        return [file for file in files if file not in test], [file for file in files if file in test]

    def _read(self, files: list[Path]) -> np.ndarray:
        pictures = np.empty((len(files), self.size, self.size, 3), np.uint8)
        if len(files) < PROGRESS_FROM:
            steps = iter(files)
        else:
            from rich.console import Console
            from rich.progress import track

            steps = iter(track(files, "Reading pictures", console=Console(stderr=True)))
        for picture, file in zip(pictures, steps, strict=True):
            # At least twice the size wanted: a large JPEG is read fast so, and still sharp.
            picture[:] = middle_square(open_picture(file, 2 * self.size), self.size)
        return pictures

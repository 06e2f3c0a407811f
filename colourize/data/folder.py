"""Pictures of one's own: a folder of files in any format and size, made into equal squares."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from colourize.data.pictures import PictureData, Pictures
from colourize.errors import InputError, UsageError, check_count

PROGRESS_FROM = 2000  # pictures; fewer are read in seconds
WHITE = (255, 255, 255)


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
            picture[:] = read_picture(file, self.size)
        return pictures


def find_pictures(folder: Path) -> list[Path]:
    """The files below a folder whose extension says picture, without hidden ones, sorted by path.

    Links to folders are not followed.

    Raises:
        InputError: a folder cannot be searched.
    """
    extensions = _extensions()
    found = []
    for where, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(where, name)
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in extensions
        ]
    return sorted(found, key=lambda file: file.relative_to(folder).parts)


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: the folder cannot be searched ({error.strerror})")


def read_picture(path: Path, size: int) -> np.ndarray:
    """The middle square of a picture, scaled to uint8 (size, size, 3) RGB.

    Raises:
        InputError: the file is no picture, damaged, too large for Pillow, or of a kind without known limits.
    """
    try:
        with Image.open(path) as image:
            # A JPEG is decoded at a fraction of its size, at least twice the one wanted: fast and still sharp.
            image.draft("RGB", (2 * size, 2 * size))
            picture = _to_rgb(ImageOps.exif_transpose(image))
            width, height = picture.size
            side = min(width, height)
            left, top = (width - side) / 2, (height - side) / 2
            # Scaling only the middle square: a very long picture would otherwise become a huge one first.
            box = (left, top, left + side, top + side)
            return np.array(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))
    except Exception as error:  # Pillow's readers raise almost anything on a damaged file
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path.resolve()}: cannot be read as a picture ({reason})") from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # Pillow's own conversion does not scale 16-bit greys
        grey = np.asarray(image).astype(np.int64)
        if grey.min() < 0 or grey.max() > 65535:
            raise ValueError("grey values beyond 16 bits")
        return Image.fromarray(((grey + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError("floating-point pictures have no fixed white; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    return image.convert("RGB")


def _extensions() -> set[str]:
    """Lower-case extensions of the formats that Pillow can decode, not only recognise (.h5, .mpg)."""

    def decodes(name: str) -> bool:
        factory = Image.OPEN[name][0] if name in Image.OPEN else None
        stub = isinstance(factory, type) and issubclass(factory, ImageFile.StubImageFile)
        return factory is not None and not stub and name != "MPEG"

    return {extension for extension, name in Image.registered_extensions().items() if decodes(name)}

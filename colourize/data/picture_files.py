"""Picture files: opening one, and making a square of it."""

from __future__ import annotations

import os
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from colourize.errors import InputError, one_line

WHITE = (255, 255, 255)
# Formats that Pillow recognises, and reads only in part (MPEG) or by running another program on the file (EPS).
NOT_READ = ("MPEG", "EPS")


class UnreadableError(InputError):
    """A file that cannot be read as a picture, and the reason in a few words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{one_line(path.absolute())}: cannot be read as a picture ({reason})")
        self.reason = reason


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


def open_picture(path: Path, least_size: int | None = None) -> Image.Image:
    """A picture as RGB, turned as its EXIF data say, laid over white where it is transparent.

    Colour profiles are not applied.

    Args:
        path: the file.
        least_size: pixels; a JPEG may be decoded at a fraction of its size that is not smaller than this.

    Raises:
        UnreadableError: the file is no picture, damaged, too large for Pillow, or of a kind without known limits.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a regular file")  # opening a pipe would wait for ever
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged EXIF data, say, beside a whole picture
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_formats()) as image:
                if least_size is not None:
                    image.draft("RGB", (least_size, least_size))
                return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise UnreadableError(path, "no picture format that is known") from None
    except Exception as error:  # Pillow's readers raise almost anything on a damaged file
        reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
        raise UnreadableError(path, reason) from None


def middle_square(picture: Image.Image, size: int) -> np.ndarray:
    """The middle square of an RGB picture, scaled (Lanczos) to uint8 (size, size, 3)."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    # Scaling only the middle square: a very long picture would otherwise become a huge one first.
    box = (left, top, left + side, top + side)
    return np.array(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: the folder cannot be searched ({error.strerror})")


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


@cache
def _formats() -> tuple[str, ...]:
    """The formats that Pillow can decode, not only recognise (.h5, .mpg)."""
    Image.init()

    def decodes(name: str) -> bool:
        factory = Image.OPEN[name][0]
        stub = isinstance(factory, type) and issubclass(factory, ImageFile.StubImageFile)
        return not stub and name not in NOT_READ

    return tuple(name for name in Image.OPEN if decodes(name))


def _extensions() -> set[str]:
    """Their extensions, in lower case."""
    return {extension for extension, name in Image.registered_extensions().items() if name in _formats()}

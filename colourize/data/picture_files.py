"""Picture files: finds them, opens them as sRGB and cuts squares."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from colourize.data.picture_colours import check_signals, to_srgb
from colourize.data.tiff_fallback import open_tiff
from colourize.errors import InputError, one_line

log = logging.getLogger(__name__)

WHITE, STUB = (255, 255, 255), ImageFile.StubImageFile
NOT_READ = ("MPEG", "EPS", "FITS")  # Pillow reads only a part, runs another program, or knows no white
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, PLANAR, SAMPLE_FORMAT, DNG_VERSION = 254, 258, 259, 262, 284, 339, 50706
SAMPLE_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
HEAD = 2**18  # bytes that are read to identify a file
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
NOT_SKIPPED = {".heic", ".heif", ".hif", ".jxl"}  # an error explains why these are not read
NAMED = 10  # maximum number of files that a message names


class UnreadableError(InputError):
    """A file that cannot be read as a picture, and the reason in a few words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{one_line(path.absolute())}: cannot be read as a picture ({reason})")
        self.reason = reason


@dataclass
class Photograph:
    """A picture of any size: its colours (RGB, sRGB, upright) and the opacity of each pixel (L); None: all are opaque.

    `notes` lists what was left out of the file, such as the pages after the first.
    """

    colours: Image.Image
    alpha: Image.Image | None = None
    notes: list[str] = field(default_factory=list)

    def over_white(self) -> Image.Image:
        """RGB, over white where the picture is transparent."""
        if self.alpha is None:
            return self.colours
        return Image.composite(self.colours, Image.new("RGB", self.colours.size, WHITE), self.alpha)


def find_pictures(folder: Path, given: str, root: Path | None = None) -> list[Path]:
    """The files below a folder that have a picture's extension, sorted by path.

    Hidden files and folders are skipped, and links to folders are not followed. A warning, which begins with `given`,
    names the other files relative to `root`; None: to the folder.

    Raises:
        InputError: a folder cannot be searched.
    """
    found: list[Path] = []
    for where, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(where, name) for name in files if not name.startswith(".")]
    found.sort(key=lambda file: file.relative_to(folder).parts)
    pictures = [file for file in found if file.suffix.lower() in _extensions() | NOT_SKIPPED]
    if others := sorted({*found} - {*pictures}):
        names = named([one_line(file.relative_to(root or folder)) for file in others])
        what = "without the extension of a picture format that is read, passed over"
        log.warning("%s: %d %s: %s", given, len(others), what, names)
    return pictures


def named(names: Sequence[str]) -> str:
    """The first names in a list, and the number of the others."""
    return ", ".join([*names[:NAMED], *([f"and {len(names) - NAMED} more"] if len(names) > NAMED else [])])


def open_photograph(path: Path, least_size: int | None = None) -> Photograph:
    """The first picture of a file in sRGB with 8 bits a channel, turned according to its EXIF data.

    A colour profile, or else a PNG's gamma, is converted to sRGB; invisible pixels get other colours (see `to_srgb`). A
    JPEG may be decoded at a fraction of its size, of at least `least_size` pixels.

    Raises:
        UnreadableError: the file is no picture, damaged, too large for Pillow, or of a kind that is not supported.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a regular file")  # opening a pipe would wait for ever
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as about damaged EXIF data of an intact picture
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            head = file.read(HEAD)
            notes: list[str] = []
            image, white, inverted = _decoder(file, head, notes)
            if least_size is not None:
                image.draft("RGB", (least_size, least_size))
            ImageOps.exif_transpose(image, in_place=True)
            return Photograph(*to_srgb(image, white, inverted, notes), notes)
    except UnidentifiedImageError:
        raise UnreadableError(path, _unidentified(head)) from None
    except Exception as error:  # Pillow's readers raise almost anything on a damaged file
        reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
        raise UnreadableError(path, reason) from None


def middle_square(picture: Image.Image, size: int) -> np.ndarray:
    """The middle square of an RGB picture, scaled (Lanczos) to uint8 (size, size, 3)."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)  # cut first, as scaling a very long picture would need much memory
    return np.array(picture.resize((size, size), Image.Resampling.LANCZOS, box=box))


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: the folder cannot be searched ({error.strerror})")


def _decoder(file: BinaryIO, head: bytes, notes: list[str]) -> tuple[Image.Image, int, bool]:
    """The picture, not decoded yet, the level of white of deep greys, and whether this level is black instead."""
    white, inverted = 65535, False
    try:
        image: Image.Image = Image.open(file, formats=_formats())
        count = _count(file.name, image)
    except UnidentifiedImageError:
        if head[:4] not in TIFF_MAGIC:
            raise
        image, count = open_tiff(file)
    if count > 1:
        notes.append(f"the first of {count}")
    if image.format == "TIFF":
        tags = getattr(image, "tag_v2", {})
        bits = max(tags.get(BITS, (1,)))
        if tags.get(SUBFILE, 0) & 1 or DNG_VERSION in tags or head[8:10] == b"CR":
            raise ValueError("a camera's raw file, or another whose first picture is only a preview")
        kind = SAMPLE_FORMATS.get(max(tags.get(SAMPLE_FORMAT, (1,))), "unsigned")
        if kind != "unsigned" or bits > 16:
            raise ValueError(f"{bits}-bit {kind} levels, whose white is not known; save it with 8 or 16 bits")
        if bits > 8 and tags.get(PLANAR) == 2 and tags.get(COMPRESSION, 1) == 1:  # Pillow would read it as interleaved
            return open_tiff(file)[0], white, inverted
        white, inverted = 2**bits - 1, tags.get(PHOTOMETRIC) == 0
    if image.format in ("PNG", "AVIF", "HEIF"):
        check_signals(head, notes)
    if image.format == "PNG" and "transparency" in image.info:
        # Pillow scales the levels of 2 and 4 bits to 8, but not the transparent one.
        raw = image.tile[0][3]  # type: ignore[attr-defined]
        if raw in ("L;2", "L;4"):
            image.info["transparency"] *= {"L;2": 85, "L;4": 17}[raw]
        elif raw == "RGB;16B":
            del image.info["transparency"]
            notes.append("its transparent colour, of 16 bits, is left out")
    return image, white, inverted


def _count(path: str, image: Image.Image) -> int:
    """The number of pictures in a file; the layers of a PSD do not count."""
    if "n_frames" in vars(image) or image.format not in ("GIF", "TIFF", "IM"):
        return int(vars(image).get("n_frames", 1))
    with Image.open(path) as again:  # counting reads the whole file
        return int(getattr(again, "n_frames", 1))


def _unidentified(head: bytes) -> str:
    if head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in HEIF_BRANDS):
        return "HEIF: damaged" if heif_is_read() else "HEIF, which `pip install 'colourize[heif]'` makes readable"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "JPEG XL, which is not read"
    return "no picture format that is known"


@cache
def heif_is_read() -> bool:
    """Whether HEIC and HEIF can be read, which needs pi-heif."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


@cache
def _formats() -> tuple[str, ...]:
    """The formats that Pillow can decode, not only recognise (.h5, .mpg)."""
    Image.init()
    heif_is_read()

    stubs = {name for name, (kind, _) in Image.OPEN.items() if isinstance(kind, type) and issubclass(kind, STUB)}
    return tuple(name for name in Image.OPEN if name not in stubs and name not in NOT_READ)


@cache
def _extensions() -> frozenset[str]:
    """The extensions of these formats, in lower case."""
    read = {*_formats(), "MPO"}  # MPO is opened as JPEG
    return frozenset(extension for extension, name in Image.registered_extensions().items() if name in read)

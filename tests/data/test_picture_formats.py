"""Every kind of picture file that people have: what is read of it, or why it is refused, as docs/predict.md says.

The document's table is made here, from files that are written and read; this file run as a script prints it.
"""

from __future__ import annotations

import io
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, features

from colourize.data.folder import FolderData
from colourize.data.picture_files import find_pictures, heif_is_read, middle_square, open_photograph
from colourize.errors import InputError

ODD = Path(__file__).parent / "odd-pictures"
DOCUMENT = Path(__file__).parents[2] / "docs" / "predict.md"
TABLE = ("| file | what is read |\n", "\n\n")  # its first line, and what follows its last

ROW, COLUMN = np.mgrid[0:48, 0:64]
COLOURS = np.stack([60 + 2 * COLUMN, 70 + 3 * ROW, 170 - ROW - COLUMN], -1).astype(np.uint8)
GREYS = (40 + COLUMN + 3 * ROW).astype(np.uint8)
ALPHA = np.where(COLUMN < 20, 0, np.where(COLUMN < 40, 130, 255)).astype(np.uint8)
CLEAR = np.where(COLUMN < 20, 0, 255).astype(np.uint8)
BILEVEL = np.where(ROW < COLUMN, 255, 0).astype(np.uint8)


class Case(NamedTuple):
    """A file, and what it shows: grey (48, 64) or colours (48, 64, 3), and how opaque each pixel is."""

    name: str
    write: Callable[[Path], Any]
    shows: np.ndarray
    alpha: np.ndarray | None = None


def picture(*bands: np.ndarray, **options: Any) -> Callable[[Path], None]:
    """Written by Pillow; bands are put beside each other."""
    return lambda path: Image.fromarray(np.dstack(bands) if len(bands) > 1 else bands[0]).save(path, **options)


def two() -> dict[str, Any]:
    """Options with which Pillow writes a second picture; it keeps notes in that picture's object."""
    return {"save_all": True, "append_images": [Image.fromarray(COLOURS[::-1])]}


def cmyk(path: Path) -> None:
    Image.frombytes("CMYK", (64, 48), np.dstack([255 - COLOURS, 0 * GREYS]).tobytes()).save(path, quality=95)


def tiff(pixels: np.ndarray, kind: str, **options: Any) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, pixels, photometric=kind, metadata=None, **options)


def png(bits: int, kind: int, pixels: np.ndarray, *chunks: tuple[bytes, bytes]) -> Callable[[Path], object]:
    """A PNG by hand, with chunks and depths that Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 64, 48, bits, kind, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def deep(levels: np.ndarray) -> np.ndarray:
    return levels.astype(np.uint16) * 257


def encoded(light: np.ndarray) -> np.ndarray:
    """Levels of sRGB for levels that are proportional to light."""
    share = light / 255
    return 255 * np.where(share <= 0.0031308, 12.92 * share, 1.055 * share ** (1 / 2.4) - 0.055)


def in_light(levels: np.ndarray) -> np.ndarray:
    """16-bit levels that are proportional to light for levels of sRGB."""
    share = levels / 255
    return 65535 * np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def linear_profile() -> bytes:
    """sRGB's profile with gamma 1: each of its three curves is replaced."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    curve = profile.index(b"para")
    profile[curve : curve + 12] = b"curv\0\0\0\0\0\0\0\0"
    return bytes(profile)


def grey_profile() -> bytes:
    return Image.open(ODD / "grey16-gamma18-profile.png").info["icc_profile"]  # type: ignore[no-any-return]


def by_grey_profile(levels: np.ndarray) -> np.ndarray:
    return encoded(255 * (levels / 255) ** 1.8)


def turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(np.rot90(COLOURS)).save(path, exif=exif)


def twelve_bits(path: Path) -> None:
    pairs = (GREYS.astype(int) * 4095 // 255).reshape(48, 32, 2)
    packed = np.stack([pairs[..., 0] >> 4, (pairs[..., 0] & 15) << 4 | pairs[..., 1] >> 8, pairs[..., 1] & 255], -1)
    tifffile.imwrite(path, packed.astype(np.uint8).reshape(48, 96), photometric="minisblack", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageWidth"].overwrite(64)
        file.pages[0].tags["BitsPerSample"].overwrite(12)


def lab(path: Path) -> None:
    kinds = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(COLOURS // 4 + 90), *kinds, outputMode="LAB")
    assert image is not None
    image.save(path)


def avif_hdr(path: Path) -> None:
    Image.fromarray(COLOURS).save(path)
    content = bytearray(path.read_bytes())
    found = content.index(b"colrnclx")
    content[found + 8 : found + 12] = b"\0\x09\0\x10"
    path.write_bytes(content)


def palette(path: Path, **options: Any) -> None:
    image = Image.new("P", (64, 48), 1)
    image.putpalette([250, 10, 20, 30, 60, 90])
    image.paste(0, (0, 0, 20, 48))
    image.save(path, **options)


PALETTE = np.where(COLUMN[..., None] < 20, (250, 10, 20), (30, 60, 90))
PREMULTIPLIED = np.dstack([deep(COLOURS) / 255 * ALPHA[..., None], deep(ALPHA)]).astype(np.uint16)

CASES = [
    Case("a.jpg: JPEG", picture(COLOURS, quality=95, subsampling=0), COLOURS),
    Case("a.jpg: JPEG, grey", picture(GREYS, quality=95), GREYS),
    Case("a.jpg: JPEG, CMYK", cmyk, COLOURS),
    Case("a.jpg: JPEG, turned by its EXIF data", turned, COLOURS),
    Case("a.mpo: JPEG with a second picture (MPO)", picture(COLOURS, quality=95, **two()), COLOURS),
    Case("a.png: PNG", picture(COLOURS), COLOURS),
    Case("a.png: PNG, 1 bit", picture(BILEVEL > 0), BILEVEL),
    Case("a.png: PNG, grey and alpha", picture(GREYS, ALPHA), GREYS, ALPHA),
    Case("a.png: PNG, colour and alpha", picture(COLOURS, ALPHA), COLOURS, ALPHA),
    Case("a.png: PNG, palette with a transparent colour", lambda path: palette(path, transparency=0), PALETTE, CLEAR),
    Case("a.png: PNG, 2-bit grey with a transparent level", png(2, 0, (COLUMN[:, :16] // 4 * 85).astype(np.uint8),
         (b"tRNS", b"\0\1")), COLUMN // 16 * 85, np.where(COLUMN // 16 == 1, 0, 255)),
    Case("a.png: PNG, 16-bit grey", picture(deep(GREYS)), GREYS),
    Case("a.png: PNG, 16-bit grey with a transparent level", png(16, 0, deep(CLEAR).astype(">u2"),
         (b"tRNS", b"\0\0")), CLEAR, CLEAR),
    Case("a.png: PNG, 16-bit colour", png(16, 2, deep(COLOURS).astype(">u2")), COLOURS),
    Case("a.png: PNG, 16-bit colour with a transparent colour", png(16, 2, deep(COLOURS).astype(">u2"),
         (b"tRNS", bytes(6))), COLOURS),
    Case("a.png: PNG, 8-bit grey with a grey profile", picture(GREYS, icc_profile=grey_profile()),
         by_grey_profile(GREYS)),
    Case("a.png: PNG, 16-bit grey with a grey profile", picture(deep(GREYS), icc_profile=grey_profile()),
         by_grey_profile(GREYS)),
    Case("a.png: PNG, grey and alpha with a grey profile", picture(GREYS, ALPHA, icc_profile=grey_profile()),
         by_grey_profile(GREYS), ALPHA),
    Case("a.png: PNG, grey with a profile of colours", picture(GREYS, icc_profile=linear_profile()), encoded(GREYS)),
    Case("a.png: PNG, colour and alpha with a profile", picture(COLOURS, ALPHA, icc_profile=linear_profile()),
         encoded(COLOURS), ALPHA),
    Case("a.png: PNG, palette with a profile", lambda path: palette(path, icc_profile=linear_profile()),
         encoded(PALETTE)),
    Case("a.png: PNG, colour with a profile of greys", picture(COLOURS, icc_profile=grey_profile()), COLOURS),
    Case("a.png: PNG with a damaged profile", picture(COLOURS, icc_profile=b"no profile"), COLOURS),
    Case("a.png: PNG, 16-bit grey with gAMA 1.0", png(16, 0, in_light(GREYS).astype(">u2"),
         (b"gAMA", struct.pack(">I", 100000))), GREYS),
    Case("a.png: PNG, colour with gAMA 1.0", png(8, 2, COLOURS, (b"gAMA", struct.pack(">I", 100000))),
         encoded(COLOURS)),
    Case("a.png: PNG, gAMA beside sRGB, which prevails", png(8, 2, COLOURS, (b"sRGB", b"\0"),
         (b"gAMA", struct.pack(">I", 100000))), COLOURS),
    Case("a.png: PNG with wide primaries (cICP)", png(8, 2, COLOURS, (b"cICP", b"\x0c\x0d\0\1")), COLOURS),
    Case("a.png: PNG, HDR (cICP)", png(8, 2, COLOURS, (b"cICP", b"\x09\x10\0\1")), COLOURS),
    Case("a.png: PNG, animated", picture(COLOURS, **two()), COLOURS),
    Case("a.tif: TIFF", picture(COLOURS), COLOURS),
    Case("a.tif: TIFF, LZW, 16-bit grey", picture(deep(GREYS), compression="tiff_lzw"), GREYS),
    Case("a.tif: TIFF, 1 bit, fax (group 4)", picture(BILEVEL > 0, compression="group4"), BILEVEL),
    Case("a.tif: TIFF, 12-bit grey", twelve_bits, GREYS),
    Case("a.tif: TIFF, 16-bit grey, big-endian", tiff(deep(GREYS), "minisblack", byteorder=">"), GREYS),
    Case("a.tif: TIFF, 16-bit grey, WhiteIsZero", tiff(deep(255 - GREYS), "miniswhite"), GREYS),
    Case("a.tif: TIFF, 16-bit grey, WhiteIsZero, big-endian", tiff(deep(255 - GREYS), "miniswhite", byteorder=">"),
         GREYS),
    Case("a.tif: TIFF, 16-bit grey with a grey profile", tiff(deep(GREYS), "minisblack", iccprofile=grey_profile()),
         by_grey_profile(GREYS)),
    Case("a.tif: TIFF, 16-bit grey and alpha", tiff(np.dstack([deep(GREYS), deep(ALPHA)]), "minisblack",
         planarconfig="contig", extrasamples=["unassalpha"]), GREYS, ALPHA),
    Case("a.tif: TIFF, 16-bit colour", tiff(deep(COLOURS), "rgb"), COLOURS),
    Case("a.tif: TIFF, 16-bit colour, planar", tiff(deep(COLOURS).transpose(2, 0, 1), "rgb", planarconfig="separate"),
         COLOURS),
    Case("a.tif: TIFF, 16-bit colour, planar, premultiplied alpha", tiff(PREMULTIPLIED.transpose(2, 0, 1), "rgb",
         planarconfig="separate", extrasamples=["assocalpha"]), COLOURS, ALPHA),
    Case("a.tif: TIFF, 16-bit CMYK, planar", tiff(deep(np.dstack([255 - COLOURS, 0 * GREYS])).transpose(2, 0, 1),
         "separated", planarconfig="separate"), COLOURS),
    Case("a.tif: TIFF, Lab", lab, COLOURS // 4 + 90),
    Case("a.tif: TIFF, pages", picture(COLOURS, **two()), COLOURS),
    Case("a.tif: TIFF, floating-point grey", tiff(GREYS.astype(np.float32) / 255, "minisblack"), GREYS),
    Case("a.tif: TIFF, floating-point colour", tiff(COLOURS.astype(np.float32) / 255, "rgb"), COLOURS),
    Case("a.tif: TIFF, 32-bit grey", tiff(GREYS.astype(np.uint32) << 24, "minisblack"), GREYS),
    Case("a.tif: TIFF, a raw file (DNG, NEF, ARW, CR2)", tiff(COLOURS, "rgb", subfiletype=1), COLOURS),
    Case("a.webp: WebP, colour and alpha", picture(COLOURS, ALPHA, lossless=True), COLOURS, ALPHA),
    Case("a.webp: WebP, animated", picture(COLOURS, lossless=True, **two()), COLOURS),
    Case("a.avif: AVIF", picture(COLOURS, quality=97, subsampling="4:4:4"), COLOURS),
    Case("a.avif: AVIF, HDR", avif_hdr, COLOURS),
    Case("a.gif: GIF with a transparent colour", lambda path: palette(path, transparency=0), PALETTE, CLEAR),
    Case("a.gif: GIF, animated", picture(GREYS, save_all=True, append_images=[Image.fromarray(GREYS[::-1])]), GREYS),
    Case("a.jp2: JPEG 2000", picture(COLOURS), COLOURS),
    Case("a.jp2: JPEG 2000, 16-bit grey", picture(deep(GREYS)), GREYS),
    *(Case(f"a.{each}: {each.upper()}", picture(COLOURS), COLOURS) for each in ("bmp", "ppm", "tga", "pcx", "sgi")),
    Case("a.pgm: PGM, 16-bit grey", picture(deep(GREYS)), GREYS),
    Case("a.jxl: JPEG XL", lambda path: path.write_bytes(b"\xff\x0a" + bytes(99)), COLOURS),
    Case("a.jpg: JPEG, truncated", lambda path: path.write_bytes(_truncated()), COLOURS),
]  # fmt: skip


def _truncated() -> bytes:
    file = io.BytesIO()
    Image.fromarray(COLOURS).save(file, "JPEG")
    return file.getvalue()[:-300]


def outcome(case: Case, folder: Path) -> str:
    """What reading the case's file gives, in the document's words."""
    path = folder / case.name.partition(":")[0]
    case.write(path)
    try:
        photograph = open_photograph(path)
    except InputError as error:
        return "**refused**: " + str(error).partition("cannot be read as a picture (")[2].removesuffix(")")
    shows = case.shows if case.shows.ndim == 3 else case.shows[..., None]
    levels = np.abs(np.asarray(photograph.colours) - shows.astype(float)).max(-1)
    off = int(np.ceil(levels[case.alpha > 0].max() if case.alpha is not None else levels.max()))
    assert off <= 12, f"{case.name}: {off} levels off"
    if case.alpha is None:
        assert photograph.alpha is None
    else:
        np.testing.assert_allclose(np.asarray(photograph.alpha), case.alpha, atol=1)
    kind = "colour" if case.shows.ndim == 3 else "grey"
    kept = [] if case.alpha is None else ["transparency"]
    return "; ".join([", ".join([kind, *kept, f"within {2 if off <= 2 else 12} levels"]), *photograph.notes])


def rows(folder: Path) -> Iterator[str]:
    for case in CASES:
        ending, _, what = case.name.partition(": ")
        if ending != "a.avif" or features.check("avif"):
            yield f"| {what} | {outcome(case, folder)} |"


def test_the_table_of_the_document_is_what_happens(tmp_path):
    table = DOCUMENT.read_text().partition(TABLE[0])[2].partition(TABLE[1])[0].splitlines()[1:]
    avif = features.check("avif")
    assert list(rows(tmp_path)) == [row for row in table if avif or "| AVIF" not in row]


SCENE = {  # what the files in odd-pictures show, by files that need nothing special
    "grey": "three-pages.tif", "colour": "rgb16-contiguous-right.tif", "sprite": "sprite-own-beneath-right.png",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "scene", "notes"),
    [
        *((f"{name}.tif", "grey", []) for name in ("white-is-zero-16", "white-is-zero-16-big-endian")),
        *((f"{name}-gamma18-profile.png", "grey", []) for name in ("grey16", "grey-alpha")),
        *((name, "grey", []) for name in ("grey8-gamma18-profile-right.png", "grey16-gamma18-profile.tif")),
        ("gama-linear.png", "grey", []),
        ("rgb16-planar.tif", "colour", []),
        *((name, "colour", ["the first of 2"]) for name in ("two.mpo", "two-frames.gif")),
        ("three-pages.tif", "grey", ["the first of 3"]),
        *((f"sprite-{colour}-beneath.png", "sprite", []) for colour in ("black", "white")),
    ],
)
def test_odd_pictures(name, scene, notes, tmp_path):
    """For prediction, which takes the photograph, and for training and evaluation, which take squares."""
    photograph, right = open_photograph(ODD / name), open_photograph(ODD / SCENE[scene])
    assert photograph.notes == notes
    right.alpha = photograph.alpha
    tolerance = 5 if name.startswith("two") else 0.5  # of JPEG, and of a palette
    assert scene == "sprite" or np.asarray(right.colours).mean() == pytest.approx(137.2, abs=0.1)
    levels, expected = (np.asarray(each.over_white()).astype(int) for each in (photograph, right))
    assert np.abs(levels - expected).mean() < tolerance
    (tmp_path / name).write_bytes((ODD / name).read_bytes())
    square = middle_square(right.over_white(), 48).astype(int)
    assert np.abs(FolderData(root=tmp_path, size=48, only_tested=True).load().test[0] - square).mean() < tolerance


def test_heic(tmp_path):
    """Read with the extra `heif`, else refused, not skipped."""
    for name in ("phone.HEIC", "small.heic"):
        (tmp_path / name).write_bytes((ODD / name).read_bytes())
    assert len(find_pictures(tmp_path, "input=here")) == 2
    if not heif_is_read():
        with pytest.raises(InputError, match=r"phone\.HEIC: .*HEIF, which `pip install 'colourize\[heif\]'`"):
            open_photograph(tmp_path / "phone.HEIC")
        pytest.skip("pi-heif is not installed")
    with pytest.raises(InputError, match=r"phone\.HEIC: .*HEIF: damaged"):
        open_photograph(tmp_path / "phone.HEIC")
    assert np.asarray(open_photograph(tmp_path / "small.heic").colours).mean() == pytest.approx(137.2, abs=2)


def test_a_compression_that_is_not_read(tmp_path):
    path, pixels = tmp_path / "a.tif", np.dstack([deep(GREYS), deep(ALPHA)])
    tiff(pixels, "minisblack", planarconfig="contig", extrasamples=["unassalpha"])(path)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["Compression"].overwrite(5)
    with pytest.raises(InputError, match=r"a\.tif: .*LZW compression of this kind of TIFF is not read; save it unc"):
        open_photograph(path)


def test_colours_beneath_invisible_pixels_are_those_around(tmp_path):
    """Not averaged with anything that nobody sees, however far away the visible ones are."""
    colours = np.full((70, 90, 4), (255, 255, 255, 0), np.uint8)
    colours[30:33, 40:43] = (20, 120, 220, 255)
    Image.fromarray(colours).save(tmp_path / "a.png")
    covered = np.asarray(open_photograph(tmp_path / "a.png").colours).astype(int)
    assert np.abs(covered - (20, 120, 220)).max() <= 1
    colours[..., 3] = 0
    Image.fromarray(colours).save(tmp_path / "b.png")
    assert len(np.unique(np.asarray(open_photograph(tmp_path / "b.png").colours))) == 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.writelines([TABLE[0], "|---|---|\n", *(f"{row}\n" for row in rows(Path(folder)))])

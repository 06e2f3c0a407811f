"""A folder of pictures: formats, sizes, the middle square, the split and its errors."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colourize.data import folder
from colourize.data.folder import FolderData, find_pictures, read_picture
from colourize.errors import InputError, UsageError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def save(path: Path, colour: tuple[int, ...] = RED, size: tuple[int, int] = (40, 30), mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)
    return path


def noise(height: int, width: int, channels: tuple[int, ...] = (3,)) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def close(picture: np.ndarray, colour: object, tolerance: int = 0) -> bool:
    return bool((np.abs(picture.astype(int) - np.asarray(colour)) <= tolerance).all())


# -------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize("extension", ["png", "jpg", "JPEG", "gif", "bmp", "webp", "tif", "ppm", "tga"])
def test_formats(tmp_path: Path, extension: str) -> None:
    save(tmp_path / f"a.{extension}", (200, 100, 50))
    (file,) = find_pictures(tmp_path)
    picture = read_picture(file, 16)
    assert picture.shape == (16, 16, 3)
    assert picture.dtype == np.uint8
    assert close(picture, (200, 100, 50), 3)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 90, (90, 90, 90)),
        ("1", 1, WHITE),
        ("LA", (0, 0), WHITE),
        ("LA", (0, 255), (0, 0, 0)),
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
    ],
)
def test_grey_and_transparent(tmp_path: Path, mode: str, colour: Any, expected: Any) -> None:
    assert close(read_picture(save(tmp_path / "a.png", colour, mode=mode), 8), expected, 1)


def test_palette(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([*RED, *GREEN, *BLUE])
    image.paste(2, (0, 0, 4, 8))
    image.save(tmp_path / "plain.gif")
    image.save(tmp_path / "clear.gif", transparency=2)
    plain, clear = (read_picture(tmp_path / f"{name}.gif", 8) for name in ("plain", "clear"))
    assert close(plain[:, :4], BLUE) and close(clear[:, :4], WHITE)
    assert close(plain[:, 4:], GREEN) and close(clear[:, 4:], GREEN)


def test_transparent_colour_of_a_png(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a.png", transparency=RED)
    assert close(read_picture(tmp_path / "a.png", 8), WHITE)


@pytest.mark.parametrize("extension", ["png", "tif", "pgm"])
def test_16_bit_grey_is_scaled(tmp_path: Path, extension: str) -> None:
    grey = np.array([[0, 257 * 100], [257 * 200 + 120, 65535]], np.uint16).repeat(8, 0).repeat(8, 1)
    Image.fromarray(grey).save(tmp_path / f"a.{extension}")
    picture = read_picture(tmp_path / f"a.{extension}", 16)
    np.testing.assert_array_equal(picture[[0, 0, 15, 15], [0, 15, 0, 15], 1], [0, 100, 200, 255])


def test_16_bit_colour(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + struct.pack(">HHH", 257 * 200, 257 * 100, 257 * 50) * 8) * 8
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    assert close(read_picture(tmp_path / "a.png", 8), (200, 100, 50))


def test_cmyk(tmp_path: Path) -> None:
    assert close(read_picture(save(tmp_path / "a.jpg", (0, 255, 255, 0), mode="CMYK"), 8), RED, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:16, :16], upright[:16, 16:], upright[16:, :16] = RED, GREEN, BLUE
    # How a camera held that way stores the picture: the inverse of what EXIF asks for.
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1), 7: np.rot90(upright.swapaxes(0, 1), 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    assert close(read_picture(tmp_path / "a.jpg", 32), upright, 12)


# ---------------------------------------------------------------------------------------------- sizes


def test_equal_size_is_not_resampled(tmp_path: Path) -> None:
    pixels = noise(32, 32)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", 32), pixels)


@pytest.mark.parametrize(("height", "width"), [(32, 50), (50, 32)])
def test_only_cropped_where_the_short_side_fits(tmp_path: Path, height: int, width: int) -> None:
    pixels = noise(height, width)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    top, left = (height - 32) // 2, (width - 32) // 2
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png", 32), pixels[top : top + 32, left : left + 32])


@pytest.mark.parametrize(("height", "width"), [(64, 128), (192, 96), (16, 24)])
def test_equals_scaling_the_whole_and_then_cropping(tmp_path: Path, height: int, width: int) -> None:
    image = Image.fromarray(noise(height, width))
    image.save(tmp_path / "a.png")
    factor = 32 / min(height, width)
    whole = image.resize((round(width * factor), round(height * factor)), Image.Resampling.LANCZOS)
    left, top = (whole.width - 32) // 2, (whole.height - 32) // 2
    expected = np.asarray(whole.crop((left, top, left + 32, top + 32)))
    assert close(read_picture(tmp_path / "a.png", 32), expected, 2)  # rounded after each direction


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 5), (20000, 7)])
def test_extreme_shapes(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = read_picture(save(tmp_path / "a.png", BLUE, size), 64)
    assert picture.shape == (64, 64, 3)
    assert close(picture, BLUE)


def test_large_jpeg_is_close_to_the_exact_one(tmp_path: Path) -> None:
    smooth = Image.fromarray(noise(9, 12)).resize((1200, 900), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "a.jpg", quality=95)
    smooth.save(tmp_path / "a.png")
    fast, exact = (read_picture(tmp_path / name, 32).astype(int) for name in ("a.jpg", "a.png"))
    assert np.abs(fast - exact).mean() < 3


# ---------------------------------------------------------------------------------------------- parts


def data(root: Path, **options: Any) -> FolderData:
    return FolderData(root=root, size=8, batch_size=1, **options)


def test_sub_folders(tmp_path: Path) -> None:
    save(tmp_path / "train" / "b.png", RED)
    save(tmp_path / "train" / "a" / "deep" / "z.png", GREEN)
    save(tmp_path / "val" / "a.png", BLUE)
    save(tmp_path / "test" / "a.png", WHITE)
    save(tmp_path / "beside.png", BLUE)
    train, val, test = data(tmp_path).load()
    assert train[:, 0, 0].tolist() == [list(GREEN), list(RED)]  # sorted by path
    assert val is not None and val[:, 0, 0].tolist() == [list(BLUE)]
    assert test[:, 0, 0].tolist() == [list(WHITE)]


def test_val_may_be_missing(tmp_path: Path) -> None:
    for i in range(10):
        save(tmp_path / "train" / f"{i}.png")
    save(tmp_path / "test" / "a.png")
    assert data(tmp_path).load().val is None
    assert [len(part) for part in data(tmp_path).pictures if part is not None] == [9, 1, 1]


def test_other_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.txt", "b.npz", "c.mpg", "d.h5", ".e.png", ".hidden/f.png", "._g.jpg", "Thumbs.db", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no picture")
    kept = [save(tmp_path / name) for name in ("B.PNG", "a/c.png", "a.b.jpg")]
    assert sorted(find_pictures(tmp_path)) == sorted(kept)


def numbered(root: Path, count: int) -> None:
    """Pictures whose red tells them apart."""
    for i in range(count):
        save(root / f"{i % 3}" / f"{i}.png", (i, 0, 0), (8, 8))


def reds(pictures: np.ndarray) -> set[int]:
    return set(pictures[:, 0, 0, 0].tolist())


def test_split_is_fixed_complete_and_disjoint(tmp_path: Path) -> None:
    numbered(tmp_path, 60)
    first = data(tmp_path, seed=1).load()
    again = data(tmp_path, seed=2, protocol="course").load()
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.test, again.test)
    assert (len(first.train), first.val, len(first.test)) == (54, None, 6)
    assert reds(first.train) | reds(first.test) == set(range(60))


def test_split_hardly_changes_when_files_are_added(tmp_path: Path) -> None:
    numbered(tmp_path, 60)
    before = reds(data(tmp_path, test_fraction=0.3).load().test)
    numbered(tmp_path, 65)
    after = reds(data(tmp_path, test_fraction=0.3).load().test)
    assert len(before - after) <= 5
    assert len(before & after) >= 13


@pytest.mark.parametrize(("count", "fraction", "test"), [(3, 0.1, 1), (3, 0.9, 1), (10, 0.5, 5), (10, 0.01, 1)])
def test_test_fraction(tmp_path: Path, count: int, fraction: float, test: int) -> None:
    numbered(tmp_path, count)
    pictures = data(tmp_path, test_fraction=fraction).load()
    assert (len(pictures.train), len(pictures.test)) == (count - test, test)


def test_progress_is_shown_for_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered(tmp_path, 12)
    quiet = data(tmp_path).load()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(folder, "PROGRESS_FROM", 5)
    np.testing.assert_array_equal(data(tmp_path).load().train, quiet.train)
    shown = capsys.readouterr()
    assert "Reading pictures" in shown.err
    assert shown.out == ""


def test_nothing_is_written_beside_the_pictures(tmp_path: Path) -> None:
    numbered(tmp_path, 12)
    source = data(tmp_path, palette=4)
    before = sorted(tmp_path.rglob("*"))
    assert source.palette_colours() is not None
    assert sorted(tmp_path.rglob("*")) == before


def test_arguments_are_kept_as_plain_values(tmp_path: Path) -> None:
    assert data(tmp_path).hparams["root"] == str(tmp_path)


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("root", [None, "", "???"])
def test_root_must_be_given(root: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.root: must name a folder"):
        FolderData(root=root)


@pytest.mark.parametrize("size", [0, -8, 7, 32.0, "32", None])
def test_size(size: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.size=.*: must be a whole number of at least 8"):
        FolderData(root="pictures", size=size)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, "0.1", None, float("nan")])
def test_fraction(fraction: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.test_fraction=.*: must be above 0 and below 1"):
        FolderData(root="pictures", test_fraction=fraction)


def check_refused(root: Path, *words: str) -> None:
    with pytest.raises(InputError) as error:
        data(root).load()
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in (str(root), *words)), text


def test_missing_folder(tmp_path: Path) -> None:
    check_refused(tmp_path / "none", "there is no such folder")
    check_refused(save(tmp_path / "a.png"), "there is no such folder")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures(tmp_path: Path, count: int) -> None:
    numbered(tmp_path, count)
    check_refused(tmp_path, f"{count} pictures", "at least 3", "train and test")


@pytest.mark.parametrize(("there", "missing"), [("train", "test"), ("test", "train"), ("val", "train")])
def test_missing_sub_folder(tmp_path: Path, there: str, missing: str) -> None:
    save(tmp_path / there / "a.png")
    check_refused(tmp_path, f"has {there} but no {missing}", "train and test")


@pytest.mark.parametrize("empty", ["train", "val", "test"])
def test_empty_sub_folder(tmp_path: Path, empty: str) -> None:
    for name in ("train", "val", "test"):
        save(tmp_path / name / ("a.txt.png" if name != empty else "a.png"))
    (tmp_path / empty / "a.png").unlink()
    check_refused(tmp_path, f"no pictures in the sub-folder {empty}")


@pytest.mark.parametrize("extension", ["png", "jpg", "gif", "webp", "tif", "bmp"])
@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_unreadable_picture(tmp_path: Path, extension: str, damage: str) -> None:
    path = tmp_path / f"a.{extension}"
    Image.fromarray(noise(60, 60)).save(path)
    content = path.read_bytes()
    path.write_bytes({"truncated": content[: len(content) // 2], "text": b"no picture", "empty": b""}[damage])
    with pytest.raises(InputError) as error:
        read_picture(path, 32)
    assert str(path) in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_damaged_picture_is_named_when_loading(tmp_path: Path) -> None:
    numbered(tmp_path, 5)
    (tmp_path / "0" / "3.png").write_bytes(b"")
    check_refused(tmp_path, "3.png", "cannot be read as a picture")


def test_picture_too_large_for_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a.png", size=(100, 100))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"a\.png: cannot be read as a picture .*exceeds limit"):
        read_picture(tmp_path / "a.png", 32)


def test_grey_levels_without_known_limits(tmp_path: Path) -> None:
    Image.new("F", (9, 9), 0.5).save(tmp_path / "float.tif")
    Image.new("I", (9, 9), 70000).save(tmp_path / "whole.tif")
    for name, reason in (("float", "no fixed white"), ("whole", "beyond 16 bits")):
        with pytest.raises(InputError, match=rf"{name}\.tif: .*{reason}"):
            read_picture(tmp_path / f"{name}.tif", 8)

"""Picture files: which are found, how they are turned, which are refused, and squares of pictures of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colourize.data.picture_files import find_pictures, middle_square, open_photograph
from colourize.errors import InputError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(path: Path, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, RED).save(path)
    return path


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def opened(path: Path, least_size: int | None = None) -> np.ndarray:
    picture = open_photograph(path, least_size).over_white()
    assert picture.mode == "RGB"
    return np.asarray(picture)


def close(picture: np.ndarray, colour: object, tolerance: int = 0) -> bool:
    return bool((np.abs(picture.astype(int) - np.asarray(colour)) <= tolerance).all())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation):
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24], upright[:16, 24:], upright[16:, :24] = RED, GREEN, BLUE
    # How a camera held that way stores the picture: the inverse of what EXIF asks for.
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1), 7: np.rot90(upright.swapaxes(0, 1), 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.jpg", exif=exif, quality=95, subsampling=0)
    assert close(opened(tmp_path / "a.jpg"), upright, 12)


def test_large_jpegs_may_be_opened_smaller(tmp_path):
    smooth = Image.fromarray(noise(9, 12)).resize((1200, 900), Image.Resampling.BICUBIC)
    smooth.save(tmp_path / "a.jpg", quality=95)
    smooth.save(tmp_path / "a.png")
    assert opened(tmp_path / "a.jpg").shape == opened(tmp_path / "a.png", 64).shape == (900, 1200, 3)
    small = open_photograph(tmp_path / "a.jpg", 64).colours
    assert 64 <= small.height <= 128 and small.width / small.height == pytest.approx(4 / 3, rel=0.02)
    exact = middle_square(open_photograph(tmp_path / "a.png").colours, 32)
    assert np.abs(middle_square(small, 32).astype(int) - exact).mean() < 3


def test_other_and_hidden_files_are_passed_over(tmp_path):
    for name in ("a.txt", "b.npz", "c.mpg", "d.h5", ".e.png", ".hidden/f.png", "._g.jpg", "Thumbs.db", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no picture")
    kept = [save(tmp_path / name) for name in ("B.PNG", "a/c.png", "a.b.jpg")]
    assert find_pictures(tmp_path, "input=here") == sorted(kept)


def test_the_contents_decide_and_not_the_name(tmp_path):
    save(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert close(opened(tmp_path / "a.jpg", 8), RED)
    (tmp_path / "b.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(InputError, match="no picture format that is known"):  # to read it would run a program
        open_photograph(tmp_path / "b.png")


@pytest.mark.parametrize(("size", "reason"), [((100, 100), "exceeds limit"), ((40, 30), "1200 pixels")])
def test_pictures_that_are_too_large_for_pillow(size, reason, tmp_path, monkeypatch, recwarn):
    """It only warns of the smaller one."""
    path = save(tmp_path / "a.png", size=size)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=rf"a\.png: cannot be read as a picture .*{reason}"):
        open_photograph(path)
    assert not recwarn.list


@pytest.mark.parametrize(("height", "width"), [(64, 128), (192, 96), (16, 24), (32, 50), (50, 32)])
def test_equals_scaling_the_whole_and_then_cropping(height, width):
    image = Image.fromarray(noise(height, width))
    factor = 32 / min(height, width)
    whole = image.resize((round(width * factor), round(height * factor)), Image.Resampling.LANCZOS)
    left, top = (whole.width - 32) // 2, (whole.height - 32) // 2
    expected = np.asarray(whole.crop((left, top, left + 32, top + 32)))
    assert close(middle_square(image, 32), expected, 2)  # rounded after each direction


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 5), (20000, 7)])
def test_extreme_shapes(size):
    square = middle_square(Image.new("RGB", size, BLUE), 64)
    assert square.shape == (64, 64, 3) and close(square, BLUE)

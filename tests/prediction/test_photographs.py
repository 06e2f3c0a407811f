"""What a picture file holds beside its colours is kept, applied or left behind; results are written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from colourize.errors import InputError
from colourize.prediction.photographs import Photograph, open_photograph, save_photograph

RED = (255, 0, 0)


def levels(image: Image.Image | None) -> np.ndarray:
    assert image is not None
    return np.asarray(image).astype(int)


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112], found[0x010F] = orientation, "a camera"
    return found


def test_alpha_is_kept_and_turned_with_the_colours(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 6), (*RED, 255))
    image.paste((0, 0, 255, 0), (0, 0, 4, 6))
    image.save(tmp_path / "a.png", exif=exif(6))  # to be turned by a quarter
    photograph = open_photograph(tmp_path / "a.png")
    assert photograph.colours.size == (6, 8) and photograph.colours.mode == "RGB"
    assert (levels(photograph.alpha)[:4] == 0).all() and (levels(photograph.alpha)[4:] == 255).all()
    assert (levels(photograph.colours)[:4] == (0, 0, 255)).all()  # not laid over white
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, *RED])
    palette.save(tmp_path / "a.gif", transparency=1)
    assert (levels(open_photograph(tmp_path / "a.gif").alpha) == 0).all()
    Image.new("RGB", (4, 4), RED).save(tmp_path / "b.png")
    assert open_photograph(tmp_path / "b.png").alpha is None


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_profile_is_converted_to_srgb(mode: str, tmp_path: Path) -> None:
    """A profile without gamma: its middle is lighter in sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    if mode == "L":
        profile[16:20] = b"GRAY"
    else:  # each of the three curves becomes that of gamma 1
        curve = profile.index(b"para")
        profile[curve : curve + 12] = b"curv\0\0\0\0\0\0\0\0"
    colour = {"L": 128, "RGB": (128,) * 3, "RGBA": (128, 128, 128, 9)}[mode]
    Image.new(mode, (4, 4), colour).save(tmp_path / "a.png", icc_profile=bytes(profile))
    photograph = open_photograph(tmp_path / "a.png")
    expected = 128 if mode == "L" else 188  # a damaged profile is passed over
    np.testing.assert_allclose(levels(photograph.colours), expected, atol=1)
    assert (photograph.alpha is None) == (mode != "RGBA")
    save_photograph(photograph, tmp_path / "b.png")
    assert "icc_profile" not in Image.open(tmp_path / "b.png").info


def test_16_bit_greys(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)).save(tmp_path / "a.png")
    assert (levels(open_photograph(tmp_path / "a.png").colours) == 100).all()


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "tif", "tiff"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    flat = save_photograph(Photograph(Image.new("RGB", (9, 7), RED), Image.new("L", (9, 7), 51)), path)
    image = Image.open(path)
    assert flat == (ending.lower() in ("jpg", "jpeg"))
    colour = (255, 204, 204) if flat else (*RED, 51)
    np.testing.assert_allclose(levels(image), np.broadcast_to(colour, (7, 9, len(colour))), atol=3)
    assert not image.getexif() or ending.startswith("tif")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_format_that_cannot_hold_it_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"old")
    with pytest.raises(InputError, match=r"output=.*a\.webp: cannot be written"):
        save_photograph(Photograph(Image.new("RGB", (17000, 1))), tmp_path / "a.webp")
    assert (tmp_path / "a.webp").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1

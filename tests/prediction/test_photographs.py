"""Results are written whole, in the format of their names, and with nothing of the files they came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colourize.data.picture_files import Photograph
from colourize.errors import InputError
from colourize.prediction.photographs import save_photograph

RED = (255, 0, 0)


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "tif", "tiff"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    flat = save_photograph(Photograph(Image.new("RGB", (9, 7), RED), Image.new("L", (9, 7), 51)), path)
    image = Image.open(path)
    assert flat == (ending.lower() in ("jpg", "jpeg"))
    colour = (255, 204, 204) if flat else (*RED, 51)
    np.testing.assert_allclose(np.asarray(image).astype(int), np.broadcast_to(colour, (7, 9, len(colour))), atol=3)
    assert not image.getexif() or ending.startswith("tif")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_format_that_cannot_hold_it_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"old")
    with pytest.raises(InputError, match=r"output=.*a\.webp: cannot be written"):
        save_photograph(Photograph(Image.new("RGB", (17000, 1))), tmp_path / "a.webp")
    assert (tmp_path / "a.webp").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1

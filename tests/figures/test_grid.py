"""The sheet of sample pictures: its size, and each picture's pixels in their place."""

import numpy as np
import pytest
import torch
from PIL import ImageFont

from colourize.figures.grid import FONT_SIZE, GAP, labelled_grid


def margin_of(sheet, count, width, zoom):
    return sheet.width - count * (width * zoom + GAP)


@pytest.mark.parametrize(
    ("height", "width", "zoom"),
    [(32, 32, 3), (128, 128, 1), (16, 16, 6), (64, 64, 2), (20, 32, 3), (300, 8, 1)],
)
def test_pictures_are_in_their_places(height, width, zoom):
    torch.manual_seed(0)
    labels = ("grey", "prediction", "truth")
    levels = {label: torch.randint(0, 256, (4, 3, height, width)) for label in labels}
    sheet = labelled_grid({label: level / 255 for label, level in levels.items()})
    pixels = np.asarray(sheet)
    cell_height, cell_width = height * zoom + GAP, width * zoom + GAP
    margin = margin_of(sheet, 4, width, zoom)
    assert sheet.mode == "RGB"
    assert sheet.height == GAP + 3 * cell_height
    assert margin > max(ImageFont.load_default(FONT_SIZE).getlength(label) for label in levels)
    covered = np.zeros(pixels.shape[:2], dtype=bool)
    for row, pictures in enumerate(levels.values()):
        for column, picture in enumerate(pictures):
            top, left = GAP + row * cell_height, margin + column * cell_width
            place = slice(top, top + height * zoom), slice(left, left + width * zoom)
            expected = picture.movedim(0, -1).numpy()
            for y, x in np.ndindex(zoom, zoom):  # each pixel became a square of its own colour
                np.testing.assert_array_equal(pixels[place][y::zoom, x::zoom], expected)
            covered[place] = True
    assert (pixels[:, margin:][~covered[:, margin:]] == 255).all()  # white paper between the pictures


def test_every_row_has_its_label():
    rows = {label: torch.zeros(1, 3, 32, 32) for label in ("grey", "a longer label", "truth")}
    pixels = np.asarray(labelled_grid(rows))
    margin = margin_of(labelled_grid(rows), 1, 32, 3)
    for row in range(3):
        beside = pixels[GAP + row * (96 + GAP) :][:96, : margin - GAP]
        written = np.flatnonzero((beside < 128).any(axis=(0, 2)))
        assert written.size and margin - 4 * GAP < written.max()  # set flush right, against the pictures
        assert written.min() > 0
    assert margin > margin_of(labelled_grid({"grey": rows["grey"]}), 1, 32, 3)


def test_values_outside_are_clipped_and_others_rounded():
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1.0, 1.7])
    sheet = labelled_grid({"truth": values.view(-1, 1, 1, 1).expand(-1, 3, 96, 96)})
    margin = margin_of(sheet, 7, 96, 1)
    shown = [sheet.getpixel((margin + column * (96 + GAP), GAP)) for column in range(7)]
    assert shown == [(level,) * 3 for level in (0, 0, 0, 1, 254, 255, 255)]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    picture = torch.full((1, 3, 32, 32), 0.5, dtype=dtype)
    sheet = labelled_grid({"truth": picture})
    assert sheet.getpixel((sheet.width - GAP - 1, GAP)) == (128, 128, 128)

"""The sheet of sample pictures: its size, and each picture's pixels in their place."""

import numpy as np
import pytest
import torch
from PIL import ImageFont

from colourize.figures.grid import FONT_SIZE, GAP, labelled_grid


@pytest.mark.parametrize(("height", "width", "zoom"), [(32, 32, 3), (128, 128, 1), (20, 32, 3), (300, 8, 1)])
def test_pictures_are_in_their_places(height, width, zoom):
    torch.manual_seed(0)
    levels = {label: torch.randint(0, 256, (4, 3, height, width)) for label in ("grey", "prediction", "truth")}
    sheet = labelled_grid({label: level / 255 for label, level in levels.items()})
    pixels = np.asarray(sheet)
    cell_height, cell_width = height * zoom + GAP, width * zoom + GAP
    margin = sheet.width - 4 * cell_width
    assert sheet.mode == "RGB" and sheet.height == GAP + 3 * cell_height
    assert margin > max(ImageFont.load_default(FONT_SIZE).getlength(label) for label in levels)
    covered = np.zeros(pixels.shape[:2], dtype=bool)
    for row, pictures in enumerate(levels.values()):
        top = GAP + row * cell_height
        beside = pixels[top : top + height * zoom, : margin - GAP]
        assert (beside < 128).any()  # its label
        for column, picture in enumerate(pictures):
            left = margin + column * cell_width
            place = slice(top, top + height * zoom), slice(left, left + width * zoom)
            expected = picture.movedim(0, -1).numpy().repeat(zoom, 0).repeat(zoom, 1)
            np.testing.assert_array_equal(pixels[place], expected)
            covered[place] = True
    assert (pixels[:, margin:][~covered[:, margin:]] == 255).all()  # white paper between the pictures


def test_values_outside_are_clipped_and_others_rounded():
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1.0, 1.7])
    sheet = labelled_grid({"truth": values.view(-1, 1, 1, 1).expand(-1, 3, 96, 96)})
    margin = sheet.width - 7 * (96 + GAP)
    levels = [sheet.getpixel((margin + column * (96 + GAP), GAP)) for column in range(7)]
    assert levels == [(level,) * 3 for level in (0, 0, 0, 1, 254, 255, 255)]

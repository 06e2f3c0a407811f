"""Sheets of pictures, with a labelled row for each kind and a column for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

LABEL = 20  # characters per line of a label
GAP = 4  # pixels between pictures
SHOWN_SIZE = 96  # small pictures are enlarged to about this size, by nearest neighbours, which smooth nothing
FONT_SIZE = 15
PAPER = (255, 255, 255)
INK = (30, 30, 30)


def labelled_grid(rows: Mapping[str, Tensor], groups: Mapping[str, int] | None = None) -> Image.Image:
    """A white sheet with one row of pictures under each label.

    Args:
        rows: label → (N, 3, H, W), RGB in [0, 1] (values outside are clipped); all of one shape.
        groups: headings → the number of columns below each, from the left.
    """
    rows = {fill(label, LABEL): pictures for label, pictures in rows.items()}
    font = ImageFont.load_default(FONT_SIZE)
    count, _, height, width = next(iter(rows.values())).shape
    zoom = max(1, round(SHOWN_SIZE / max(height, width)))
    cell_height, cell_width = height * zoom + GAP, width * zoom + GAP
    margin = max(round(font.getlength(line)) for label in rows for line in label.split("\n")) + 3 * GAP
    head = FONT_SIZE + 2 * GAP if groups else 0
    sheet = Image.new("RGB", (margin + count * cell_width, head + len(rows) * cell_height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    left = margin
    for heading, columns in (groups or {}).items():
        draw.text((left, GAP), heading, INK, font, anchor="lt")
        if left > margin:
            draw.line((left - GAP // 2, 0, left - GAP // 2, sheet.height), INK)
        left += columns * cell_width
    for row, (label, pictures) in enumerate(rows.items()):
        top = head + GAP + row * cell_height
        draw.text((margin - 2 * GAP, top + height * zoom // 2), label, INK, font, anchor="rm", align="right")
        pixels = (pictures.clamp(0, 1).movedim(1, -1).float().cpu().numpy() * 255).round().astype(np.uint8)
        for column, picture in enumerate(pixels):
            enlarged = picture.repeat(zoom, axis=0).repeat(zoom, axis=1)
            sheet.paste(Image.fromarray(enlarged), (margin + column * cell_width, top))
    return sheet

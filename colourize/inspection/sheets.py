"""Sheets of feature maps: a row with one scale for each layer, and a column for each network or picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from colourize.figures.grid import FONT_SIZE, GAP, INK, PAPER
from colourize.inspection.activations import Activations

WIDTH = 8 * 64  # width of a column in pixels: eight maps of 64, or sixteen of 32
MOST_MAPS = 64  # maximum number of channels shown per layer; statistics are of all channels
SMALL_SIZE = 13
PICTURE = 96  # size in pixels of the pictures on top
SHOWN = 0.99  # share of absolute values within a scale, as a few large values would leave the rest dark
DEAD, LINE, ABSENT = (214, 39, 40), (235, 235, 235), (150, 150, 150)
Key = tuple[str, str]  # of a scale: a layer, and the answer if it is the last layer
Scale = tuple[float, float]  # the values at both ends of the colour scale


@dataclass(frozen=True)
class Column:
    """The activations of one network for one picture.

    Attributes:
        label: the heading of the column.
        pictures: the input, the prediction and so on below the heading, label → (3, H, W), RGB in [0, 1].
        recorded: the activations for all pictures, from which statistics and dead channels are computed.
        number: the index of this picture among them.
        answer: columns with different answers have no common scale in their last layer.
    """

    label: str
    pictures: Mapping[str, Tensor]
    recorded: Sequence[Activations]
    number: int
    answer: str = ""

    def scale_of(self, name: str) -> Key:
        """The key of a layer's scale; layers with the same key share it."""
        return name, self.answer if name == self.recorded[-1].name else ""


def scales(columns: Sequence[Column]) -> dict[Key, Scale]:
    """The scales of all layers; a layer has the same scale in all columns that have it.

    A scale starts at 0 if no value is negative, and is symmetric otherwise; a hundredth of the values may lie beyond.
    Only the last layers of different answers (RGB, logits) have different scales.
    """
    values: dict[Key, list[Tensor]] = {}
    for column in columns:
        for layer in column.recorded:
            values.setdefault(column.scale_of(layer.name), []).append(layer.values[column.number].flatten())
    found = {}
    for key, parts in values.items():
        every = torch.cat(parts)
        top = float(np.quantile(every.abs().cpu().numpy(), SHOWN)) or float(every.abs().max()) or 1.0
        found[key] = (-top if every.min() < 0 else 0.0, top)
    return found


def activation_sheet(
    columns: Sequence[Column], title: str = "", found: Mapping[Key, Scale] | None = None
) -> Image.Image:
    """A white sheet with the pictures of each column on top, then a row for each layer with all its maps.

    The scale is drawn once per row, at the left; if a row has two scales, they are drawn in the cells. Dead channels
    have a red frame. Layers are in the order of the first column that has them.

    Args:
        found: the scales, if several sheets must have the same.
    """
    found = found or scales(columns)
    limits = [{each.name: found[column.scale_of(each.name)] for each in column.recorded} for column in columns]
    layers = [{each.name: each for each in column.recorded} for column in columns]
    names = _ordered([list(each) for each in layers])
    font, small = _font(FONT_SIZE), _font(SMALL_SIZE)
    margin = max(110, *(round(font.getlength(name)) + 4 * GAP for name in names))
    grids = [
        {name: _map_grid(layer, column.number, limit[name]) for name, layer in own.items()}
        for column, own, limit in zip(columns, layers, limits, strict=True)
    ]
    heights = {name: max(len(each[name]) for each in grids if name in each) for name in names}
    head, line = FONT_SIZE + 3 * GAP, SMALL_SIZE + 2 * GAP
    top = 2 * head + PICTURE + line
    size = margin + len(columns) * (WIDTH + 6 * GAP), top + sum(heights[name] + line + 3 * GAP for name in names)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), title, INK, font)
    lefts = [margin + number * (WIDTH + 6 * GAP) for number in range(len(columns))]
    for left, column in zip(lefts, columns, strict=True):
        draw.text((left, head), column.label, INK, font)
        for place, (label, picture) in enumerate(column.pictures.items()):
            x = left + place * (PICTURE + 8 * GAP)
            sheet.paste(Image.fromarray(_uint8(_enlarged(picture.clamp(0, 1), PICTURE))), (x, 2 * head))
            draw.text((x, 2 * head + PICTURE + GAP), label, INK, small)
    for name in names:
        draw.line((GAP, top, sheet.width - GAP, top), LINE)
        top += GAP
        draw.text((GAP, top + line), name, INK, font)
        here = list({limit[name] for limit in limits if name in limit})
        if len(here) == 1:  # a colour bar with the values at its ends
            y = top + line + FONT_SIZE + 2 * GAP
            bar = _colours(np.linspace(*here[0], 90)[None], here[0])
            sheet.paste(Image.fromarray(bar.repeat(10, axis=0)), (GAP, y))
            draw.text((GAP, y + 12), f"{here[0][0]:.3g}", INK, small)
            draw.text((GAP + 90, y + 12), f"{here[0][1]:.3g}", INK, small, anchor="ra")
        for left, own, limit, grid in zip(lefts, layers, limits, grids, strict=True):
            if name not in own:
                draw.text((left, top), "no such layer", ABSENT, small)
                continue
            about = own[name].describe()
            text = about["shape"] + (f" (first {MOST_MAPS})" if about["channels"] > MOST_MAPS else "")
            text += f"   mean {about['mean']:.3g}, {about['sparsity']:.0%} zero"
            text += f", {about['dead']} dead" if about["dead"] else ""
            text += f"   scale {limit[name][0]:.3g} … {limit[name][1]:.3g}" if len(here) > 1 else ""
            draw.text((left, top), text, INK, small)
            sheet.paste(Image.fromarray(grid[name]), (left, top + line))
        top += heights[name] + line + 2 * GAP
    return sheet


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Matplotlib's font, as Pillow's own has no × and no Greek letters."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def _uint8(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., :3] * 255).round().astype(np.uint8)


def _colours(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Values as colours, (…, 3) uint8: dark to light from 0, or blue to red with white at 0."""
    from matplotlib import colormaps

    low, high = scale
    return _uint8(colormaps["RdBu_r" if low < 0 else "magma"]((values - low) / (high - low)))


def _ordered(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names once; a name that the first list lacks follows its predecessor in its own list."""
    names: list[str] = []
    for each in lists:
        place = 0
        for name in each:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return names


def _map_grid(layer: Activations, number: int, scale: Scale) -> np.ndarray:
    """The maps of a layer for one picture, row by row, uint8 (height, WIDTH, 3)."""
    maps = layer.values[number][:MOST_MAPS]  # (C, H, W), or (C,)
    count, in_row = len(maps), 8 if len(maps) <= 32 else 16
    rows, side = -(-count // in_row), WIDTH // in_row
    enlarged = _enlarged(maps.reshape(count, *(maps.shape[1:] or (1, 1))), side - 2)  # (h, w, C)
    tiles = np.full((rows * in_row, side, side, 3), PAPER, np.uint8)
    tiles[:count, : enlarged.shape[0], : enlarged.shape[1]] = _colours(np.moveaxis(enlarged, -1, 0), scale)
    for dead in (each for each in layer.dead if each < count):
        inside = tiles[dead, 2 : side - 4, 2 : side - 4].copy()
        tiles[dead, : side - 2, : side - 2] = DEAD
        tiles[dead, 2 : side - 4, 2 : side - 4] = inside
    return tiles.reshape(rows, in_row, side, side, 3).swapaxes(1, 2).reshape(rows * side, WIDTH, 3)


def _enlarged(bands: Tensor, size: int) -> np.ndarray:
    """Bands (C, H, W) resized to at most `size` pixels on each side, (h, w, C); enlarging does not smooth."""
    zoom = size / max(bands.shape[1:])
    target = [max(1, round(side * zoom)) for side in bands.shape[1:]]
    mode = "nearest-exact" if zoom >= 1 else "area"
    return F.interpolate(bands[None].float(), target, mode=mode)[0].movedim(0, -1).cpu().numpy()

"""Sheets of feature maps: a row for each layer under one scale, a column for each network or picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from colourize.figures.grid import FONT_SIZE, GAP, INK, PAPER
from colourize.inspection.activations import Activations

WIDTH = 8 * 64  # pixels of a column: eight maps of 64, or sixteen of 32
MOST_MAPS = 64  # channels shown of a layer; its numbers are of all
SMALL_SIZE = 13
PICTURE = 96  # pixels of the pictures on top
SHOWN = 0.99  # the share of absolute values within a scale: a few large ones would leave the rest dark
DEAD, NO_MAP, ABSENT = (214, 39, 40), (235, 235, 235), (150, 150, 150)
Scales = Mapping[str, tuple[float, float]]  # of each layer the values at both ends of the colours


@dataclass(frozen=True)
class Column:
    """What one network answers to one picture.

    Attributes:
        label: above the column.
        pictures: what stands below it, label → (3, H, W), RGB in [0, 1]: the input, the prediction.
        recorded: of all pictures that were looked at; statistics and dead channels are of these.
        number: the place of this picture among them.
        answer: columns of unlike answers have no common scale in their last layer.
    """

    label: str
    pictures: Mapping[str, Tensor]
    recorded: Sequence[Activations]
    number: int
    answer: str = ""

    def maps(self) -> dict[str, Tensor]:
        """The maps of this picture by layer, (C, H, W) or (C,)."""
        return {each.name: each.values[self.number] for each in self.recorded}

    def scale_of(self, name: str) -> tuple[str, str]:
        """What layers of one scale have in common."""
        return name, self.answer if name == self.recorded[-1].name else ""


def scales(columns: Sequence[Column]) -> list[Scales]:
    """The scales of each column: the same for all columns that have a layer.

    From 0 on where no value is negative, else alike on both sides of 0; a hundredth of the values may lie beyond.
    Only last layers of unlike answers (RGB, logits) have scales of their own.
    """
    values: dict[tuple[str, str], list[Tensor]] = {}
    for column in columns:
        for name, maps in column.maps().items():
            values.setdefault(column.scale_of(name), []).append(maps.flatten())
    found = {}
    for key, parts in values.items():
        every = torch.cat(parts)
        top = float(np.quantile(every.abs().cpu().numpy(), SHOWN)) or float(every.abs().max()) or 1.0
        found[key] = (-top if every.min() < 0 else 0.0, top)
    return [{name: found[column.scale_of(name)] for name in column.maps()} for column in columns]


def activation_sheet(columns: Sequence[Column], title: str = "", limits: Sequence[Scales] | None = None) -> Image.Image:
    """A white sheet: on top the pictures of each column, then a row for each layer with all its maps.

    The scale is drawn once a row, at the left; where a row has two, it stands in each cell. Dead channels have a red
    frame. Layers are in the order of the first column that has them.

    Args:
        limits: of each column, from `scales` of more columns, where several sheets are to be alike.
    """
    limits = limits or scales(columns)
    layers = [{each.name: each for each in column.recorded} for column in columns]
    names = _ordered([list(each) for each in layers])
    font, small = _font(FONT_SIZE), _font(SMALL_SIZE)
    margin = max(110, *(round(font.getlength(name)) + 4 * GAP for name in names))
    heights = {name: max(_height(own[name].values.shape[1]) for own in layers if name in own) for name in names}
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
            rgb = (picture.clamp(0, 1).movedim(0, -1).float().cpu().numpy() * 255).round().astype(np.uint8)
            sheet.paste(_enlarged(rgb, PICTURE), (x, 2 * head))
            draw.text((x, 2 * head + PICTURE + GAP), label, INK, small)
    for name in names:
        draw.line((GAP, top, sheet.width - GAP, top), NO_MAP)
        top += GAP
        draw.text((GAP, top + line), name, INK, font)
        here = {limit[name] for limit in limits if name in limit}
        if len(here) == 1:
            _draw_scale(sheet, draw, (GAP, top + line + FONT_SIZE + 2 * GAP), here.copy().pop(), small)
        for left, column, own, limit in zip(lefts, columns, layers, limits, strict=True):
            if name not in own:
                draw.text((left, top), "no such layer", ABSENT, small)
                continue
            scale = f"   scale {limit[name][0]:.3g} … {limit[name][1]:.3g}" if len(here) > 1 else ""
            draw.text((left, top), _described(own[name]) + scale, INK, small)
            maps = _colours(own[name].values[column.number].float().cpu().numpy(), limit[name])
            _draw_maps(sheet, draw, (left, top + line), maps, own[name].dead)
        top += heights[name] + line + 2 * GAP
    return sheet


def _described(layer: Activations) -> str:
    about = layer.describe()
    dead = f", {about['dead']} dead" if about["dead"] else ""
    more = f" (first {MOST_MAPS})" if about["channels"] > MOST_MAPS else ""
    return f"{about['shape']}{more}   mean {about['mean']:.3g}, {about['sparsity']:.0%} zero{dead}"


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Matplotlib's: Pillow's own has no × and no Greek letters."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def _colours(values: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Values as colours, (…, 3) uint8: dark to light from 0 on, or blue, white at 0 and red."""
    from matplotlib import colormaps

    low, high = scale
    colours = colormaps["RdBu_r" if low < 0 else "magma"]((values - low) / (high - low))
    return (colours[..., :3] * 255).round().astype(np.uint8)


def _ordered(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names once; one that the first list lacks stands behind its neighbour in its own."""
    names: list[str] = []
    for each in lists:
        place = 0
        for name in each:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return names


def _in_row(channels: int) -> int:
    return 8 if channels <= 32 else 16


def _height(channels: int) -> int:
    shown = min(channels, MOST_MAPS)
    return -(-shown // _in_row(shown)) * (WIDTH // _in_row(shown))


def _draw_maps(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], maps: np.ndarray, dead: Sequence[int]
) -> None:
    """The maps of a layer, (C, H, W, 3) or (C, 3), row by row."""
    maps = maps[:MOST_MAPS]
    in_row = _in_row(len(maps))
    size = WIDTH // in_row
    for number, each in enumerate(maps):
        x, y = corner[0] + number % in_row * size, corner[1] + number // in_row * size
        sheet.paste(_enlarged(each.reshape(*(each.shape[:-1] or (1, 1)), 3), size - 2), (x, y))
        if number in dead:
            draw.rectangle((x, y, x + size - 3, y + size - 3), outline=DEAD, width=2)


def _draw_scale(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], scale: tuple[float, float],
    font: ImageFont.FreeTypeFont,
) -> None:  # fmt: skip
    """A bar of the colours with the values at its ends."""
    bar = _colours(np.linspace(*scale, 90)[None], scale)
    sheet.paste(Image.fromarray(bar.repeat(10, axis=0)), corner)
    draw.text((corner[0], corner[1] + 12), f"{scale[0]:.3g}", INK, font)
    draw.text((corner[0] + 90, corner[1] + 12), f"{scale[1]:.3g}", INK, font, anchor="ra")


def _enlarged(picture: np.ndarray, size: int) -> Image.Image:
    """At most `size` pixels on each side; nothing is smoothed over where there is room for it."""
    height, width = picture.shape[:2]
    zoom = size / max(height, width)
    target = max(1, round(width * zoom)), max(1, round(height * zoom))
    smaller = Image.Resampling.BOX if zoom < 1 else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(picture)).resize(target, smaller)

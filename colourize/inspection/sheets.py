"""Sheets of feature maps: a row for each layer under one scale, a column for each network or picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from colourize.figures.grid import FONT_SIZE, GAP, INK, PAPER
from colourize.inspection.activations import Activations

Font = ImageFont.FreeTypeFont
WIDTH = 8 * 64  # pixels of a column: eight maps of 64, or sixteen of 32
MOST_MAPS = 64  # channels shown of a layer; its numbers are of all
SMALL_SIZE = 13
SHOWN = 0.99  # the share of absolute values within a scale: a few large ones would leave the rest dark
DEAD = (214, 39, 40)
NO_MAP = (235, 235, 235)
MAPS = {False: "magma", True: "RdBu_r"}  # values from 0 on; values of both signs, 0 in the middle


@dataclass(frozen=True)
class Column:
    """What one network answers to one picture.

    Attributes:
        label: above the column.
        pictures: what stands below it, label → (3, H, W), RGB in [0, 1]: the input, the prediction.
        activations: by layer, of this picture alone, N = 1.
        described: by layer what stands above its maps; of all pictures that were looked at.
        dead: by layer the channels with a red frame.
        answer: columns of unlike answers have no common scale in their last layer.
    """

    label: str
    pictures: Mapping[str, Tensor]
    activations: Mapping[str, Tensor]
    described: Mapping[str, str] = field(default_factory=dict)
    dead: Mapping[str, Sequence[int]] = field(default_factory=dict)
    answer: str = ""


def make_column(
    label: str, pictures: Mapping[str, Tensor], recorded: Sequence[Activations], number: int, answer: str = ""
) -> Column:
    """The column of one picture of those that were recorded; statistics are of all of them.

    Args:
        pictures: label → (3, H, W) of this picture.
        number: its place among the recorded ones.
    """
    return Column(
        label, pictures, {each.name: each.values[number] for each in recorded},
        {each.name: _described(each) for each in recorded}, {each.name: each.dead for each in recorded}, answer,
    )  # fmt: skip


def _described(each: Activations) -> str:
    dead = f", {len(each.dead)} dead" if each.dead else ""
    more = f" (first {MOST_MAPS})" if each.shape[0] > MOST_MAPS else ""
    return f"{'×'.join(map(str, each.shape))}{more}   mean {each.mean:.3g}, {each.sparsity:.0%} zero{dead}"


def scales(columns: Sequence[Column]) -> list[dict[str, tuple[float, float]]]:
    """Of each column by layer the values at both ends of the colours: the same for all columns that have the layer.

    From 0 on where no value is negative, else alike on both sides of 0; a hundredth of the values may lie beyond.
    Only last layers of unlike answers (RGB, logits) have scales of their own.
    """
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for key in dict.fromkeys(_scale_of(column, name) for column in columns for name in column.activations):
        values = torch.cat([
            column.activations[name].flatten()
            for column in columns for name in column.activations if _scale_of(column, name) == key
        ])  # fmt: skip
        top = float(np.quantile(values.abs().cpu().numpy(), SHOWN)) or float(values.abs().max()) or 1.0
        found[key] = (-top if values.min() < 0 else 0.0, top)
    return [{name: found[_scale_of(column, name)] for name in column.activations} for column in columns]


def _scale_of(column: Column, name: str) -> tuple[str, str]:
    last = next(reversed(list(column.activations)))
    return name, column.answer if name == last else ""


def activation_sheet(
    columns: Sequence[Column], title: str = "", limits: Sequence[Mapping[str, tuple[float, float]]] | None = None
) -> Image.Image:
    """A white sheet: on top the pictures of each column, then a row for each layer with all its maps.

    The scale is drawn once a row, at the left; where a row has two, it stands in each cell. Dead channels have a red
    frame. Layers are in the order of the first column that has them.

    Args:
        limits: of each column by layer, from `scales` of more columns, where several sheets are to be alike.
    """
    from matplotlib import colormaps

    limits = limits or scales(columns)
    names = _ordered([list(column.activations) for column in columns])
    font, small = _font(FONT_SIZE), _font(SMALL_SIZE)
    margin = max(110, *(round(font.getlength(name)) + 4 * GAP for name in names))
    heights = {name: max(_height(column.activations.get(name)) for column in columns) for name in names}
    head = FONT_SIZE + 3 * GAP
    top_height, line = 96 + SMALL_SIZE + 2 * GAP, SMALL_SIZE + 2 * GAP
    height = 2 * head + top_height + sum(heights[name] + line + 3 * GAP for name in names)
    sheet = Image.new("RGB", (margin + len(columns) * (WIDTH + 6 * GAP), height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, GAP), title, INK, font)
    lefts = [margin + number * (WIDTH + 6 * GAP) for number in range(len(columns))]
    for left, column in zip(lefts, columns, strict=True):
        draw.text((left, head), column.label, INK, font)
        for place, (label, picture) in enumerate(column.pictures.items()):
            x = left + place * (96 + 8 * GAP)
            sheet.paste(_enlarged(_rgb(picture), 96), (x, 2 * head))
            draw.text((x, 2 * head + 96 + GAP), label, INK, small)
    top = 2 * head + top_height
    for name in names:
        draw.line((GAP, top, sheet.width - GAP, top), NO_MAP)
        top += GAP
        draw.text((GAP, top + line), name, INK, font)
        here = {limit[name] for limit in limits if name in limit}
        if len(here) == 1:
            _draw_scale(sheet, draw, (GAP, top + line + FONT_SIZE + 2 * GAP), next(iter(here)), small)
        for left, column, limit in zip(lefts, columns, limits, strict=True):
            if name not in column.activations:
                draw.text((left, top), "no such layer", (150, 150, 150), small)
                continue
            own = f"   scale {limit[name][0]:.3g} … {limit[name][1]:.3g}" if len(here) > 1 else ""
            draw.text((left, top), column.described.get(name, "") + own, INK, small)
            low, high = limit[name]
            colours = colormaps[MAPS[low < 0]]
            values = (column.activations[name].float().cpu() - low) / (high - low)
            maps = (colours(values.clamp(0, 1).numpy())[..., :3] * 255).round().astype(np.uint8)
            _draw_maps(sheet, draw, (left, top + line), maps, column.dead.get(name, ()))
        top += heights[name] + line + 2 * GAP
    return sheet


def _font(size: int) -> Font:
    """Matplotlib's: Pillow's own has no × and no Greek letters."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def _ordered(lists: Sequence[Sequence[str]]) -> list[str]:
    """All names once; one that the first list lacks stands behind its neighbour in its own."""
    names: list[str] = []
    for each in lists:
        place = 0
        for name in each:
            if name in names:
                place = names.index(name) + 1
            else:
                names.insert(place, name)
                place += 1
    return names


def _layout(channels: int) -> tuple[int, int]:
    """Maps in a row, and their size in pixels."""
    return (8, WIDTH // 8) if channels <= 32 else (16, WIDTH // 16)


def _height(values: Tensor | None) -> int:
    if values is None:
        return 0
    in_row, size = _layout(min(len(values), MOST_MAPS))
    return -(-min(len(values), MOST_MAPS) // in_row) * size


def _draw_maps(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], maps: np.ndarray, dead: Sequence[int]
) -> None:
    """The maps of a layer, (C, H, W, 3) or (C, 3), row by row."""
    maps = maps[:MOST_MAPS].reshape(len(maps[:MOST_MAPS]), *(maps.shape[1:-1] or (1, 1)), 3)
    in_row, size = _layout(len(maps))
    for number, each in enumerate(maps):
        x, y = corner[0] + number % in_row * size, corner[1] + number // in_row * size
        sheet.paste(_enlarged(each, size - 2), (x, y))
        if number in dead:
            draw.rectangle((x, y, x + size - 3, y + size - 3), outline=DEAD, width=2)


def _draw_scale(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], limit: tuple[float, float], font: Font
) -> None:
    """A bar of the colours with the values at its ends."""
    from matplotlib import colormaps

    low, high = limit
    bar = (colormaps[MAPS[low < 0]](np.linspace(0, 1, 90))[None, :, :3] * 255).round().astype(np.uint8)
    sheet.paste(Image.fromarray(bar.repeat(10, axis=0)), corner)
    draw.text((corner[0], corner[1] + 12), f"{low:.3g}", INK, font)
    draw.text((corner[0] + 90, corner[1] + 12), f"{high:.3g}", INK, font, anchor="ra")


def _rgb(picture: Tensor) -> np.ndarray:
    return (picture.clamp(0, 1).movedim(0, -1).float().cpu().numpy() * 255).round().astype(np.uint8)


def _enlarged(picture: np.ndarray, size: int) -> Image.Image:
    """At most `size` pixels on each side; nothing is smoothed over where there is room for it."""
    height, width = picture.shape[:2]
    zoom = size / max(height, width)
    target = max(1, round(width * zoom)), max(1, round(height * zoom))
    smaller = Image.Resampling.BOX if zoom < 1 else Image.Resampling.NEAREST
    return Image.fromarray(np.ascontiguousarray(picture)).resize(target, smaller)

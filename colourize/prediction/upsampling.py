"""Enlarges the colours of a small picture along the edges of the photograph that gets them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.prediction.tiles import Box

SIGMA = 0.06  # for lightness in 0…1; chosen by measurements on photographs, see docs/predict.md
LEAST = 1e-6  # added to every similarity, so that without a similar small pixel it is bilinear interpolation


def bilinear(pictures: Tensor, height: int, width: int, box: Box) -> Tensor:
    """A box of `F.interpolate(pictures, (height, width), mode="bilinear", align_corners=False)`, computed alone."""
    rows = (torch.arange(box.top, box.bottom, device=pictures.device) + 0.5) * (2 / height) - 1
    columns = (torch.arange(box.left, box.right, device=pictures.device) + 0.5) * (2 / width) - 1
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)[None]
    return F.grid_sample(pictures, grid.to(pictures), padding_mode="border", align_corners=False)


def joint_bilateral(
    pictures: Tensor, low: Tensor, lightness: Tensor, height: int, width: int, box: Box, sigma: float = SIGMA
) -> Tensor:
    """A box of small pictures enlarged along the edges of a large one (Kopf, Cohen, Lischinski & Uyttendaele 2007,
    "Joint bilateral upsampling", https://doi.org/10.1145/1276377.1276497).

    Each pixel is a mean of the four nearest small pixels. Their weights are those of bilinear interpolation times
    exp(−d²/2σ²), where d is the difference in lightness. A colour thus ends where the lightness changes, and not half a
    small pixel beyond. Pixels depend on nothing else, so that boxes agree with the whole picture.

    Args:
        pictures: (1, C, h, w).
        low: the lightness of `pictures` in 0…1, (1, 1, h, w).
        lightness: the lightness of the large picture in the box, (1, 1, …).
        height, width: the size of the large picture.
        sigma: σ.

    Returns:
        (1, C, …), the pixels of the box.
    """
    total = weights = torch.zeros_like(lightness)
    for rows, of_rows in _nearest(pictures.shape[2], height, box.top, box.bottom, lightness):
        for columns, of_columns in _nearest(pictures.shape[3], width, box.left, box.right, lightness):
            likeness = torch.exp((lightness - _at(low, rows, columns)).square() / (-2 * sigma**2)) + LEAST
            weight = likeness * (of_rows[:, None] * of_columns)
            total = total + weight * _at(pictures, rows, columns)
            weights = weights + weight
    return total / weights


def _nearest(low: int, high: int, start: int, end: int, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    """For pixels `start` to `end` of `high`: the two nearest of `low`, each with its linear interpolation weight."""
    places = ((torch.arange(start, end, dtype=torch.float64) + 0.5) * (low / high) - 0.5).clamp(0, low - 1)
    first = places.floor()
    share = (places - first).to(like)
    first = first.long().to(like.device)
    return [(first, 1 - share), ((first + 1).clamp(max=low - 1), share)]


def _at(pictures: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels in these rows and columns."""
    return pictures.index_select(2, rows).index_select(3, columns)

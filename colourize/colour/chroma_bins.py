"""Bins of chroma: squares in the plane of CIE Lab's a and b, as far as sRGB has colours there."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from colourize.colour.chroma import chroma_of

LEVELS = 52  # levels of each of two channels on a face of the RGB cube; more levels do not change the bins
FARTHEST = 130  # the a and b of sRGB, and of a grid's bins, lie within ±130
CELLS_A_BIN = 4  # cells along the side of a bin; for each cell, the bins that can be nearest are precomputed


@lru_cache(maxsize=8)
def centres_of_grid(spacing: int) -> np.ndarray:
    """The centres of the bins in or next to sRGB: (Q, 2) float64, a and b, sorted by a and then by b.

    They are the points of a grid (multiples of `spacing`) in the convex hull of sRGB's a and b (D65), widened by a
    square of half-side `spacing`. With 10 they are the 313 of Zhang, Isola & Efros (2016), "Colorful image
    colorization", https://arxiv.org/abs/1603.08511, the same as in their released file.
    """
    from scipy.spatial import ConvexHull

    level = torch.linspace(0, 1, LEVELS, dtype=torch.float64)
    cube = torch.cartesian_prod(level, level, level)
    surface = cube[((cube == 0) | (cube == 1)).any(1)].T[None, :, :, None]  # (1, 3, points, 1)
    chroma = chroma_of(surface)[0, :, :, 0].T.numpy()
    corners = spacing * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    vertices = chroma[ConvexHull(chroma).vertices]
    hull = ConvexHull((vertices[:, None] + corners).reshape(-1, 2))
    reach = math.ceil(FARTHEST / spacing)
    line = spacing * torch.arange(-reach, reach + 1, dtype=torch.float64)
    points = torch.cartesian_prod(line, line).numpy()
    inside = (points @ hull.equations[:, :2].T + hull.equations[:, 2] <= 0).all(1)
    found: np.ndarray = points[inside]
    return found


class ChromaBins(nn.Module):
    """Q bins with their centres, and a search for the bins nearest to a colour.

    Args:
        centres: (Q, 2), a and b.
        spacing: the distance between neighbouring centres; results do not depend on it.
    """

    centres: Tensor
    near: Tensor
    near_centres: Tensor

    def __init__(self, centres: Tensor, spacing: float) -> None:
        super().__init__()
        # Not persistent, as the task's hyperparameters store the centres already.
        self.register_buffer("centres", centres.float(), persistent=False)
        self.side = spacing / CELLS_A_BIN
        self.cells = math.ceil(2 * FARTHEST / self.side)  # per row
        self._neighbours = 0

    def __len__(self) -> int:
        return len(self.centres)

    def nearest(self, chroma: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` bins nearest to each colour, the nearest first; ties are broken arbitrarily.

        Args:
            chroma: a and b, (N, 2, H, W), within ±130.

        Returns:
            Their indices, int64, and their squared distances, both (N, count, H, W).
        """
        if count != self._neighbours:
            self._prepare(count)
        pixels = chroma.movedim(1, -1)  # (N, H, W, 2)
        row, column = ((pixels + FARTHEST) / self.side).long().clamp(0, self.cells - 1).unbind(-1)
        cell = (row * self.cells + column).flatten()
        candidates = self.near_centres[cell].unflatten(0, pixels.shape[:-1])  # (N, H, W, M, 2)
        apart = (candidates - pixels.unsqueeze(-2)).square().sum(-1)  # (N, H, W, M)
        squares, places = apart.topk(count, dim=-1, largest=False)
        numbers = self.near[cell].unflatten(0, pixels.shape[:-1]).gather(-1, places)
        return numbers.movedim(-1, 1), squares.movedim(-1, 1)

    def _prepare(self, count: int) -> None:
        """Find, for every cell of the plane, the bins that can be among the `count` nearest to a colour in the cell.

        A bin cannot if `count` others are nearer to every point of the cell than it is to any. Only a few bins are thus
        compared for each pixel, with the same result as comparing all.
        """
        centres, half = self.centres.double(), self.side / 2
        line = torch.arange(self.cells, device=centres.device) * self.side + half - FARTHEST
        middles = torch.cartesian_prod(line, line)  # (cells², 2)
        apart = (middles[:, None] - centres).abs()  # (cells², Q, 2)
        least = (apart - half).clamp(min=0).square().sum(-1)
        most = (apart + half).square().sum(-1)
        enough = most.kthvalue(count, dim=1, keepdim=True).values
        possible = int((least <= enough + 1e-6).sum(1).max())
        near = least.topk(possible, dim=1, largest=False).indices
        self.register_buffer("near", near, persistent=False)
        self.register_buffer("near_centres", self.centres[near], persistent=False)
        self._neighbours = count

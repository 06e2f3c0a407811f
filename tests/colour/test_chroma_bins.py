"""Bins of chroma: the published ones, and the nearest of them against comparing all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colourize.colour.chroma import chroma_of
from colourize.colour.chroma_bins import ChromaBins, centres_of_grid

# Zhang et al. 2016, their released file: a, least b, greatest b, how many.
PUBLISHED = [
    (-90, 50, 90, 5), (-80, 20, 90, 8), (-70, 0, 90, 10), (-60, -20, 90, 12), (-50, -30, 100, 14),
    (-40, -40, 100, 15), (-30, -50, 100, 16), (-20, -50, 100, 16), (-10, -60, 100, 17), (0, -70, 100, 18),
    (10, -80, 90, 18), (20, -80, 90, 18), (30, -90, 90, 19), (40, -100, 90, 20), (50, -100, 80, 19),
    (60, -110, 80, 20), (70, -110, 80, 20), (80, -110, 70, 19), (90, -110, 70, 19), (100, -90, 0, 10),
]  # fmt: skip


def test_bins_are_the_published_ones() -> None:
    centres = centres_of_grid(10)
    rows = [centres[centres[:, 0] == a, 1] for a in np.unique(centres[:, 0])]
    found = [(a, row[0], row[-1], len(row)) for a, row in zip(np.unique(centres[:, 0]), rows, strict=True)]
    assert found == PUBLISHED and len(centres) == 313
    assert all((np.diff(row) == 10).all() for row in rows)


@pytest.mark.parametrize("spacing", [4, 7, 25, 50])
def test_every_colour_is_next_to_a_bin(spacing: int) -> None:
    centres = torch.from_numpy(centres_of_grid(spacing))
    chroma = chroma_of(torch.rand(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    apart = (chroma.flatten(2).movedim(1, -1) - centres[:, None]).abs().amax(-1).amin(0)
    assert apart.max() <= spacing / 2 + 1e-9


@pytest.mark.parametrize(("spacing", "kept", "count"), [(10, 1, 5), (10, 1, 1), (10, 9, 10), (25, 1, 5)])
def test_nearest_bins_are_those_of_comparing_all(spacing: int, kept: int, count: int) -> None:
    centres = torch.from_numpy(centres_of_grid(spacing)[::kept])
    rgb = torch.rand(3, 3, 40, 30, generator=torch.Generator().manual_seed(1)).pow(0.3)  # strong colours among them
    chroma = chroma_of((rgb > 0.8) * rgb)
    numbers, squares = ChromaBins(centres, spacing).nearest(chroma, count)
    apart = (chroma[:, None] - centres.float()[:, :, None, None]).square().sum(2)  # (N, Q, H, W)
    wanted = apart.sort(1).values[:, :count]
    assert numbers.shape == squares.shape == (3, count, 40, 30) and numbers.dtype == torch.int64
    torch.testing.assert_close(squares, wanted, atol=1e-3, rtol=1e-6)
    torch.testing.assert_close(apart.gather(1, numbers), wanted, atol=1e-3, rtol=1e-6)
    assert (numbers.sort(1).values.diff(dim=1) > 0).all()  # no bin twice

"""Splits pictures of any size into pieces, each with a halo as wide as the network's outputs depend on.

The outputs agree with those of the whole picture. The receptive field is measured, so that this holds for any network.
A network that sees the whole picture, such as a table by row or an average over all pixels, cannot work in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from colourize.models.baselines import Baseline
from colourize.tasks.restoration import RestorationTask

MULTIPLE = 32  # for networks without `size_multiple`; five halvings
SIZES = (64, 128, 256, 512)  # sides, in pixels, of the pictures on which receptive fields are measured


class Box(NamedTuple):
    """A rectangle of pixels; row `bottom` and column `right` do not belong to it."""

    top: int
    bottom: int
    left: int
    right: int

    def scaled(self, factor: int) -> Box:
        return Box(*(factor * side for side in self))

    def grown(self, halo: int, height: int, width: int) -> Box:
        """The box with a halo on each side, within a picture of this size."""
        top, left = max(self.top - halo, 0), max(self.left - halo, 0)
        return Box(top, min(self.bottom + halo, height), left, min(self.right + halo, width))

    def within(self, other: Box) -> tuple[slice, slice]:
        """The slices of its rows and columns in another box."""
        rows = slice(self.top - other.top, self.bottom - other.top)
        return rows, slice(self.left - other.left, self.right - other.left)


def boxes(height: int, width: int, side: int) -> Iterator[Box]:
    """The squares that cover a picture; they are smaller at its right and bottom."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield Box(top, min(top + side, height), left, min(left + side, width))


def multiple_of(task: RestorationTask) -> int:
    """Pieces begin at multiples of this number of input pixels, so that pooling windows stay the same."""
    return int(getattr(task.model, "size_multiple", MULTIPLE))


@torch.no_grad()
def halo_of(task: RestorationTask, factor: int = 1) -> int | None:
    """The number of input pixels around a piece on which its outputs depend, a multiple of `multiple_of`.

    Args:
        task: a task in evaluation mode and on the CPU, as convolutions by Fourier transforms would spread a NaN
            everywhere.
        factor: the sizes of its inputs are multiples of this.

    Returns:
        None if the outputs depend on the whole picture, or on the position in it.
    """
    multiple = multiple_of(task)
    try:
        reaches = [_reach(part, task) for part in (task.model, task.prior) if part is not None]
        if any(reach is None for reach in reaches):
            return None
        halo = -(-max(reach for reach in reaches if reach is not None) // multiple) * multiple
        return halo if _holds(task, halo, multiple, factor) else None
    except (RuntimeError, ValueError, IndexError, TypeError):  # the network does not accept such inputs
        return None


def _reach(part: nn.Module, task: RestorationTask) -> int | None:
    """How far beyond an edge the outputs depend on the inputs; None: further than can be measured.

    Beyond the edge all inputs are NaN, which every layer of a network passes on. A baseline gets other numbers instead,
    as it may look inputs up in a table or multiply them by 0.
    """
    for size in SIZES:
        inputs = _random(task, size)
        other = 1 - inputs if isinstance(part, Baseline) else torch.full_like(inputs, torch.nan)
        half, outputs, reach = size // 2, part(inputs), 0
        for dim in (2, 3):
            for places in (torch.arange(half), torch.arange(size - 1, half - 1, -1)):  # towards the edge, which is next
                changed = other.clone()
                changed.movedim(dim, 0)[places] = inputs.movedim(dim, 0)[places]
                differs = (part(changed) != outputs).movedim(dim, 0)[places].flatten(1).any(1)
                reach = max(reach, half - int(differs.nonzero()[0])) if differs.any() else reach
        if reach < half:
            return reach
    return None


def _holds(task: RestorationTask, halo: int, multiple: int, factor: int) -> bool:
    side = 4 * halo + 8 * multiple + 5 * factor  # 5, so that the last pieces are smaller
    inputs = _random(task, side)
    whole = task(inputs)
    for box in boxes(side, side, -(-side // (2 * multiple)) * multiple):
        outer = box.grown(halo, side, side)
        rows, columns = box.within(outer)
        piece = task(inputs[..., outer.top : outer.bottom, outer.left : outer.right])[..., rows, columns]
        wanted = whole[..., box.top : box.bottom, box.left : box.right]
        if piece.shape != wanted.shape or not torch.allclose(piece, wanted, rtol=1e-3, atol=1e-3):
            return False
    return True


def _random(task: RestorationTask, side: int) -> Tensor:
    return torch.rand(1, task.degradation.channels, side, side, generator=torch.Generator().manual_seed(0))

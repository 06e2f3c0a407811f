"""A network on pictures of any size: in pieces, each with as much around it as its outputs depend on.

The outputs are those of the whole picture at once. How far a network sees is measured, so that this holds for anybody's
network; one that sees the whole picture, as a table by row or an average over all pixels does, has no pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from colourize.models.baselines import Baseline
from colourize.tasks.restoration import RestorationTask

MULTIPLE = 32  # where pieces may begin, of networks that do not say it (`size_multiple`): five halvings
SIZES = (64, 128, 256, 512)  # pixels, of the pictures on which it is measured how far a network sees


class Box(NamedTuple):
    """A rectangle of pixels; the last row and column are not in it."""

    top: int
    bottom: int
    left: int
    right: int

    def scaled(self, factor: int) -> Box:
        return Box(*(factor * side for side in self))

    def grown(self, halo: int, height: int, width: int) -> Box:
        """With a halo on each side, as far as a picture of this size goes."""
        top, left = max(self.top - halo, 0), max(self.left - halo, 0)
        return Box(top, min(self.bottom + halo, height), left, min(self.right + halo, width))

    def within(self, other: Box) -> tuple[slice, slice]:
        """Where it lies in another one: rows and columns."""
        rows = slice(self.top - other.top, self.bottom - other.top)
        return rows, slice(self.left - other.left, self.right - other.left)


def boxes(height: int, width: int, side: int) -> Iterator[Box]:
    """A picture in squares of this side, smaller at its right and bottom."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield Box(top, min(top + side, height), left, min(left + side, width))


def multiple_of(task: RestorationTask) -> int:
    """Pieces begin at multiples of this many pixels of the network's input, so that pooling meets the same pixels."""
    return int(getattr(task.model, "size_multiple", MULTIPLE))


@torch.no_grad()
def halo_of(task: RestorationTask, factor: int = 1) -> int | None:
    """How many pixels of its input around a piece the outputs of a task depend on, a multiple of `multiple_of`.

    Args:
        task: in evaluation mode, and on the CPU: convolutions by Fourier transforms would spread a NaN over everything.
        factor: what the sizes of its inputs are multiples of.

    Returns:
        None where they depend on the whole picture, or on where in it they are.
    """
    multiple = multiple_of(task)
    try:
        reaches = [_reach(part, task) for part in (task.model, task.prior) if part is not None]
        if any(reach is None for reach in reaches):
            return None
        halo = -(-max(reach for reach in reaches if reach is not None) // multiple) * multiple
        return halo if _holds(task, halo, multiple, factor) else None
    except (RuntimeError, ValueError, IndexError, TypeError):  # a network that is particular about its input
        return None


def _reach(part: nn.Module, task: RestorationTask) -> int | None:
    """How far beyond an edge its outputs depend on what is there; None: further than can be measured.

    Beyond the edge all inputs are NaN, which no layer of a network forgets. A baseline looks its inputs up in a table,
    or multiplies them by 0: there they are other numbers.
    """
    for size in SIZES:
        inputs = _random(task, size)
        other = 1 - inputs if isinstance(part, Baseline) else torch.full_like(inputs, torch.nan)
        half, outputs, reach = size // 2, part(inputs), 0
        for dim in (2, 3):
            for near in (slice(0, half), slice(half, size)):
                far = slice(half, size) if near.start == 0 else slice(0, half)
                changed = inputs.clone()
                changed.movedim(dim, 0)[far] = other.movedim(dim, 0)[far]
                same = (part(changed) == outputs).movedim(dim, 0)[near].flatten(1).all(1)
                touched = (~same).nonzero().flatten()
                if len(touched):
                    reach = max(reach, half - int(touched[0]) if near.start == 0 else int(touched[-1]) + 1)
        if reach < half:
            return reach
    return None


def _holds(task: RestorationTask, halo: int, multiple: int, factor: int) -> bool:
    """Whether pieces of a picture have the outputs that the whole has; where they differ, no halo would be enough."""
    side = 4 * halo + 8 * multiple + 5 * factor  # 5: its last pieces are not whole
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
    """Inputs of a square, the same each time."""
    return torch.rand(1, task.degradation.channels, side, side, generator=torch.Generator().manual_seed(0))

"""Augmentation: random changes of training pictures, before input and target are made of them.

Each picture has its own draws, from seed, epoch and picture alone; the pictures stay uint8.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colourize.data.draws import Draws
from colourize.errors import UsageError, check_count


class Augmentation(nn.Module):
    """uint8 pictures (B, H, W, 3) → as many of the same size."""

    def forward(self, pictures: Tensor, draws: Draws) -> Tensor:
        raise NotImplementedError


class FlipsAndShifts(Augmentation):
    """Mirrors a picture left to right and moves it by a few pixels, with mirrored borders.

    Args:
        flip: the share of pictures that are mirrored, 0…1.
        max_shift: up to so many pixels in each direction, every whole number equally likely; 0: none.
    """

    def __init__(self, flip: float = 0.5, max_shift: int = 0) -> None:
        super().__init__()
        if isinstance(flip, bool) or not isinstance(flip, (int, float)) or not 0 <= flip <= 1:
            raise UsageError(f"data.augmentation.flip={flip}: must be a share, 0 to 1")
        check_count("data.augmentation.max_shift", max_shift, least=0)
        self.flip = flip
        self.max_shift = max_shift

    def forward(self, pictures: Tensor, draws: Draws) -> Tensor:
        height, width = pictures.shape[1:3]
        if self.max_shift >= min(height, width):
            raise UsageError(f"data.augmentation.max_shift={self.max_shift}: must be below the size, {height}×{width}")
        flipped = draws.uniform() < self.flip  # (B,)
        down, right = draws.integers(-self.max_shift, self.max_shift + 1, 2).unbind(1)
        rows, columns = _sources(height, down), _sources(width, right)  # (B, H) and (B, W)
        columns = columns.where(~flipped[:, None], width - 1 - columns)
        which = torch.arange(len(pictures), device=pictures.device)
        return pictures[which[:, None, None], rows[:, :, None], columns[:, None, :]]


def _sources(size: int, shift: Tensor) -> Tensor:
    """Where each pixel of a shifted row comes from, (B, size); beyond the border -1 is 1, and `size` is `size - 2`."""
    places = (torch.arange(size, device=shift.device) - shift[:, None]).abs()
    return places.where(places < size, 2 * (size - 1) - places)

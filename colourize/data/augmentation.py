"""Augmentation: random changes of training pictures, before inputs and targets are made from them.

The random numbers of a picture depend on seed, epoch and picture alone. Pictures stay uint8.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.data.draws import Draws
from colourize.errors import UsageError, check_count, is_number


class Augmentation(nn.Module):
    """uint8 pictures (B, H, W, 3) → changed pictures of the same shape."""

    def forward(self, pictures: Tensor, draws: Draws) -> Tensor:
        raise NotImplementedError


class FlipsAndShifts(Augmentation):
    """Mirrors a picture left to right and moves it by a few pixels, with mirrored borders.

    Args:
        flip: the share of pictures that are mirrored, 0…1.
        max_shift: the largest shift in pixels; all whole numbers up to it are equally likely, in each direction.
    """

    def __init__(self, flip: float = 0.5, max_shift: int = 0) -> None:
        super().__init__()
        if not (is_number(flip) and 0 <= flip <= 1):
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


class Symmetries(Augmentation):
    """Turns or mirrors a square picture by one of the eight symmetries of the square, all equally likely."""

    def forward(self, pictures: Tensor, draws: Draws) -> Tensor:
        height, width = pictures.shape[1:3]
        if height != width:
            raise UsageError(f"data.augmentation=Symmetries: pictures are {height}×{width}; must be square")
        symmetry = draws.integers(0, 8)[:, None, None, None]  # three bits: transpose, flip rows, flip columns
        pictures = pictures.transpose(1, 2).where((symmetry & 1) > 0, pictures)
        pictures = pictures.flip(1).where((symmetry & 2) > 0, pictures)
        return pictures.flip(2).where((symmetry & 4) > 0, pictures)


class ElasticDeformation(FlipsAndShifts):
    """Flips and shifts, then a small rotation and a smooth random deformation, as in Ronneberger et al. (2015).

    Displacements are drawn from a normal distribution at the points of a coarse grid and interpolated bicubically. The
    paper has a standard deviation of 10 pixels on 3×3 points at 512 pixels, which is 0.6 at 32. The picture is sampled
    by bicubic interpolation, with mirrored borders, and rounded. Without rotation and displacement a picture stays
    exactly as it is.

    Args:
        flip, max_shift: see `FlipsAndShifts`.
        deviation: the standard deviation of a grid point's displacement in each direction, in pixels.
        grid_size: the number of points in each direction, equally spaced from border to border; at least 2.
        max_rotation: the largest angle in degrees about the picture's middle; all angles up to it are equally likely,
            in both directions.
    """

    def __init__(
        self,
        flip: float = 0.5,
        max_shift: int = 0,
        deviation: float = 0.6,
        grid_size: int = 3,
        max_rotation: float = 0.0,
    ) -> None:
        super().__init__(flip, max_shift)
        for key, value, most in (("deviation", deviation, 100), ("max_rotation", max_rotation, 180)):
            if not (is_number(value) and 0 <= value <= most):
                raise UsageError(f"data.augmentation.{key}={value}: must be a number from 0 to {most}")
        check_count("data.augmentation.grid_size", grid_size, least=2, most=64)
        self.deviation, self.grid_size, self.max_rotation = deviation, grid_size, max_rotation

    def forward(self, pictures: Tensor, draws: Draws) -> Tensor:
        pictures = super().forward(pictures, draws)
        angles = (2 * draws.uniform() - 1) * math.radians(self.max_rotation)  # (B,)
        coarse = self.deviation * draws.normal(2, self.grid_size, self.grid_size)
        return deformed(pictures, displacements(coarse, angles, *pictures.shape[1:3]))


def displacements(coarse: Tensor, angles: Tensor, height: int, width: int) -> Tensor:
    """The offset, down and to the right, from each pixel of a deformed picture to its source.

    Args:
        coarse: (B, 2, n, n), the displacements on a grid from border to border, in pixels.
        angles: (B,), the angles of a rotation about the middle, in radians.

    Returns:
        (B, 2, height, width), in pixels.
    """
    field = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True)
    down = torch.arange(height, device=coarse.device)[:, None] - (height - 1) / 2
    right = torch.arange(width, device=coarse.device) - (width - 1) / 2
    less, sine = angles.cos()[:, None, None] - 1, angles.sin()[:, None, None]
    return field + torch.stack([less * down + sine * right, less * right - sine * down], dim=1)


def deformed(pictures: Tensor, field: Tensor) -> Tensor:
    """Deform uint8 pictures (B, H, W, 3) by a field (B, 2, H, W) of `displacements`."""
    height, width = pictures.shape[1:3]
    down = torch.arange(height, device=field.device)[:, None] + field[:, 0]  # (B, H, W)
    right = torch.arange(width, device=field.device) + field[:, 1]
    # -1 and 1 are the centres of the outermost pixels.
    places = torch.stack([2 * right / max(width - 1, 1) - 1, 2 * down / max(height - 1, 1) - 1], dim=-1)
    values = pictures.permute(0, 3, 1, 2).float()
    read = F.grid_sample(values, places, mode="bicubic", padding_mode="reflection", align_corners=True)
    return read.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _sources(size: int, shift: Tensor) -> Tensor:
    """The source of each pixel in shifted rows, (B, size); mirrored: -1 becomes 1, and `size` becomes `size - 2`."""
    places = (torch.arange(size, device=shift.device) - shift[:, None]).abs()
    return places.where(places < size, 2 * (size - 1) - places)

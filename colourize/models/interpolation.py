"""Enlarges small pictures by classical interpolation, with Pillow's filters."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.degradations.low_resolution import project
from colourize.errors import UsageError, check_flag
from colourize.models.baselines import Baseline


def triangle(x: Tensor) -> Tensor:
    """Linear interpolation between neighbours."""
    return (1 - x.abs()).clamp(min=0)


def cubic(x: Tensor) -> Tensor:
    """Keys (1981), "Cubic convolution interpolation for digital image processing", a = -1/2."""
    x = x.abs()
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))


def lanczos(x: Tensor) -> Tensor:
    """Duchon (1979), "Lanczos filtering in one and two dimensions", three lobes."""
    return torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x))


FILTERS: dict[str, tuple[Callable[[Tensor], Tensor] | None, int]] = {  # kernel, reach in pixels on each side
    "nearest": (None, 0),
    "bilinear": (triangle, 1),
    "bicubic": (cubic, 2),
    "lanczos": (lanczos, 3),
}


class Interpolation(Baseline):
    """Enlarges the small picture without learning: the baseline of super-resolution.

    Args:
        filter: nearest, bilinear, bicubic or lanczos.
        projected: whether each block is shifted to its known mean, see `project`.
    """

    degradation = "low"
    gives_pictures = True

    def __init__(self, in_channels: int, out_channels: int, filter: str = "bilinear", projected: bool = False) -> None:
        super().__init__(in_channels, out_channels)
        if filter not in FILTERS:
            raise UsageError(f"model.filter={filter}: must be one of {', '.join(FILTERS)}")
        check_flag("model.projected", projected)
        self.filter, self.projected = filter, projected

    def forward(self, inputs: Tensor) -> Tensor:
        low = F.avg_pool2d(inputs, self.scale_factor)  # each block of the input is one pixel
        enlarged = enlarge(low, self.scale_factor, self.filter)
        return (project(enlarged, low) if self.projected else enlarged).clamp(0, 1)


def enlarge(pictures: Tensor, scale_factor: int, filter: str) -> Tensor:
    """Pictures (N, C, H, W) → (N, C, scale_factor · H, scale_factor · W), as Pillow's `resize` but without rounding."""
    kernel, reach = FILTERS[filter]
    if kernel is None:
        return pictures.repeat_interleave(scale_factor, 2).repeat_interleave(scale_factor, 3)
    rows, columns = (_weights(size, scale_factor, kernel, reach).to(pictures) for size in pictures.shape[2:])
    return rows @ pictures @ columns.T


def _weights(size: int, scale_factor: int, kernel: Callable[[Tensor], Tensor], reach: int) -> Tensor:
    """The weight of each of `size` pixels in each enlarged pixel, (scale_factor · size, size)."""
    centres = (torch.arange(size * scale_factor, dtype=torch.float64) + 0.5) / scale_factor - 0.5
    distances = torch.arange(size) - centres[:, None]
    weights = kernel(distances).where(distances.abs() < reach, torch.zeros(()).double())
    return weights / weights.sum(1, keepdim=True)  # at the border the filter is cut off

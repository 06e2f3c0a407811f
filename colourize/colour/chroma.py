"""Splits pictures into CIE Lab's lightness and chroma, and joins them again.

Lightness is L / 100, 0 … 1; chroma is a and b, 0 for greys, in sRGB within about ±110.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.colour.lab import EPSILON, KAPPA, TO_XYZ, WHITE, rgb_to_lab

BELOW, ABOVE = 4e-6, 1e-6  # tolerances for rounding at sRGB's borders: below 0, as a share of the luminance; above 1
STRONGEST = 140.0  # chroma √(a² + b²) to which colours are limited; in sRGB it is at most 134
STEPS, HALVINGS = 16, 14  # steps of the search along a hue; its resolution is 2⁻¹⁸ of the chroma


def lightness_of(rgb: Tensor) -> Tensor:
    """L / 100 of sRGB pictures (N, 3, H, W) in [0, 1], (N, 1, H, W) in [0, 1]."""
    return (rgb_to_lab(rgb)[:, :1] / 100).clamp(0, 1)


def chroma_of(rgb: Tensor) -> Tensor:
    """a and b of sRGB pictures (N, 3, H, W) in [0, 1], (N, 2, H, W); for greys they are exactly 0."""
    is_grey = (rgb[:, 1:] == rgb[:, :1]).all(1, keepdim=True)
    return rgb_to_lab(rgb)[:, 1:].masked_fill(is_grey, 0)


def chroma_over(lightness: Tensor, chroma: Tensor) -> Tensor:
    """The sRGB picture with exactly this lightness, and with this chroma as far as sRGB allows.

    A colour outside sRGB becomes paler at its own lightness and hue: a and b are multiplied by the largest factor below
    1 that leads into sRGB. Along a hue, sRGB has gaps (between bright yellow and grey), so that the factor is searched
    first among sixteenths, then by bisection; shorter intervals may be missed. The gradient treats it as constant.

    Args:
        lightness: L / 100, (N, 1, H, W); clipped to [0, 1].
        chroma: a and b, (N, 2, H, W), of any size.

    Returns:
        (N, 3, H, W) in [0, 1]; R, G and B are equal where the chroma is 0.
    """
    root = (100 * lightness[:, 0].clamp(0, 1) + 16) / 116
    a, b = chroma.unbind(1)
    with torch.no_grad():
        factor = (STRONGEST / a.hypot(b)).clamp(max=1)
        outside = ~_is_inside(root, factor * a, factor * b)
        of_outside = factor[outside]
        factor[outside] *= _largest_factor(root[outside], of_outside * a[outside], of_outside * b[outside])
    linear = _linear(root, factor * a, factor * b).clamp(0, 1)
    curve = 1 + 1.055 * (linear.clamp(min=0.0031308) ** (1 / 2.4) - 1)  # in this form, white is exactly 1
    return torch.where(linear > 0.0031308, curve, 12.92 * linear)


def _linear(root: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Linear sRGB with the three channels as dimension 1; `root` is (L + 16) / 116.

    It is luminance plus the contributions of a and b, so that without chroma all channels are exactly equal.
    """
    x, y, z = (
        torch.where(each**3 > EPSILON, each**3, (116 * each - 16) / KAPPA)
        for each in (root + a / 500, root, root - b / 200)
    )
    matrix = (torch.linalg.inv(TO_XYZ) * WHITE).tolist()
    return torch.stack([y + of_x * (x - y) + of_z * (z - y) for of_x, _, of_z in matrix], 1)


def _is_inside(root: Tensor, a: Tensor, b: Tensor) -> Tensor:
    linear = _linear(root, a, b)
    luminance = torch.where(root**3 > EPSILON, root**3, (116 * root - 16) / KAPPA)
    return (linear.amin(1) >= -BELOW * luminance) & (linear.amax(1) <= 1 + ABOVE)


def _largest_factor(root: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The largest factor below 1 that moves colours (n,) from outside into sRGB."""
    low = torch.zeros_like(root)
    for step in range(1, STEPS):
        low[_is_inside(root, step / STEPS * a, step / STEPS * b)] = step / STEPS
    for halving in range(1, HALVINGS + 1):
        middle = low + 2.0**-halving / STEPS
        low = middle.where(_is_inside(root, middle * a, middle * b), low)
    return low

"""CIE Lab, whose distances are about those that people perceive, and the colour difference CIEDE2000.

sRGB and its white D65: IEC 61966-2-1. Lab: CIE 15:2004, L 0 … 100, a (green to red) and b (blue to yellow) about
-100 … 100. CIEDE2000: Sharma, Wu & Dalal (2005), "The CIEDE2000 color-difference formula: implementation notes,
supplementary test data, and mathematical observations", https://doi.org/10.1002/col.20070.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Linear sRGB → XYZ (D65). White is the sum of the columns, so that greys are exactly a = b = 0.
TO_XYZ = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=torch.float64,
)
WHITE = TO_XYZ.sum(1)
EPSILON, KAPPA = 216 / 24389, 24389 / 27  # where the cube root becomes linear, and its slope there


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """sRGB in [0, 1], (N, 3, H, W), → Lab of the same shape and type."""
    curve = ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4  # clamped, as a power's gradient at 0 is nan
    linear = torch.where(rgb > 0.04045, curve, rgb / 12.92)
    matrix = (TO_XYZ / WHITE[:, None]).to(rgb)
    xyz = torch.einsum("ic,nchw->nihw", matrix, linear)
    root = xyz.clamp(min=EPSILON) ** (1 / 3)
    x, y, z = torch.where(xyz > EPSILON, root, (KAPPA * xyz + 16) / 116).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def ciede2000(first: Tensor, second: Tensor) -> Tensor:
    """How different two colours look: two Lab colours (N, 3, …) → (N, …), 0 or more; about 1 is just visible."""
    (l1, a1, b1), (l2, a2, b2) = first.unbind(1), second.unbind(1)
    mean_chroma7 = ((a1.hypot(b1) + a2.hypot(b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * (mean_chroma7 / (mean_chroma7 + 25.0**7)).sqrt()  # stretches a for nearly grey colours
    c1, c2 = (a1 * stretch).hypot(b1), (a2 * stretch).hypot(b2)
    h1, h2 = (torch.atan2(b, a * stretch) % (2 * math.pi) for a, b in ((a1, b1), (a2, b2)))

    grey = c1 * c2 == 0  # colours without a hue
    turn = h2 - h1
    turn = torch.where(turn > math.pi, turn - 2 * math.pi, torch.where(turn < -math.pi, turn + 2 * math.pi, turn))
    turn = turn.masked_fill(grey, 0.0)
    d_lightness, d_chroma = l2 - l1, c2 - c1
    d_hue = 2 * (c1 * c2).sqrt() * torch.sin(turn / 2)

    lightness, chroma, sum_hue = (l1 + l2) / 2, (c1 + c2) / 2, h1 + h2
    across = torch.where(sum_hue < 2 * math.pi, sum_hue + 2 * math.pi, sum_hue - 2 * math.pi)
    hue = torch.where((h1 - h2).abs() > math.pi, across, sum_hue) / 2
    hue = torch.where(grey, sum_hue, hue)
    tone = 1 - 0.17 * torch.cos(hue - math.radians(30)) + 0.24 * torch.cos(2 * hue)
    tone = tone + 0.32 * torch.cos(3 * hue + math.radians(6)) - 0.20 * torch.cos(4 * hue - math.radians(63))
    off_middle = (lightness - 50) ** 2
    scale_lightness = 1 + 0.015 * off_middle / (20 + off_middle).sqrt()
    scale_chroma = 1 + 0.045 * chroma
    scale_hue = 1 + 0.015 * chroma * tone
    blue = math.radians(30) * torch.exp(-(((hue - math.radians(275)) / math.radians(25)) ** 2))
    rotation = -torch.sin(2 * blue) * 2 * (chroma**7 / (chroma**7 + 25.0**7)).sqrt()
    lightness_term, chroma_term, hue_term = d_lightness / scale_lightness, d_chroma / scale_chroma, d_hue / scale_hue
    square = lightness_term**2 + chroma_term**2 + hue_term**2 + rotation * chroma_term * hue_term
    return square.clamp(min=0).sqrt()

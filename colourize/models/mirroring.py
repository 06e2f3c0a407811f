"""Continues pictures beyond their borders by their mirror images."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def mirrored(pictures: Tensor, before: int, rows: int, columns: int) -> Tensor:
    """Pictures (N, C, H, W) → (N, C, rows, columns): mirrored at their outermost pixels, repeatedly if necessary.

    Args:
        before: the number of added rows above, and of added columns on the left.
    """
    for dim, length in ((2, rows), (3, columns)):
        size = pictures.shape[dim]
        turn = max(2 * size - 2, 1)  # the period of the mirrored picture
        places = (torch.arange(length, device=pictures.device) - before) % turn
        pictures = pictures.index_select(dim, torch.minimum(places, turn - places))
    return pictures


def aligned(inputs: Tensor, multiple: int) -> Tensor:
    """Pictures (N, C, H, W), mirrored at the bottom and on the right until height and width are multiples."""
    height, width = inputs.shape[-2:]
    # (`-height % 4` is shorter, but torch.compile stumbles over it once sizes vary.)
    bottom, right = (multiple - height % multiple) % multiple, (multiple - width % multiple) % multiple
    if not (bottom or right):
        return inputs
    # Mirroring continues the picture; zeros would add edges that the network has never seen.
    # All padding goes below and to the right, so that the pooling windows stay in place.
    if bottom < height and right < width:
        return F.pad(inputs, (0, right, 0, bottom), mode="reflect")  # keeps the layout of channels_last
    return mirrored(inputs, 0, height + bottom, width + right)  # a tiny picture is mirrored several times

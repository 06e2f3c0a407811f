"""Pictures continued beyond their borders by their mirror images."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored(pictures: Tensor, before: int, rows: int, columns: int) -> Tensor:
    """Pictures (N, C, H, W) → (N, C, rows, columns): mirrored on their outermost pixels, again and again if need be.

    Args:
        before: how many of the rows stand above, and of the columns to the left.
    """
    for dim, length in ((2, rows), (3, columns)):
        size = pictures.shape[dim]
        turn = max(2 * size - 2, 1)  # after so many pixels all comes again
        places = (torch.arange(length, device=pictures.device) - before) % turn
        pictures = pictures.index_select(dim, torch.minimum(places, turn - places))
    return pictures

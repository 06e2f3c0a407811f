"""Counts the arithmetic operations that a network needs for a picture."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def flops_per_picture(model: nn.Module, in_channels: int, size: tuple[int, int]) -> int | None:
    """The number of multiplications and additions in convolutions and matrix products.

    They are counted on a copy of the model on the meta device, so that neither the model nor any random generator is
    touched. Cheaper computations on some device, such as `double_and_convolve` on the CPU, are ignored.

    Args:
        in_channels: the number of channels of the model's input.
        size: the input's height and width.

    Returns:
        None for a model that cannot run on the meta device.
    """
    try:
        empty = copy.deepcopy(model).to("meta").eval()
        picture = torch.empty(1, in_channels, *size, device="meta")
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            empty(picture)
    except Exception:  # a user's model may need values, and fail in any way without them
        return None
    return int(counter.get_total_flops())

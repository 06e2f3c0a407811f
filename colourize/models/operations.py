"""How many arithmetic operations a network needs for a picture."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def flops_per_picture(model: nn.Module, in_channels: int, size: tuple[int, int]) -> int | None:
    """Multiplications and additions of the layers as written, of convolutions and matrix products alone.

    Counted on a copy without values, so that neither the model nor any random generator is touched. What a layer
    computes in a cheaper way on some device, as `double_and_convolve` does on the CPU, counts as it is written.

    Args:
        in_channels: of the pictures that the model takes.
        size: their height and width.

    Returns:
        None for a model that cannot be run without values.
    """
    try:
        empty = copy.deepcopy(model).to("meta").eval()
        picture = torch.empty(1, in_channels, *size, device="meta")
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            empty(picture)
    except Exception:  # a user's model may do anything that needs values
        return None
    return int(counter.get_total_flops())

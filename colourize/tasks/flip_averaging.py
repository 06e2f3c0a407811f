"""Averages over mirror images when a trained network is used: it has learnt no left and right that pictures have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from colourize.models.mirroring import mirrored


def over_flips(outputs_of: Callable[[Tensor], Tensor], inputs: Tensor, kind: str, multiple: int) -> Tensor:
    """The mean of what is answered to inputs (N, C, H, W), and to their mirror images, left to right.

    Both are given a width of a whole multiple, so that pooling meets the same pixels in a picture and in its pieces.

    Args:
        outputs_of: the network.
        kind: of the answer, see `Answer.kind`.
        multiple: the network's `size_multiple`.
    """
    height, width = inputs.shape[-2:]
    padded = mirrored(inputs, 0, height, -(-width // multiple) * multiple)
    straight, turned = outputs_of(padded), outputs_of(padded.flip(3))
    if straight.dim() == 2:  # of whole pictures
        return mean_outputs([straight, turned], kind)
    return mean_outputs([straight, turned.flip(3)], kind)[..., :width]


def mean_outputs(outputs: Sequence[Tensor], kind: str) -> Tensor:
    """The mean of several outputs for the same thing: of logits the logarithm of the mean distribution."""
    stacked = torch.stack([*outputs])
    if kind == "values":
        return stacked.mean(0)
    return stacked.float().log_softmax(2).logsumexp(0) - math.log(len(stacked))

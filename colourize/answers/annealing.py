"""Distributions made sharper or flatter before they are read."""

from __future__ import annotations

import torch
from torch import Tensor

COLD = 1e-6  # a temperature below which nothing but the likeliest class is left, and logits would become infinite


def annealed(logits: Tensor, temperature: float) -> Tensor:
    """softmax(logits / temperature) over the channels of (N, K, H, W): probabilities p, each raised to 1/temperature.

    Temperature 1 leaves the distribution as it is, so that its mean is the plain expectation; towards 0 all falls to
    the likeliest class (of equally likely ones at 0 to the first). The mean between the two is the annealed mean of
    Zhang, Isola & Efros (2016), "Colorful image colorization", https://arxiv.org/abs/1603.08511, with 0.38.
    """
    if temperature < COLD:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1)
    # As rows: where channels lie last in memory, that is faster.
    return (logits.movedim(1, -1) / temperature).softmax(-1).movedim(-1, 1)

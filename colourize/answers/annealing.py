"""Makes distributions sharper or flatter before they are decoded."""

from __future__ import annotations

import torch
from torch import Tensor

COLD = 1e-6  # below this temperature only the likeliest class is left, and logits would overflow


def annealed(logits: Tensor, temperature: float) -> Tensor:
    """softmax(logits / temperature) over the channels of (N, K, H, W): each probability is raised to 1/temperature.

    Temperature 1 leaves the distribution as it is, and its mean is the plain expectation. Towards 0 the likeliest class
    gets all the probability (at 0, the first of equally likely ones). With 0.38 the mean is the annealed mean of
    Zhang, Isola & Efros (2016), "Colorful image colorization", https://arxiv.org/abs/1603.08511.
    """
    if temperature < COLD:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1)
    # Softmax over rows is faster for tensors whose channels are last in memory.
    return (logits.movedim(1, -1) / temperature).softmax(-1).movedim(-1, 1)

"""What a network is given: the ways a true picture loses information.

A degradation is one class: `forward` makes the input, `channels` says how many it has, `show` makes a picture of
it, `references` the answers that need no network, and `check_size` refuses sizes that it cannot handle.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.errors import UsageError


class Degradation(nn.Module):
    """A true picture (N, 3, H, W), RGB in [0, 1] → what the network sees of it (N, channels, H, W)."""

    name: str
    channels: int

    def show(self, inputs: Tensor) -> Tensor:
        """The input as an RGB picture, (N, 3, H, W)."""
        raise NotImplementedError

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        """Pictures by simple methods to hold a prediction against, by name."""
        return {}

    def check_size(self, height: int, width: int) -> None:
        """Raise UsageError where pictures of this size cannot be degraded."""


class Grey(Degradation):
    """Colour → grey, a weighted mean of R, G and B.

    Args:
        weights: of R, G and B. The course takes the plain mean; luma (ITU-R BT.601) is [0.299, 0.587, 0.114].
    """

    name = "grey"
    channels = 1
    weights: Tensor

    def __init__(self, weights: list[float] | None = None) -> None:
        super().__init__()
        weights = [1 / 3, 1 / 3, 1 / 3] if weights is None else weights
        if len(weights) != 3 or not (abs(sum(weights) - 1) < 1e-6 and min(weights) >= 0):
            raise UsageError(f"task.degradation.weights={weights}: must be three shares of R, G and B that sum to 1")
        self.register_buffer("weights", torch.tensor(weights).view(1, 3, 1, 1), persistent=False)

    def forward(self, truth: Tensor) -> Tensor:
        return (truth * self.weights.to(truth.dtype)).sum(1, keepdim=True)

    def show(self, inputs: Tensor) -> Tensor:
        return inputs.expand(-1, 3, -1, -1)


class LowResolution(Degradation):
    """Averaged in squares of `scale_factor` pixels and repeated to the old size, as the course does.

    The network's input is as large as its output; the information is `scale_factor`² times less.

    Args:
        scale_factor: 2, 4 or 8. The course takes 4: 8×8 → 32×32.
    """

    name = "low"
    channels = 3

    def __init__(self, scale_factor: int = 4) -> None:
        super().__init__()
        if type(scale_factor) is not int or scale_factor not in (2, 4, 8):
            raise UsageError(f"task.degradation.scale_factor={scale_factor}: must be 2, 4 or 8")
        self.scale_factor = scale_factor

    def forward(self, truth: Tensor) -> Tensor:
        low = F.avg_pool2d(truth, self.scale_factor)
        return F.interpolate(low, scale_factor=self.scale_factor, mode="nearest")

    def show(self, inputs: Tensor) -> Tensor:
        return inputs

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        # From the true picture's averages, not from the quantised truth as in the course's figure.
        low = F.avg_pool2d(truth, self.scale_factor)
        return {"bilinear": F.interpolate(low, size=truth.shape[-2:], mode="bilinear", align_corners=False)}

    def check_size(self, height: int, width: int) -> None:
        if height % self.scale_factor or width % self.scale_factor:
            raise UsageError(
                f"task.degradation.scale_factor={self.scale_factor}: must divide the pictures' size, {height}×{width}"
            )

"""Detail is taken away."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from colourize.data.draws import Draws
from colourize.degradations.base import Degradation
from colourize.errors import UsageError


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

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        return self.given(F.avg_pool2d(truth, self.scale_factor))

    def show(self, inputs: Tensor) -> Tensor:
        return inputs

    def given(self, picture: Tensor) -> Tensor:
        """A small picture (N, 3, h, w) in the blocks that the network knows, `scale_factor` times as large."""
        return F.interpolate(picture, scale_factor=self.scale_factor, mode="nearest")

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        # From the true picture's averages, not from the quantised truth as in the course's figure.
        low = F.avg_pool2d(truth, self.scale_factor)
        return {"bilinear": F.interpolate(low, size=truth.shape[-2:], mode="bilinear", align_corners=False)}

    def check_size(self, height: int, width: int) -> None:
        if height % self.scale_factor or width % self.scale_factor:
            raise UsageError(
                f"task.degradation.scale_factor={self.scale_factor}: must divide the pictures' size, {height}×{width}"
            )

"""Detail is taken away."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from colourize.data.draws import Draws
from colourize.degradations.base import Degradation
from colourize.errors import UsageError, check_flag


class LowResolution(Degradation):
    """Averaged in squares of `scale_factor` pixels and repeated to the old size, as the course does.

    The network's input is as large as its output; the information is `scale_factor`² times less.

    Args:
        scale_factor: 2, 4 or 8. The course takes 4: 8×8 → 32×32.
        projected: whether what a network answers is shifted, block by block, to the mean that is known; see `project`.
    """

    name = "low"
    channels = 3

    def __init__(self, scale_factor: int = 4, projected: bool = False) -> None:
        super().__init__()
        if type(scale_factor) is not int or scale_factor not in (2, 4, 8):
            raise UsageError(f"task.degradation.scale_factor={scale_factor}: must be 2, 4 or 8")
        check_flag("task.degradation.projected", projected)
        self.scale_factor, self.projected = scale_factor, projected

    def prepare(self, answer: Any) -> None:
        if self.projected and (answer.kind, answer.out_channels) != ("values", 3):
            raise UsageError(
                f"task.degradation.projected=true: is for an answer in R, G and B; {type(answer).__name__} is another"
            )

    def finish(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return project(outputs, F.avg_pool2d(inputs, self.scale_factor)) if self.projected else outputs

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


def project(pictures: Tensor, low: Tensor) -> Tensor:
    """Pictures (N, C, f·H, f·W) whose f × f blocks have exactly the means `low`, (N, C, H, W).

    y + repeat(low - mean(y)): of all pictures with these means the nearest one, and so never farther from the truth,
    which has them. The result is not clipped.
    """
    factor = pictures.shape[-1] // low.shape[-1]
    error = low - F.avg_pool2d(pictures, factor)
    return pictures + F.interpolate(error, scale_factor=factor, mode="nearest")

"""Removes detail."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from colourize.data.draws import Draws
from colourize.degradations.base import Degradation
from colourize.errors import UsageError, check_flag


class LowResolution(Degradation):
    """Averages squares of `scale_factor` pixels and repeats each mean to the old size, as in the course.

    The network's input is as large as its output, and has `scale_factor`² times less information.

    Args:
        scale_factor: 2, 4 or 8. The course takes 4: 8×8 → 32×32.
        projected: whether each block of the network's output is shifted to its known mean; see `project`.
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
        return self.inputs_of(F.avg_pool2d(truth, self.scale_factor))

    def inputs_of(self, picture: Tensor) -> Tensor:
        """A small picture (N, 3, h, w), repeated to blocks as in training, `scale_factor` times as large."""
        return F.interpolate(picture, scale_factor=self.scale_factor, mode="nearest")

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        # Made from the averages of the true picture; the course's figure uses the quantised truth.
        low = F.avg_pool2d(truth, self.scale_factor)
        return {"bilinear": F.interpolate(low, size=truth.shape[-2:], mode="bilinear", align_corners=False)}

    def check_size(self, height: int, width: int) -> None:
        if height % self.scale_factor or width % self.scale_factor:
            raise UsageError(
                f"task.degradation.scale_factor={self.scale_factor}: must divide the pictures' size, {height}×{width}"
            )


def project(pictures: Tensor, low: Tensor) -> Tensor:
    """Shift the f × f blocks of pictures (N, C, f·H, f·W) to exactly the means `low`, (N, C, H, W).

    y + repeat(low - mean(y)) is the nearest picture with these means. As the truth has these means, the result is
    never farther from it than y is. It is not clipped.
    """
    factor = pictures.shape[-1] // low.shape[-1]
    error = low - F.avg_pool2d(pictures, factor)
    return pictures + F.interpolate(error, scale_factor=factor, mode="nearest")

"""Baselines: methods without training by gradients, to compare networks with.

They are models like the others: the same commands train (fit, if there is something to fit), test and save them.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from colourize.errors import UsageError

# For messages: the tasks with a kind of answer, or with a degradation of this name.
TASKS = {
    "classes": "task=colour_classification, task=chroma_classification or task=super_resolution",
    "values": "task=colour_regression, task=chroma_regression or task=super_resolution_regression",
    "grey": "all tasks that give colour, such as task=colour_classification or task=chroma_regression",
    "low": "task=super_resolution or task=super_resolution_regression",
}


class Baseline(nn.Module):
    """A method without a network, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Attributes:
        degradation: the name of the only degradation that it supports; None: any.
        kind: the only kind of answers that it supports, see `Answer.kind`; None: any.
        gives_pictures: whether it returns pictures, RGB in [0, 1]; the task encodes them as outputs of its answer.
        sees_truth: whether its input is the true picture: an oracle.
        scale_factor: that of the degradation, if it has one.
    """

    degradation: str | None = None
    kind: str | None = None
    gives_pictures = False
    sees_truth = False

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.scale_factor = 1

    def prepare(self, degradation: Any, answer: Any, key: str = "model") -> None:
        """Check that the baseline supports a task, and take what it needs of the task's parts.

        Args:
            degradation, answer: the task's `Degradation` and `Answer`.
            key: the baseline's role in the task, "model" or "prior".

        Raises:
            UsageError: it does not support the task; the message names tasks that it supports.
        """
        if self.kind not in (None, answer.kind):
            fitting = TASKS.get(str(self.kind), f"answers that are {self.kind}")
        elif self.degradation not in (None, degradation.name):
            fitting = TASKS.get(str(self.degradation), f"degradations named {self.degradation}")
        else:
            self.scale_factor = getattr(degradation, "scale_factor", 1)
            return
        raise UsageError(f"{key}: {type(self).__name__} is not for this task; it is for {fitting}")


class GreyCopy(Baseline):
    """The grey itself in R, G and B, as the degradation shows it."""

    degradation = "grey"
    gives_pictures = True

    def prepare(self, degradation: Any, answer: Any, key: str = "model") -> None:
        super().prepare(degradation, answer, key)
        self.show = degradation.show

    def forward(self, inputs: Tensor) -> Tensor:
        shown: Tensor = self.show(inputs)
        return shown


class PaletteOracle(Baseline):
    """The truth in the palette's colours: the best that a classifier can reach."""

    kind = "classes"
    gives_pictures = True
    sees_truth = True

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs

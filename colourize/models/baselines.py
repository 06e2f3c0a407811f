"""Methods that nothing is learnt for by gradients: what every network is held against.

They are models like others: the same commands train (fit, where there is something to fit), test and save them.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from colourize.errors import UsageError

# The tasks of this project that have a degradation, by its name, or a kind of answer, for people.
TASKS = {
    "classes": "task=colour_classification, task=chroma_classification or task=super_resolution",
    "values": "task=colour_regression, task=chroma_regression or task=super_resolution_regression",
    "grey": "all tasks that give colour, such as task=colour_classification or task=chroma_regression",
    "low": "task=super_resolution or task=super_resolution_regression",
}


class Baseline(nn.Module):
    """A method without a network, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Attributes:
        degradation: the name of the only degradation that it is for; None: any.
        kind: the only kind of answers that it is for, see `Answer.kind`; None: any.
        gives_pictures: whether it returns pictures, RGB in [0, 1], which the task then says as its answer does.
        sees_truth: whether it is given the true picture in place of the input: an oracle.
    """

    degradation: str | None = None
    kind: str | None = None
    gives_pictures = False
    sees_truth = False

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels

    def prepare(self, degradation: Any, answer: Any, key: str = "model") -> None:
        """Take what must be known of a task's `Degradation` and `Answer`.

        Args:
            degradation, answer: the task's.
            key: what the part is there, "model" or "prior".

        Raises:
            UsageError: it is not for such a task; the message names those that it is for.
        """
        if self.kind not in (None, answer.kind):
            fitting = TASKS.get(str(self.kind), f"answers that are {self.kind}")
        elif self.degradation not in (None, degradation.name):
            fitting = TASKS.get(str(self.degradation), f"degradations named {self.degradation}")
        else:
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
    """The truth, as nearly as a palette can say it: no classifier can do better."""

    kind = "classes"
    gives_pictures = True
    sees_truth = True

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs

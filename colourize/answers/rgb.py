"""Pictures by regression: the network predicts R, G and B."""

from __future__ import annotations

from torch import Tensor

from colourize.answers.base import Answer
from colourize.data.batches import Batch


class RGB(Answer):
    """The colour of every pixel (the assignment's part A).

    Outputs: (N, 3, H, W), RGB, not limited to [0, 1]; pictures are clipped.
    """

    kind = "values"
    out_channels = 3

    def encode(self, truth: Tensor, batch: Batch) -> Tensor:
        return truth

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return outputs.clamp(0, 1)

    def average_form(self, truth: Tensor) -> Tensor:
        return truth

"""Pictures by regression: the network predicts R, G and B, or the chroma over a known lightness."""

from __future__ import annotations

from torch import Tensor

from colourize.answers.base import Answer
from colourize.colour.chroma import chroma_of, chroma_over
from colourize.data.batches import Batch
from colourize.degradations import Luminance
from colourize.degradations.hints import SCALE


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


class LabChroma(Answer):
    """The chroma of every pixel over its known lightness; distances are nearly those that people perceive.

    Outputs: (N, 2, H, W), CIE Lab's a / 110 and b / 110 (D65). Pictures keep exactly the lightness of the inputs,
    L / 100, their first channel. A colour outside sRGB becomes paler at the same lightness and hue (`chroma_over`).
    """

    kind = "values"
    out_channels = 2
    degradations = (Luminance,)

    def encode(self, truth: Tensor, batch: Batch) -> Tensor:
        return self.average_form(truth)

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return chroma_over(inputs[:, :1], SCALE * outputs)

    def average_form(self, truth: Tensor) -> Tensor:
        return chroma_of(truth) / SCALE

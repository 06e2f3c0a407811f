"""Pictures by regression of chroma: the network answers CIE Lab's a and b; the lightness is given."""

from __future__ import annotations

from torch import Tensor

from colourize.answers.base import Answer
from colourize.colour.chroma import chroma_of, chroma_over
from colourize.data.batches import Batch
from colourize.degradations import Luminance

SCALE = 110.0  # sRGB's a and b lie within about ± this: a network's answers are of the order of one


class LabChroma(Answer):
    """The chroma of every pixel over its given lightness: distances are nearly as people see them.

    Outputs: (N, 2, H, W), a / 110 and b / 110 (D65). Pictures keep exactly the lightness of the inputs, L / 100, their
    first channel: a colour that sRGB does not have becomes paler at its lightness and hue (`chroma_over`).
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

    def outputs_from(self, average: Tensor) -> Tensor:
        return average

"""Removes colour."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.colour.chroma import chroma_of, chroma_over, lightness_of
from colourize.data.draws import Draws
from colourize.degradations.base import Degradation
from colourize.errors import UsageError


class Grey(Degradation):
    """Colour → grey, a weighted mean of R, G and B.

    Args:
        weights: the weights of R, G and B; None: the plain mean, as in the course. Luma (ITU-R BT.601) is
            [0.299, 0.587, 0.114].
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

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        return (truth * self.weights.to(truth.dtype)).sum(1, keepdim=True)

    def show(self, inputs: Tensor) -> Tensor:
        return inputs.expand(-1, 3, -1, -1)

    def inputs_of(self, picture: Tensor) -> Tensor:
        # The weighted mean of a grey picture's three equal channels is that picture; a coloured one becomes grey.
        return self(picture)

    def join(self, prediction: Tensor, picture: Tensor) -> Tensor:
        """The predicted colours over the picture's own grey. Every pixel keeps its grey, except where RGB is clipped.

        A prediction of another size is resized first.
        """
        colours = _resized(prediction, picture)
        return (colours + self(picture) - self(colours)).clamp(0, 1)


class Luminance(Degradation):
    """Colour → its lightness in CIE Lab (D65), L / 100.

    Unlike a mean of R, G and B, it is separate from colour in Lab, so that predicting a and b leaves it unchanged.
    """

    name = "grey"  # the input looks grey, and methods for grey pictures work with it too
    channels = 1

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        return lightness_of(truth)

    def show(self, inputs: Tensor) -> Tensor:
        """The grey of this lightness."""
        return chroma_over(inputs, torch.zeros_like(inputs).expand(-1, 2, -1, -1))

    def inputs_of(self, picture: Tensor) -> Tensor:
        return lightness_of(picture)

    def join(self, prediction: Tensor, picture: Tensor) -> Tensor:
        """The predicted chroma over the picture's own lightness, which every pixel keeps; see `chroma_over`.

        A prediction of another size is resized first.
        """
        return chroma_over(lightness_of(picture), chroma_of(_resized(prediction, picture)))


def _resized(prediction: Tensor, picture: Tensor) -> Tensor:
    """A prediction at a picture's size, bilinear, as people see colour less sharply than brightness."""
    return F.interpolate(prediction, size=picture.shape[-2:], mode="bilinear", align_corners=False)

"""Removes chroma."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.colour.chroma import chroma_of, chroma_over, lightness_of
from colourize.data.draws import Draws
from colourize.degradations.base import Degradation


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

        A prediction of another size is resized first (bilinear), as people see colour less sharply than brightness.
        """
        colours = F.interpolate(prediction, size=picture.shape[-2:], mode="bilinear", align_corners=False)
        return chroma_over(lightness_of(picture), chroma_of(colours))

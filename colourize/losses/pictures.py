"""Losses of the whole predicted picture, which act on its pixels jointly."""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.answers import RGB
from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError
from colourize.losses.base import Loss

LEAST_ERROR = 1e-8  # is added to a picture's error; rounding to 8 bits alone causes an error of 1e-6


class PictureLoss(Loss):
    """A loss of the picture that the outputs decode to: unclipped R, G and B, the picture of the predicted chroma, or
    the mean colour of a distribution.
    """

    kinds = ("values", "classes")

    def picture(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        """The picture, (N, 3, H, W), RGB in about [0, 1]; gradients flow through it.

        Raises:
            UsageError: outputs of this answer decode to no picture with gradients.
        """
        if isinstance(answer, RGB):  # a clipped pixel would have no gradient
            return outputs
        pictures = answer.pictures(outputs, pair.inputs)
        picture = pictures.get("expected", pictures["prediction"])
        if outputs.requires_grad and not picture.requires_grad:
            name = type(answer).__name__
            raise UsageError(f"task.loss={type(self).__name__}: the answer {name} has no picture with gradients")
        return picture


class PSNRLoss(PictureLoss):
    """The negative PSNR in dB: 10·log10 of each picture's mean squared error, the mean over pictures.

    It is the usual measure of super-resolution, but for unclipped pictures. A gain in decibels counts the same in good
    and in bad pictures (Chen et al. 2022, "Simple baselines for image restoration", https://arxiv.org/abs/2204.04676).
    At an error of 0 the loss is -80 and its gradient is 0.
    """

    name = "psnr"

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        errors = (self.picture(outputs, pair, answer).float() - pair.truth).square().flatten(1).mean(1)
        return 10 * torch.log10(errors + LEAST_ERROR).mean()


class TotalVariation(PictureLoss):
    """The total variation, how much neighbouring pixels differ: mean |x[i + 1, j] − x[i, j]| + mean |x[i, j + 1] −
    x[i, j]|.

    The means are over pictures, channels and pairs of neighbours. This is the anisotropic form of Rudin, Osher & Fatemi
    (1992). Johnson et al. (2016) add the loss to keep pictures smooth; their code sums squared differences, so that its
    weights do not carry over.
    """

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        picture = self.picture(outputs, pair, answer)
        return picture.diff(dim=2).abs().mean() + picture.diff(dim=3).abs().mean()

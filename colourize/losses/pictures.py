"""Losses that look at the whole picture that is answered, and so act on its pixels together."""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.answers import RGB
from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError
from colourize.losses.base import Loss

LEAST_ERROR = 1e-8  # is added to a picture's error; rounding to 8 bits alone makes one of 1e-6


class PictureLoss(Loss):
    """A loss of the picture that is read from the outputs: R, G and B before they are clipped, the picture of a chroma,
    or the mean colour of a distribution.
    """

    kinds = ("values", "classes")

    def picture(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        """The picture that gradients flow through, (N, 3, H, W), RGB about in [0, 1].

        Raises:
            UsageError: none can be read from such outputs.
        """
        if isinstance(answer, RGB):  # a pixel that was clipped would have no gradient
            return outputs
        pictures = answer.pictures(outputs, pair.inputs)
        picture = pictures.get("expected", pictures["prediction"])
        if outputs.requires_grad and not picture.requires_grad:
            name = type(answer).__name__
            raise UsageError(f"task.loss={type(self).__name__}: the answer {name} has no picture with gradients")
        return picture


class PSNRLoss(PictureLoss):
    """Minus the PSNR in dB: 10·log10 of each picture's mean squared error, the mean over pictures.

    What super-resolution is measured by, but that pictures are not clipped; a gain in a picture that is nearly right
    counts as much as one in a picture that is not (Chen et al. 2022, "Simple baselines for image restoration",
    https://arxiv.org/abs/2204.04676). At an error of 0 it is -80, with a gradient of 0.
    """

    name = "psnr"

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        errors = (self.picture(outputs, pair, answer).float() - pair.truth).square().flatten(1).mean(1)
        return 10 * torch.log10(errors + LEAST_ERROR).mean()


class TotalVariation(PictureLoss):
    """How much neighbouring pixels differ: mean |x[i + 1, j] − x[i, j]| + mean |x[i, j + 1] − x[i, j]|.

    The means are over pictures, channels and pairs of neighbours; Rudin, Osher & Fatemi (1992), in its form without a
    root. Johnson et al. (2016) add it to keep pictures smooth; their code squares the differences, and sums, so that
    weights do not carry over.
    """

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        picture = self.picture(outputs, pair, answer)
        return picture.diff(dim=2).abs().mean() + picture.diff(dim=3).abs().mean()

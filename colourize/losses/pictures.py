"""Losses that look at the whole picture that is answered, and so act on its pixels together."""

from __future__ import annotations

from torch import Tensor

from colourize.answers import RGB
from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError
from colourize.losses.base import Loss


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


class TotalVariation(PictureLoss):
    """How much neighbouring pixels differ: mean |x[i + 1, j] − x[i, j]| + mean |x[i, j + 1] − x[i, j]|.

    The means are over pictures, channels and pairs of neighbours; Rudin, Osher & Fatemi (1992), in its form without a
    root. Johnson et al. (2016) add it to keep pictures smooth; their code squares the differences, and sums, so that
    weights do not carry over.
    """

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        picture = self.picture(outputs, pair, answer)
        return picture.diff(dim=2).abs().mean() + picture.diff(dim=3).abs().mean()

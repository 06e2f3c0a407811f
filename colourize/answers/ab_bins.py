"""Chroma by classification: the network predicts a distribution over bins of CIE Lab's a and b; lightness is known."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import torch
from torch import Tensor

from colourize.answers.base import Answer, SoftClasses, annealed
from colourize.colour.chroma import chroma_of, chroma_over
from colourize.colour.chroma_bins import ChromaBins, centres_of_grid
from colourize.data.batches import Batch
from colourize.data.fitting import PICTURES_AT_ONCE, Fitted, Training
from colourize.degradations import Luminance
from colourize.errors import UsageError, check_count, is_number

log = logging.getLogger(__name__)

MOST_SHARE = 0.99  # the log says how many bins hold this share of the training pixels


class AbBins(Fitted, Answer):
    """The bin of a and b of every pixel, over its known lightness (Zhang, Isola & Efros 2016, "Colorful image
    colorization", https://arxiv.org/abs/1603.08511).

    Outputs: logits (N, Q, H, W). The target is soft: a pixel belongs to its k nearest bins, in shares proportional to
    exp(−d²/2σ²) of the distances d to their centres. Outputs decode to three pictures: "prediction", the mean of the
    distribution at a `temperature`, the paper's annealed mean; "mode", the centre of the likeliest bin; and "mean",
    the mean at temperature 1. All keep exactly the lightness of the inputs, their first channel. A colour outside
    sRGB becomes paler (`chroma_over`).

    Args:
        grid: the distance of neighbouring bins, in units of a and b; 10 gives the paper's 313 bins.
        num_bins: keep this number of bins, those that the training pictures hit most often; None: all of the grid.
        neighbours: k, 5 as in the paper (the released code has 10); 1 makes a hard target.
        sigma: σ, in units of a and b.

    Raises:
        UsageError: a value that is not allowed.
    """

    kind = "classes"
    degradations = (Luminance,)
    annealed_picture = "prediction"
    temperature = 0.38  # the paper's

    def __init__(self, grid: int = 10, num_bins: int | None = None, neighbours: int = 5, sigma: float = 5.0) -> None:
        super().__init__()
        check_count("task.answer.grid", grid, least=4, most=50)
        centres = torch.from_numpy(centres_of_grid(grid))
        if num_bins is not None:
            check_count("task.answer.num_bins", num_bins, least=2, most=len(centres))
        self.out_channels = len(centres) if num_bins is None else num_bins
        check_count("task.answer.neighbours", neighbours, most=self.out_channels)
        if not (is_number(sigma) and 0 < sigma <= 1000):
            raise UsageError(f"task.answer.sigma={sigma}: must be a number above 0 and at most 1000")
        self.grid, self.num_bins, self.neighbours, self.sigma = grid, num_bins, neighbours, float(sigma)
        self.bins = ChromaBins(centres, grid)

    def fit(self, training: Training) -> dict[str, Tensor]:
        """The centres of the bins, (Q, 2); the log says how many bins of the grid the training pictures hit."""
        centres = torch.from_numpy(centres_of_grid(self.grid))
        bins = ChromaBins(centres, self.grid)
        counts = torch.zeros(len(bins), dtype=torch.int64)
        for pictures in torch.from_numpy(training.pictures).split(PICTURES_AT_ONCE):
            truth = pictures.movedim(-1, 1).float() / training.divisor
            counts += torch.bincount(bins.nearest(chroma_of(truth), 1)[0].flatten(), minlength=len(bins))
        commonest = counts.sort(descending=True, stable=True)
        hit = int((counts > 0).sum())
        most = 1 + int((commonest.values.cumsum(0) < MOST_SHARE * counts.sum()).sum())
        log.info("%d bins of a and b: the training pictures hit %d, and %d hold %.0f %% of the pixels",
                 len(bins), hit, most, 100 * MOST_SHARE)  # fmt: skip
        if self.num_bins is None:
            return {"centres": centres}
        if self.num_bins > hit:
            raise UsageError(f"task.answer.num_bins={self.num_bins}: must be at most {hit}, which training hits")
        return {"centres": centres[commonest.indices[: self.num_bins].sort().values]}

    def take(self, fitted: Mapping[str, Tensor]) -> None:
        self.bins = ChromaBins(fitted["centres"], self.grid)
        self.out_channels = len(self.bins)

    def encode(self, truth: Tensor, batch: Batch | None = None) -> SoftClasses:
        classes, squares = self.bins.nearest(chroma_of(truth), self.neighbours)
        return SoftClasses(classes, (-squares / (2 * self.sigma**2)).softmax(1))

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return self._mean(outputs, inputs, self.temperature)

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        return {
            "prediction": self.decode(outputs, inputs),
            "mode": self.picture_of_classes(outputs.argmax(1), inputs),
            "mean": self._mean(outputs, inputs, 1.0),
        }

    def _mean(self, outputs: Tensor, inputs: Tensor, temperature: float) -> Tensor:
        """The picture with the mean chroma at a temperature."""
        chroma = annealed(outputs.float(), temperature).movedim(1, -1) @ self.bins.centres
        return chroma_over(inputs[:, :1], chroma.movedim(-1, 1))

    def picture_of_classes(self, classes: Tensor, inputs: Tensor) -> Tensor:
        return chroma_over(inputs[:, :1], self.bins.centres[classes].movedim(-1, 1))

    def class_places(self) -> Tensor:
        return self.bins.centres.double()

    def average_form(self, truth: Tensor) -> Tensor:
        target = self.encode(truth)
        whole = target.shares.new_zeros(len(truth), self.out_channels, *truth.shape[2:])
        return whole.scatter_(1, target.classes, target.shares)

    def add_by_cell(self, sums: Tensor, cells: Tensor, truth: Tensor) -> None:
        target = self.encode(truth)
        for classes, shares in zip(target.classes.unbind(1), target.shares.unbind(1), strict=True):
            sums.index_put_((cells, classes), shares.to(sums.dtype), accumulate=True)

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        nearest = self.bins.nearest(chroma_of(truth), self.neighbours)[0][:, 0]
        return {"quantised truth": self.picture_of_classes(nearest, inputs)}

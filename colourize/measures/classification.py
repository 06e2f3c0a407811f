"""Measures of a classifier's logits, (N, K, H, W) or (N, K), with the true classes, (N, H, W) or (N,)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureMeasure, SetMeasure, Value

NOTHING = 1e-9  # relative rounding error of a variance of 0
BINS = 15  # bins of confidence, of equal width


class Accuracy(
    PictureMeasure, name="accuracy", direction=MORE, group="epoch", headline=True, kinds=("classes", "categories")
):
    """Share of pixels whose most likely colour is the palette colour nearest to the truth, 0…1."""

    def values(self, preds: Tensor, true: Tensor) -> Tensor:
        return (preds.argmax(1) == true).float().view(len(true), -1).mean(1)


class CrossEntropy(
    PictureMeasure, name="cross_entropy", direction=LESS, group="quick", headline=True,
    kinds=("classes", "categories"), of_probabilities=True,
):  # fmt: skip
    """−log of the probability of the nearest palette colour, natural logarithm, mean over pixels.

    Pictures of a split have one size, so that the mean over pictures is the mean over all their pixels.
    """

    def values(self, preds: Tensor, true: Tensor) -> Tensor:
        return F.cross_entropy(preds, true, reduction="none").view(len(true), -1).mean(1)


class CalibrationError(
    SetMeasure, name="calibration_error", direction=LESS, source="Guo et al. 2017", group="default",
    kinds=("classes",), of_probabilities=True,
):  # fmt: skip
    """Expected calibration error: how far the share of right pixels is from their confidence, the probability of the
    likeliest class; mean over pixels, with 15 bins of confidence of equal width, 0…1.
    """

    def vectors(self, preds: Tensor, true: Tensor) -> Tensor:
        """For each bin of confidence, the number of pixels, the sum of confidences, the right pixels, (N, 3·bins)."""
        confidence, chosen = (each.flatten(1) for each in preds.softmax(1).max(1))
        bins = (confidence * BINS).long().clamp(max=BINS - 1)
        right = (chosen == true.flatten(1)).float()
        sums = torch.zeros(len(bins), 3, BINS, device=bins.device)
        for row, values in enumerate((torch.ones_like(right), confidence, right)):
            sums[:, row].scatter_add_(1, bins, values)
        return sums.flatten(1)

    def value(self, vectors: np.ndarray) -> Value:
        vectors = vectors.astype(np.float64)

        def value(weights: np.ndarray) -> Any:
            counts, confidence, right = np.split(weights @ vectors, 3, axis=-1)
            return np.abs(right - confidence).sum(-1) / counts.sum(-1)

        return value


def reliability(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """A reliability diagram from the vectors of `CalibrationError`.

    Returns:
        The share of pixels in each bin, their mean confidence and their accuracy (nan in an empty bin), (15,) each.
    """
    counts, confidence, right = vectors.astype(np.float64).sum(0).reshape(3, -1)
    with np.errstate(invalid="ignore"):
        return {"share": counts / counts.sum(), "confidence": confidence / counts, "accuracy": right / counts}


class EntropyErrorCorrelation(
    SetMeasure, name="entropy_error_correlation", direction=MORE, group="default",
    kinds=("classes",), of_probabilities=True,
):  # fmt: skip
    """Of classifiers: Pearson's correlation, over pixels, of a distribution's entropy with whether its mode is wrong,
    −1…1: high for a network that is unsure where it errs; undefined if one of the two is constant.
    """

    def vectors(self, preds: Tensor, true: Tensor) -> Tensor:
        """The sums over pixels of 1, x, y, x², y² and xy, where x is the entropy and y the error, (N, 6)."""
        logarithms = preds.log_softmax(1)
        entropy = -(logarithms.exp() * logarithms.clamp(min=torch.finfo(preds.dtype).min)).sum(1).flatten(1)
        error = (preds.argmax(1) != true).float().flatten(1)
        ones = torch.ones_like(error)
        return torch.stack([ones, entropy, error, entropy**2, error, entropy * error], -1).double().sum(1)

    def value(self, vectors: np.ndarray) -> Value:
        vectors = vectors.astype(np.float64)

        def value(weights: np.ndarray) -> Any:
            count, x, y, xx, yy, xy = np.moveaxis(weights @ vectors, -1, 0)
            spread_x, spread_y = xx - x * x / count, yy - y * y / count
            varies = (spread_x > NOTHING * xx) & (spread_y > NOTHING * yy)
            return (xy - x * y / count) / np.sqrt(np.where(varies, spread_x * spread_y, np.nan))

        return value

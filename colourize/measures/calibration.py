"""Whether a classifier knows what it does not know; measures of all pixels together, from logits (N, K, H, W)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.measures.pooled import Measure, Pooled

NOTHING = 1e-9  # what rounding leaves of a spread of nothing, as a share
BINS = 15  # of the confidence, as wide as each other


def confidences(outputs: Tensor, labels: Tensor) -> Tensor:
    """Of each picture, for each bin of confidence: pixels, their confidences and the right ones among them, summed.

    Args:
        outputs: logits (N, K, H, W).
        labels: the right classes (N, H, W).

    Returns:
        (N, 3·bins).
    """
    confidence, chosen = (each.flatten(1) for each in outputs.softmax(1).max(1))
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    right = (chosen == labels.flatten(1)).float()
    sums = torch.zeros(len(bins), 3, BINS, device=bins.device)
    for row, values in enumerate((torch.ones_like(right), confidence, right)):
        sums[:, row].scatter_add_(1, bins, values)
    return sums.flatten(1)


def expected_calibration_error(vectors: np.ndarray) -> Measure:
    """calibration_error: the mean over pixels of |share of right ones − confidence| of their bin (Guo et al. 2017).

    0 … 1; less is better. Confidence is the likeliest class' probability; 15 bins of equal width.
    """
    vectors = vectors.astype(np.float64)

    def value(weights: np.ndarray) -> Any:
        counts, confidence, right = np.split(weights @ vectors, 3, axis=-1)
        return np.abs(right - confidence).sum(-1) / counts.sum(-1)

    return value


def reliability(vectors: np.ndarray) -> dict[str, np.ndarray]:
    """A reliability diagram: of each bin the share of pixels, their mean confidence and accuracy (nan if empty)."""
    counts, confidence, right = vectors.astype(np.float64).sum(0).reshape(3, -1)
    with np.errstate(invalid="ignore"):
        return {"share": counts / counts.sum(), "confidence": confidence / counts, "accuracy": right / counts}


def moments(outputs: Tensor, labels: Tensor) -> Tensor:
    """Of each picture the moments of entropy x and error y: the sums of 1, x, y, x², y² and xy over pixels, (N, 6)."""
    entropy = torch.distributions.Categorical(logits=outputs.movedim(1, -1)).entropy().flatten(1)
    error = (outputs.argmax(1) != labels).float().flatten(1)
    ones = torch.ones_like(error)
    return torch.stack([ones, entropy, error, entropy**2, error, entropy * error], -1).double().sum(1)


def correlation(vectors: np.ndarray) -> Measure:
    """entropy_error_correlation: Pearson's, over pixels, of a distribution's entropy with whether its mode is wrong.

    −1 … 1; more is better: a classifier that is unsure where it errs. nan where one of the two never varies.
    """
    vectors = vectors.astype(np.float64)

    def value(weights: np.ndarray) -> Any:
        count, x, y, xx, yy, xy = np.moveaxis(weights @ vectors, -1, 0)
        spread_x, spread_y = xx - x * x / count, yy - y * y / count
        varies = (spread_x > NOTHING * xx) & (spread_y > NOTHING * yy)
        return (xy - x * y / count) / np.sqrt(np.where(varies, spread_x * spread_y, np.nan))

    return value


POOLED = {
    "calibration_error": Pooled(confidences, expected_calibration_error),
    "entropy_error_correlation": Pooled(moments, correlation),
}

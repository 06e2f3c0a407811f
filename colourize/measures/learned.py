"""Measures by what a network of this project sees in pictures, none of them fetched from anywhere.

The network is a classifier of CIFAR-10's ten categories, trained on their true colours (see
`measures.category_classifier`). None of these is LPIPS or FID, which rest on other networks: numbers cannot be
compared with theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.measures.pooled import Measure, Pooled

NAMES = ("category_accuracy", "feature_distance")
AT_ONCE = 500  # rows of a matrix of all pictures with all


def learned_measures(
    features: Tensor, logits: Tensor, true_features: Tensor, labels: Tensor | None
) -> dict[str, Tensor]:
    """Each of `NAMES` for each picture, (N,).

    - category_accuracy: 1 where the classifier sees in the picture what the true one shows, else 0; more is better. It
      is the semantic interpretability of Zhang, Isola & Efros (2016) with this project's classifier. Only where the
      source knows what its pictures show.
    - feature_distance: 1 − the cosine of the angle between the features of the picture and of the true one, 0 … 1; less
      is better.

    Args:
        features, logits: of the pictures, (N, D) and (N, 10).
        true_features: of the true ones, (N, D).
        labels: what they show, (N,); None: not known.
    """
    found = {"feature_distance": 1 - F.cosine_similarity(features, true_features)}
    if labels is not None:
        found["category_accuracy"] = (logits.argmax(1) == labels).float()
    return found


def both(features: Tensor, true_features: Tensor) -> Tensor:
    """The features of the pictures beside those of the true ones, (N, 2·D)."""
    return torch.cat([features, true_features], 1)


def frechet_distance(vectors: np.ndarray) -> Measure:
    """feature_frechet_distance: between two normal distributions with the features' means and covariances, squared.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) (Dowson & Landau 1982; the formula that FID applies to other features), 0 and
    more; less is better. It grows as pictures become fewer: compare only what has equally many.
    """
    first, second = np.split(vectors.astype(np.float64), 2, axis=1)

    def one(weights: np.ndarray) -> float:
        if weights.sum() < 2:  # one picture is no distribution
            return float("nan")
        (mean_1, cov_1), (mean_2, cov_2) = (_moments(each, weights) for each in (first, second))
        # The trace of the root of a product is the sum of the roots of its eigenvalues. With Σ₁ = HHᵀ these are those
        # of HᵀΣ₂H, which is symmetric: many times as quick, and never complex.
        eigenvalues, axes = np.linalg.eigh(cov_1)
        half = axes * np.sqrt(eigenvalues.clip(min=0))
        roots = np.sqrt(np.linalg.eigvalsh(half.T @ cov_2 @ half).clip(min=0)).sum()
        return float(max(0.0, ((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1) + np.trace(cov_2) - 2 * roots))

    return lambda weights: np.apply_along_axis(one, -1, weights)


def kernel_distance(vectors: np.ndarray) -> Measure:
    """feature_kernel_distance: the squared maximum mean discrepancy with the kernel (x·y / D + 1)³, unbiased.

    Gretton et al. (2012), with the kernel that KID applies to other features (Bińkowski et al. 2018); less is better,
    about 0 for equal distributions, and slightly below it by chance.
    """
    first, second = np.split(vectors.astype(np.float64), 2, axis=1)
    size = first.shape[1]

    def rows(start: int) -> np.ndarray:
        """Of some pictures with all: how alike the two are, and their truths, less the one and the other's truth."""
        some = slice(start, start + AT_ONCE)
        own, true, mixed = (
            (one[some] @ other.T / size + 1) ** 3 for one, other in ((first, first), (second, second), (first, second))
        )
        own += true - 2 * mixed
        # A picture with itself, or with its own truth, tells nothing about distributions.
        own[np.arange(len(own)), start + np.arange(len(own))] = 0.0
        return own

    def value(weights: np.ndarray) -> Any:
        # The whole matrix would have gigabytes: each of its parts is made once, and used for all weights.
        total = sum(
            (weights[..., start : start + AT_ONCE] * (weights @ rows(start).T)).sum(-1)
            for start in range(0, len(first), AT_ONCE)
        )
        pairs = weights.sum(-1) ** 2 - (weights**2).sum(-1)
        return total / np.where(pairs > 0, pairs, np.nan)

    return value


def _moments(features: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.average(features, axis=0, weights=weights), np.cov(features.T, fweights=weights.astype(int))


POOLED = {
    "feature_frechet_distance": Pooled(both, frechet_distance),
    "feature_kernel_distance": Pooled(both, kernel_distance),
}

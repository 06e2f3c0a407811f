"""Cross-entropy that gives rare colours more weight (Zhang, Isola & Efros 2016)."""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from colourize.answers.base import Answer
from colourize.colour.chroma import chroma_of
from colourize.data.batches import Pair
from colourize.data.fitting import Fitted, Training
from colourize.errors import UsageError, is_number
from colourize.losses.pixel import CrossEntropy

log = logging.getLogger(__name__)

STRONG = 5.0  # the threshold of both filters, in units of a and b


class RebalancedCrossEntropy(Fitted, CrossEntropy):
    """Cross-entropy whose gradient is weighted, pixel by pixel, by how rare the pixel's class is in training.

    w ∝ ((1 − λ) p̃ + λ / K)⁻¹ with Σ p̃ w = 1 over the K classes; p̃ is the share of the training pixels in each class,
    smoothed over the classes with a Gaussian of σ in CIE Lab. A pixel's class is the one with its largest share. Only
    the gradient is weighted: the value is that of `CrossEntropy`, so that runs can be compared. Both are divided by the
    number of pixels, not by the sum of the weights. Zhang, Isola & Efros (2016), "Colorful image colorization", section
    2.2, https://arxiv.org/abs/1603.08511. (Their released code spreads λ over the classes that occur; the paper spreads
    it over all, and so do we.)

    Args:
        uniform_weight: λ, 0 … 1, the weight of a uniform distribution; with 1 all classes have the same weight.
        sigma: σ, in units of Lab; 0 switches smoothing off.
        grey_filter: which pictures count as grey and have no gradient. None: no picture; "caffe": those in which no |a|
            or |b| exceeds 5 (the released training); "pytorch": those with (max a − min a) + (max b − min b) < 5
            (their later code), which includes pictures in a uniform sepia.

    Raises:
        UsageError: a value that is not allowed.
    """

    kinds = ("classes",)
    weights: Tensor | None

    def __init__(self, uniform_weight: float = 0.5, sigma: float = 5.0, grey_filter: str | None = None) -> None:
        super().__init__()
        for key, value, most in (("uniform_weight", uniform_weight, 1), ("sigma", sigma, 1000)):
            if not (is_number(value) and 0 <= value <= most):
                raise UsageError(f"task.loss.{key}={value}: must be a number from 0 to {most}")
        if grey_filter is not None and grey_filter not in GREY_FILTERS:
            raise UsageError(f"task.loss.grey_filter={grey_filter}: must be one of {', '.join(GREY_FILTERS)}, or null")
        self.uniform_weight, self.sigma, self.grey_filter = float(uniform_weight), float(sigma), grey_filter
        self.register_buffer("weights", None)

    def fit(self, training: Training) -> dict[str, Tensor]:
        """The weight of each class, (K,) float32; the log has their minimum, maximum and mean."""
        answer: Answer = training.answer
        places = answer.class_places()
        counts = torch.zeros(len(places), dtype=torch.int64)
        for pair in training.pairs():
            counts += torch.bincount(answer.labels(pair.target).flatten(), minlength=len(places))
        weights = class_weights(counts / counts.sum(), places, self.uniform_weight, self.sigma)
        log.info("Rebalancing %d classes: the weights are %.3g to %.3g, with a mean of %.3g",
                 len(weights), weights.min(), weights.max(), weights.mean())  # fmt: skip
        return {"weights": weights.float()}

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        losses = self.of_pixels(outputs, pair.target)
        if losses.requires_grad:
            weights = self.of_gradient(pair, answer).flatten()
            losses.register_hook(lambda gradient: gradient * weights)
        return losses.mean()

    def of_gradient(self, pair: Pair, answer: Answer) -> Tensor:
        """The factor of each pixel's gradient, (N, H, W)."""
        assert self.weights is not None, "fit it first"
        weights = self.weights[answer.labels(pair.target)]
        if self.grey_filter is not None:
            weights = weights * GREY_FILTERS[self.grey_filter](chroma_of(pair.truth))[:, None, None]
        return weights


def class_weights(shares: Tensor, places: Tensor, uniform_weight: float, sigma: float) -> Tensor:
    """The weight of each class, (K,) float64; see `RebalancedCrossEntropy`.

    If λ is 0, a class with a smoothed share of 0 gets the maximum weight of the other classes.

    Args:
        shares: the share of the pixels in each class, (K,), summing to 1.
        places: the coordinates of the classes in CIE Lab, (K, D).
    """
    smoothed = smoothed_shares(shares, places, sigma)
    mixed = (1 - uniform_weight) * smoothed + uniform_weight / len(smoothed)
    weights = torch.where(mixed > 0, 1 / mixed, 0)
    weights = torch.where(mixed > 0, weights, weights.max())
    return weights / (smoothed * weights).sum()


def smoothed_shares(shares: Tensor, places: Tensor, sigma: float) -> Tensor:
    """p̃, (K,) float64: the shares smoothed over neighbouring classes with a Gaussian; their sum stays 1."""
    shares = shares.double()
    if sigma == 0:
        return shares
    logarithms = -torch.cdist(places.double(), places.double()).square() / (2 * sigma**2)
    return shares @ logarithms.softmax(1)


def _has_strong_colour(chroma: Tensor) -> Tensor:
    """Whether some |a| or |b| exceeds 5: chroma (N, 2, H, W) → (N,)."""
    return chroma.abs().flatten(1).amax(1) > STRONG


def _has_several_colours(chroma: Tensor) -> Tensor:
    """Whether the ranges of a and b sum to 5 or more: chroma (N, 2, H, W) → (N,)."""
    flat = chroma.flatten(2)
    return (flat.amax(2) - flat.amin(2)).sum(1) >= STRONG


GREY_FILTERS: dict[str, Callable[[Tensor], Tensor]] = {"caffe": _has_strong_colour, "pytorch": _has_several_colours}

"""Which measures run: one place that computes them by name, whichever family they are of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from torch import Tensor

from colourize.errors import UsageError, one_line
from colourize.measures import calibration, category_classifier, colour, learned, perceptual, pixel, published
from colourize.measures.pooled import Pooled

EPOCH = ("mse", "psnr")  # after each epoch of a training
QUICK = ("mse", "psnr", "ssim")
PER_PICTURE = (*pixel.NAMES, *colour.NAMES, *perceptual.NAMES, *learned.NAMES, *published.NAMES)
# No means over pictures: of the pictures and the truth, as `Seen` …
POOLED: dict[str, Pooled] = {
    "auc_balanced": Pooled(lambda seen, truth: colour.areas_by_bin(seen.pictures, truth.pictures), colour.balanced_auc),
    **{
        name: each._replace(vectors=lambda seen, truth: learned.both(seen.features, truth.features))
        for name, each in learned.POOLED.items()
    },
    # Of 2048 features: a value takes seconds.
    "fid": Pooled(
        lambda seen, truth: learned.both(seen.inception, truth.inception), learned.frechet_distance, resampled=False
    ),
}
# … and of outputs and target, which an answer has.
OF_ANSWERS = tuple(calibration.POOLED)
# What asks how probable the truth was, or how sure the answer: not to be asked of what says one picture alone.
OF_PROBABILITIES = ("cross_entropy", *OF_ANSWERS)
# What needs a file that this project does not bring, and what is missing for it; None: nothing.
NEEDS: dict[str, Callable[[], str | None]] = {"lpips": published.lpips_lacks, "fid": published.fid_lacks}


MORE, LESS, ZERO = "more is better", "less is better", "nearest 0 is best"
MORE_IS_BETTER = (
    "accuracy", "psnr", "ssim", "auc", "auc_balanced", "nazeri_accuracy_2", "nazeri_accuracy_5", "haarpsi", "fsimc",
    "vsi", "entropy_error_correlation", "category_accuracy",
)  # fmt: skip
LESS_IS_BETTER = (
    "loss", "cross_entropy", "mse", "mae", "delta_e", "mdsi", "calibration_error", "feature_distance",
    "feature_frechet_distance", "feature_kernel_distance", "lpips", "fid",
)  # fmt: skip


def direction(measure: str) -> str | None:
    """Which way a measure is better, `MORE`, `LESS` or `ZERO`; None where neither is. Variants are as their measure."""
    if measure.startswith("colourfulness_gap"):
        return ZERO
    names = {name: MORE for name in MORE_IS_BETTER} | {name: LESS for name in LESS_IS_BETTER}
    fitting = [name for name in names if measure == name or measure.startswith(f"{name}_")]
    return names[max(fitting, key=len)] if fitting else None


def badness(measure: str, mean: float) -> float:
    """How a measure's values are ordered: the least is the best, and what is no number the last."""
    if math.isnan(mean):
        return math.inf
    return {MORE: -mean, LESS: mean, ZERO: abs(mean), None: -mean}[direction(measure)]


class Seen:
    """Pictures, and what networks see in them, computed when it is first asked for.

    Args:
        pictures: (N, 3, H, W) float32, RGB in [0, 1].
    """

    def __init__(self, pictures: Tensor) -> None:
        self.pictures = pictures

    @cached_property
    def _by_classifier(self) -> tuple[Tensor, Tensor]:
        return category_classifier.seen(self.pictures)

    @property
    def features(self) -> Tensor:
        """The classifier's, (N, D)."""
        return self._by_classifier[0]

    @property
    def logits(self) -> Tensor:
        """The classifier's, (N, 10)."""
        return self._by_classifier[1]

    @cached_property
    def inception(self) -> Tensor:
        """The features that FID is defined on, (N, 2048)."""
        return published.inception_features(self.pictures)


def check_measures(names: Any) -> tuple[str, ...]:
    """What the key `measures.names` asks for, each once: a list of names, or one alone.

    Raises:
        UsageError: it is neither, or one is no measure.
    """
    allowed = (*PER_PICTURE, *POOLED, *OF_ANSWERS)
    asked = [names] if isinstance(names, str) or not isinstance(names, Sequence) else list(names)
    wrong = [name for name in asked if not isinstance(name, str) or name not in allowed]
    if wrong:
        told = "null" if wrong[0] is None else one_line(wrong[0])
        raise UsageError(f"measures.names={told}: must be some of {', '.join(allowed)}")
    return tuple(dict.fromkeys(asked))


def left_out(names: Sequence[str]) -> dict[str, str]:
    """Those of the names that cannot be had here, and why."""
    lacking = {name: NEEDS[name]() for name in names if name in NEEDS}
    return {name: lack for name, lack in lacking.items() if lack is not None}


def measure_pictures(
    pictures: Seen | Tensor, truth: Seen | Tensor, names: Sequence[str], labels: Tensor | None = None
) -> dict[str, Tensor]:
    """Those of the names that have a value for each picture, (N,), in their order.

    Args:
        pictures, truth: (N, 3, H, W) float32, RGB in [0, 1].
        names: of `PER_PICTURE`; others are passed over.
        labels: what the pictures show, (N,), for `category_accuracy`, which without them is passed over.
    """
    seen = pictures if isinstance(pictures, Seen) else Seen(pictures)
    true = truth if isinstance(truth, Seen) else Seen(truth)
    found: dict[str, Tensor] = {}
    for family in (pixel.picture_measures, perceptual.perceptual_measures, published.published_measures):
        wanted = [name for name in names if name in FAMILIES[family]]
        if wanted:
            found |= family(seen.pictures, true.pictures, wanted)
    if any(name in colour.NAMES for name in names):
        found |= colour.colour_measures(seen.pictures, true.pictures)
    if any(name in learned.NAMES for name in names):
        found |= learned.learned_measures(seen.features, seen.logits, true.features, labels)
    return {name: found[name] for name in names if name in found}


FAMILIES = {
    pixel.picture_measures: pixel.NAMES,
    perceptual.perceptual_measures: perceptual.NAMES,
    published.published_measures: published.NAMES,
}

"""Which measures run: one place that computes them by name, whichever family they are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from colourize.errors import UsageError
from colourize.measures import colour, perceptual, pixel

EPOCH = ("mse", "psnr")  # after each epoch of a training
QUICK = ("mse", "psnr", "ssim")
PER_PICTURE = (*pixel.NAMES, *colour.NAMES, *perceptual.NAMES)
# No means over pictures: sums of batches are added up, and what they come to is computed at the end.
POOLED: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], float]]] = {
    "auc_balanced": (colour.balanced_auc_sums, colour.balanced_auc),
}


def check_measures(names: Sequence[str]) -> tuple[str, ...]:
    """The names as they are; a UsageError where one is no measure."""
    wrong = [name for name in names if name not in PER_PICTURE and name not in POOLED]
    if wrong:
        raise UsageError(f"measures.names={wrong[0]}: must be some of {', '.join([*PER_PICTURE, *POOLED])}")
    return tuple(names)


def measure_pictures(pictures: Tensor, truth: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """Those of the names that have a value for each picture, (N,), in their order.

    Args:
        pictures, truth: (N, 3, H, W) float32, RGB in [0, 1].
        names: of `PER_PICTURE`; others are passed over.
    """
    found: dict[str, Tensor] = {}
    wanted = [name for name in names if name in pixel.NAMES]
    if wanted:
        found |= pixel.picture_measures(pictures, truth, wanted)
    if any(name in colour.NAMES for name in names):
        found |= colour.colour_measures(pictures, truth)
    wanted = [name for name in names if name in perceptual.NAMES]
    if wanted:
        found |= perceptual.perceptual_measures(pictures, truth, wanted)
    return {name: found[name] for name in names if name in found}

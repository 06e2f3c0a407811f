"""Measures pixel by pixel, and of structure; of each picture against the truth."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure

LEAST = 6  # pixels, height and width, for ssim: its window mirrors smaller pictures more than once
# Of psnr: what rounding to 8 bits alone leaves on average, a twelfth of a level squared. Without it an exact picture
# would have infinitely many decibels, or as many as the arithmetic's own rounding gives it, and decide a mean alone.
LEAST_MSE = 1 / (12 * 255**2)
REACH, SIGMA = 5, 1.5  # of ssim's Gaussian window, in pixels


class MeanSquaredError(PictureMeasure, name="mse", direction=LESS, group="epoch", headline=True):
    """Mean squared error over pixels and channels, against the true picture, not the quantised one."""

    def values(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        return _squared_error(given, true)


class MeanAbsoluteError(PictureMeasure, name="mae", direction=LESS, group="default"):
    """Mean absolute error over pixels and channels."""

    def values(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        return (given.rgb - true.rgb).abs().mean((1, 2, 3))


class PeakSignalToNoiseRatio(PictureMeasure, name="psnr", direction=MORE, unit="dB", group="epoch", headline=True):
    """10·log₁₀(1/MSE) of each picture in dB, then the mean over pictures; an MSE below 1/(12·255²), what rounding to
    8 bits leaves on average, counts as that: 58.92 dB at most, so that an exact picture does not decide the mean.
    """

    def values(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        return -10 * torch.log10(_squared_error(given, true).clamp(min=LEAST_MSE))


def _squared_error(given: PictureBatch, true: PictureBatch) -> Tensor:
    return (given.rgb - true.rgb).square().mean((1, 2, 3))


class StructuralSimilarity(
    PictureMeasure, name="ssim", direction=MORE, source="Wang et al. 2004", group="quick", headline=True
):
    """Structural similarity, the mean over pictures.

    With mirrored borders, as torchmetrics has it; −1 … 1.
    """

    def values(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < LEAST:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        mean, square, true_mean, true_square = *self._moments(given), *self._moments(true)
        product = mean * true_mean
        covariance = _local_mean(given.contiguous * true.contiguous) - product
        variances = (square - mean**2).clamp(min=0) + (true_square - true_mean**2).clamp(min=0)
        structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
        return (structure * (2 * product + 0.01**2) / (mean**2 + true_mean**2 + 0.01**2)).mean((1, 2, 3))

    def _moments(self, pictures: PictureBatch) -> tuple[Tensor, Tensor]:
        """The local means of pictures and of their squares."""
        if self not in pictures.cache:
            pictures.cache[self] = _local_mean(pictures.contiguous), _local_mean(pictures.contiguous.square())
        found: tuple[Tensor, Tensor] = pictures.cache[self]
        return found


def _local_mean(pictures: Tensor) -> Tensor:
    """The mean around each pixel under the Gaussian window, (N, 3, H, W)."""
    rows, columns = (_window(size).to(pictures) for size in pictures.shape[2:])
    return rows @ pictures @ columns.T


@functools.lru_cache(maxsize=8)
def _window(size: int) -> Tensor:
    """What each of so many pixels in a row takes from each, (size, size); the border is mirrored."""
    offsets = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
    weights = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    unit = torch.eye(size, dtype=torch.float64)
    mirrored = F.pad(unit[None], (REACH, REACH), mode="reflect")[0]  # by column, which pixel stands there
    return torch.stack([mirrored[:, each : each + len(offsets)] @ weights for each in range(size)]) / weights.sum()

"""Measures of pixels and of structure, which compare each picture with the truth."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure

LEAST = 6  # minimum height and width for ssim, in pixels; its window would mirror smaller pictures more than once
# The mean squared error of rounding to 8 bits, a twelfth of a squared level. Without this bound, the psnr of an exact
# picture would be infinite, or limited by float32 only, and dominate the mean.
LEAST_MSE = 1 / (12 * 255**2)


class MeanSquaredError(PictureMeasure, name="mse", direction=LESS, group="epoch", headline=True):
    """Mean squared error over pixels and channels, against the true picture, not the quantised one."""

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return _squared_error(preds, true)


class MeanAbsoluteError(PictureMeasure, name="mae", direction=LESS, group="default"):
    """Mean absolute error over pixels and channels."""

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return (preds.rgb - true.rgb).abs().mean((1, 2, 3))


class PeakSignalToNoiseRatio(PictureMeasure, name="psnr", direction=MORE, unit="dB", group="epoch", headline=True):
    """10·log₁₀(1/MSE) of each picture in dB, then the mean over pictures; the MSE is at least 1/(12·255²), the mean
    error of rounding to 8 bits, and the PSNR at most 58.92 dB, so that an exact picture does not dominate the mean.
    """

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return -10 * torch.log10(_squared_error(preds, true).clamp(min=LEAST_MSE))


def _squared_error(preds: PictureBatch, true: PictureBatch) -> Tensor:
    return (preds.rgb - true.rgb).square().mean((1, 2, 3))


class StructuralSimilarity(
    PictureMeasure, name="ssim", direction=MORE, source="Wang et al. 2004", group="quick", headline=True
):
    """Structural similarity, the mean over pictures.

    It is −1 … 1. Borders are mirrored, as in torchmetrics.
    """

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < LEAST:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        values = structural_similarity_index_measure(preds.rgb, true.rgb, data_range=1.0, reduction="none")
        assert isinstance(values, Tensor)
        return values.view(-1)  # for a single picture it has no dimension

"""Measures of each picture against the truth, pixel by pixel; both RGB in [0, 1], (N, 3, H, W) float32 → (N,)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

NAMES = ("mse", "mae", "psnr", "ssim")
LEAST = 6  # pixels, height and width, for ssim
# Of psnr: what rounding to 8 bits alone leaves on average, a twelfth of a level squared. Without it an exact picture
# would have infinitely many decibels, or as many as the arithmetic's own rounding gives it, and decide a mean alone.
LEAST_MSE = 1 / (12 * 255**2)


def picture_measures(pictures: Tensor, truth: Tensor, names: Sequence[str] = NAMES) -> dict[str, Tensor]:
    """The named measures of each picture, (N,) each, in the order of the names.

    - mse: the mean of squared differences over pixels and channels, 0 … 1; less is better.
    - mae: the mean of absolute differences over pixels and channels, 0 … 1; less is better.
    - psnr: 10·log10(1/mse) in dB, with mse no less than `LEAST_MSE`, the mean squared error of rounding to 8 bits, and
      so 58.92 dB at most; more is better.
    - ssim: Wang et al. 2004 (Gaussian window, σ = 1.5; over mirrored borders, as torchmetrics has it), −1 … 1; more is
      better; nan for pictures below 6×6, which the window mirrors more than once. It costs more than the rest together.
    """
    mse = (pictures - truth).square().mean((1, 2, 3))
    found = {"mse": mse, "psnr": -10 * torch.log10(mse.clamp(min=LEAST_MSE))}
    if "mae" in names:
        found["mae"] = (pictures - truth).abs().mean((1, 2, 3))
    if "ssim" in names:
        # It takes views of the pictures, which channels that lie last in memory do not have.
        found["ssim"] = _ssim(pictures.contiguous(), truth.contiguous())
    return {name: found[name] for name in names}


def _ssim(pictures: Tensor, truth: Tensor) -> Tensor:
    if min(truth.shape[2:]) < LEAST:
        return torch.full((len(truth),), torch.nan, device=truth.device)
    values = structural_similarity_index_measure(pictures, truth, data_range=1.0, reduction="none")
    assert isinstance(values, Tensor)
    return values.reshape(len(truth))

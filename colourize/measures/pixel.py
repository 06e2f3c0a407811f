"""Measures of pictures against the truth; both RGB in [0, 1], (N, 3, H, W)."""

from __future__ import annotations

from torchmetrics import MeanSquaredError, Metric, MetricCollection
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure


def picture_measures(prefix: str, postfix: str = "", *, ssim: bool = True) -> MetricCollection:
    """MSE, PSNR and SSIM of pictures, logged as `<prefix><measure><postfix>`.

    - mse: over all pixels and channels.
    - psnr: 10·log10(1/MSE) of each picture in dB, then the mean over pictures.
    - ssim: Wang et al. 2004 (Gaussian window, σ = 1.5; over mirrored borders, as torchmetrics has it), the mean
      over pictures. It costs more than the rest together, hence the switch.
    """
    measures: dict[str, Metric | MetricCollection] = {
        "mse": MeanSquaredError(),
        # torchmetrics pools the error of all pictures unless it is told the dimensions of one.
        "psnr": PeakSignalNoiseRatio(data_range=1.0, dim=(1, 2, 3)),
    }
    if ssim:
        measures["ssim"] = StructuralSimilarityIndexMeasure(data_range=1.0)
    # No compute groups: they save nothing here, and finding them costs the first batch twice.
    return MetricCollection(measures, prefix=prefix, postfix=postfix, compute_groups=False)

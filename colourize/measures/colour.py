"""Measures of colour, of each picture against the truth; both RGB in [0, 1], (N, 3, H, W) float32 → (N,).

They ask what people see, or leave brightness out of it: a grey copy has a good mean squared error and no colour.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.measures.pooled import Measure

NAMES = ("delta_e", "auc", "colourfulness", "colourfulness_gap", "nazeri_accuracy_2", "nazeri_accuracy_5")
FARTHEST = 150.0  # in the plane of a and b, where the curve of `auc` ends
BIN = 10  # width and height of a bin of a and b
BINS_A_SIDE = 24  # -120 … 120: sRGB has nothing outside


def colour_measures(pictures: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Each of `NAMES` for each picture.

    - delta_e: the mean CIEDE2000 difference (Sharma, Wu & Dalal 2005), 0 and more; less is better.
    - auc: the area under the curve of the share of pixels whose a and b are within t of the truth's, t = 0 … 150,
      over 150 (Zhang, Isola & Efros 2016), 0 … 1; more is better. Grey copies have about 0.9.
    - colourfulness: of the picture alone (Hasler & Süsstrunk 2003), 0 for greys, above 100 for the most colourful;
      it is good when it is that of the truth.
    - colourfulness_gap: the picture's less the truth's; best is 0, and below it colours are too faint.
    - nazeri_accuracy_2, nazeri_accuracy_5: the share of pixels whose L, a and b, rounded to whole numbers, are within
      t, 2.2·t and 2.2·t of the truth's (Nazeri, Ng & Ebrahimi 2018), t = 2 or 5, 0 … 1; more is better. Pictures that
      are exactly grey are left out: they have nan.
    """
    lab, true_lab = rgb_to_lab(pictures), rgb_to_lab(truth)
    own = colourfulness(pictures)
    is_grey = (truth == truth[:, :1]).flatten(1).all(1)
    return {
        "delta_e": ciede2000(lab, true_lab).mean((1, 2)),
        "auc": closeness(lab, true_lab).mean((1, 2)),
        "colourfulness": own,
        "colourfulness_gap": own - colourfulness(truth),
        "nazeri_accuracy_2": nazeri_accuracy(lab, true_lab, 2).masked_fill(is_grey, torch.nan),
        "nazeri_accuracy_5": nazeri_accuracy(lab, true_lab, 5).masked_fill(is_grey, torch.nan),
    }


def colourfulness(pictures: Tensor) -> Tensor:
    """Hasler & Süsstrunk (2003), "Measuring colourfulness in natural images": M³ on 0…255, without absolute values."""
    red, green, blue = (255 * pictures).flatten(2).unbind(1)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    deviation = (red_green.var(1, correction=0) + yellow_blue.var(1, correction=0)).sqrt()
    return deviation + 0.3 * (red_green.mean(1) ** 2 + yellow_blue.mean(1) ** 2).sqrt()


def closeness(lab: Tensor, true_lab: Tensor) -> Tensor:
    """Each pixel's part of the area under the curve, (N, H, W): the share of 0 … 150 that lies beyond its distance."""
    distance = (lab[:, 1:] - true_lab[:, 1:]).square().sum(1).sqrt()
    return (1 - distance / FARTHEST).clamp(min=0)


def nazeri_accuracy(lab: Tensor, true_lab: Tensor, threshold: int) -> Tensor:
    """The share of each picture's pixels that are close enough in every coordinate, (N,)."""
    apart = (lab.round() - true_lab.round()).abs()
    allowed = apart.new_tensor([threshold, 2.2 * threshold, 2.2 * threshold]).view(1, 3, 1, 1)
    # 2.2·5 is a whole number, which rounding must not push to the wrong side.
    return (apart <= allowed + 1e-3).all(1).float().mean((1, 2))


def areas_by_bin(pictures: Tensor, truth: Tensor) -> Tensor:
    """Of each picture, for each bin of the truth's a and b, the pixels and the sum of their areas, (N, 2·bins)."""
    lab, true_lab = rgb_to_lab(pictures), rgb_to_lab(truth)
    row, column = (true_lab[:, 1:] / BIN + BINS_A_SIDE / 2).floor().clamp(0, BINS_A_SIDE - 1).long().unbind(1)
    bins = (row * BINS_A_SIDE + column).flatten(1)
    areas = closeness(lab, true_lab).flatten(1)
    counts = torch.zeros(len(bins), BINS_A_SIDE**2, device=bins.device).scatter_add_(1, bins, torch.ones_like(areas))
    return torch.cat([counts, torch.zeros_like(counts).scatter_add_(1, bins, areas)], 1)


def balanced_auc(vectors: np.ndarray) -> Measure:
    """`auc` with each pixel weighted by 1/p, p the share of the split's pixels in its bin: every colour counts alike.

    So it is the mean over the bins that occur of the mean area in each (Zhang, Isola & Efros 2016), 0 … 1; more is
    better.

    Args:
        vectors: of all pictures, as `areas_by_bin` makes them.

    Returns:
        see `Pooled.value`.
    """
    vectors = vectors.astype(np.float64)

    def value(weights: np.ndarray) -> Any:
        counts, areas = np.split(weights @ vectors, 2, axis=-1)
        occurs = counts > 0
        return (areas / np.where(occurs, counts, 1)).sum(-1) / occurs.sum(-1)

    return value

"""Measures of colour, of each picture against the truth; both RGB in [0, 1], (N, 3, H, W) float32 → (N,).

They ask what people see, or leave brightness out of it: a grey copy has a good mean squared error and no colour.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.colour.lab import ciede2000, rgb_to_lab

NAMES = ("delta_e", "auc", "colourfulness", "colourfulness_gap")
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
    """
    lab, true_lab = rgb_to_lab(pictures), rgb_to_lab(truth)
    own = colourfulness(pictures)
    return {
        "delta_e": ciede2000(lab, true_lab).mean((1, 2)),
        "auc": closeness(lab, true_lab).mean((1, 2)),
        "colourfulness": own,
        "colourfulness_gap": own - colourfulness(truth),
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


def balanced_auc_sums(pictures: Tensor, truth: Tensor) -> Tensor:
    """What `balanced_auc` needs of a batch: for each bin of the truth's a and b the pixels and their areas, (2, bins).

    Sums of batches are added up: the measure is no mean over pictures.
    """
    lab, true_lab = rgb_to_lab(pictures), rgb_to_lab(truth)
    row, column = (true_lab[:, 1:] / BIN + BINS_A_SIDE / 2).floor().clamp(0, BINS_A_SIDE - 1).long().unbind(1)
    bins = (row * BINS_A_SIDE + column).flatten()
    areas = closeness(lab, true_lab).flatten().double()
    sums = torch.zeros(2, BINS_A_SIDE**2, dtype=torch.float64, device=bins.device)
    sums[0].index_add_(0, bins, torch.ones_like(areas))
    sums[1].index_add_(0, bins, areas)
    return sums


def balanced_auc(sums: Tensor) -> float:
    """`auc` with each pixel weighted by 1/p, p the share of the split's pixels in its bin: every colour counts alike.

    So it is the mean over the bins that occur of the mean area in each (Zhang, Isola & Efros 2016), 0 … 1; more is
    better.
    """
    counts, areas = sums[:, sums[0] > 0]
    return float((areas / counts).mean())

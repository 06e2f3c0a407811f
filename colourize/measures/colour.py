"""Measures of colour, as a grey copy has a good mean squared error but no colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.colour.lab import ciede2000
from colourize.measures.base import LESS, MORE, NEITHER, ZERO, PictureBatch, PictureMeasure, SetMeasure, Value

FARTHEST = 150.0  # distance in the plane of a and b where `auc`'s curve ends
BIN = 10  # width and height of a bin of a and b
BINS_A_SIDE = 24  # they cover -120 … 120, and sRGB lies within


class ColourDifference(
    PictureMeasure, name="delta_e", direction=LESS, source="Sharma, Wu & Dalal 2005", group="default", headline=True
):
    """Mean CIEDE2000 difference: how different the colours look, 0 or more; about 1 is just noticeable."""

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return ciede2000(preds.lab, true.lab).mean((1, 2))


class AreaUnderCurve(PictureMeasure, name="auc", direction=MORE, source="Zhang, Isola & Efros 2016", group="default"):
    """Area under the curve of the share of pixels whose a and b (of Lab) are within t of the truth's, t = 0…150,
    divided by 150, 0…1; grey copies have about 0.9.
    """

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return _closeness(preds, true).mean((1, 2))


class BalancedAreaUnderCurve(
    SetMeasure, name="auc_balanced", direction=MORE, source="Zhang, Isola & Efros 2016", group="default"
):
    """The same with equal weights for all colours, however rare.

    Each pixel is weighted by 1/p, where p is the share of the split's pixels in its bin of a and b. The result is the
    mean over all bins that occur of the mean area in each bin.
    """

    def vectors(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        """The number of pixels in each bin of the truth's a and b, and the sums of their areas, (N, 2·bins)."""
        row, column = (true.lab[:, 1:] / BIN + BINS_A_SIDE / 2).floor().clamp(0, BINS_A_SIDE - 1).long().unbind(1)
        bins = (row * BINS_A_SIDE + column).flatten(1)
        areas = _closeness(preds, true).flatten(1)
        sums = torch.zeros(2, len(bins), BINS_A_SIDE**2, device=bins.device)
        for part, values in zip(sums, (torch.ones_like(areas), areas), strict=True):
            part.scatter_add_(1, bins, values)
        return torch.cat([*sums], 1)

    def value(self, vectors: np.ndarray) -> Value:
        vectors = vectors[:, np.tile((vectors[:, : BINS_A_SIDE**2] > 0).any(0), 2)].astype(np.float64)

        def value(weights: np.ndarray) -> Any:
            counts, areas = np.split(weights @ vectors, 2, axis=-1)
            occurs = counts > 0
            return (areas / np.where(occurs, counts, 1)).sum(-1) / occurs.sum(-1)

        return value


class Colourfulness(
    PictureMeasure, name="colourfulness", direction=NEITHER, source="Hasler & Süsstrunk 2003", group="default"
):
    """How colourful the prediction is, 0 for greys; best when it equals that of the truth.

    It is M³ of the source, on 0…255 and without absolute values: 0 for greys, above 100 for the most colourful.
    """

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return self.of(preds)

    def of(self, pictures: PictureBatch) -> Tensor:
        """The colourfulness of each picture, (N,)."""
        red, green, blue = (255 * pictures.rgb).flatten(2).unbind(1)
        red_green, yellow_blue = red - green, (red + green) / 2 - blue
        deviation = (red_green.var(1, correction=0) + yellow_blue.var(1, correction=0)).sqrt()
        return deviation + 0.3 * (red_green.mean(1) ** 2 + yellow_blue.mean(1) ** 2).sqrt()


class ColourfulnessGap(Colourfulness, name="colourfulness_gap", direction=ZERO, headline=True):
    """The difference to the truth's colourfulness: below 0 colours are too faint."""

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return self.of(preds) - self.of(true)


class NazeriAccuracy2(
    PictureMeasure, name="nazeri_accuracy_2", direction=MORE, source="Nazeri, Ng & Ebrahimi 2018", group="default",
    some_lack=True,
):  # fmt: skip
    """Share of pixels whose rounded L, a and b are within 2, 4.4 and 4.4 of the truth's, 0…1; exactly grey pictures are
    left out.
    """

    threshold = 2

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        apart = (preds.lab.round() - true.lab.round()).abs()
        allowed = apart.new_tensor([1, 2.2, 2.2]).view(1, 3, 1, 1) * self.threshold
        # 2.2·5 is a whole number, and rounding must not make it smaller.
        share = (apart <= allowed + 1e-3).all(1).float().mean((1, 2))
        return share.masked_fill((true.rgb == true.rgb[:, :1]).flatten(1).all(1), torch.nan)


class NazeriAccuracy5(NazeriAccuracy2, name="nazeri_accuracy_5"):
    """The same within 5, 11 and 11."""

    threshold = 5


def _closeness(preds: PictureBatch, true: PictureBatch) -> Tensor:
    """Each pixel's contribution to the area, (N, H, W): the share of 0 … 150 that lies beyond its distance."""
    distance = (preds.lab[:, 1:] - true.lab[:, 1:]).square().sum(1).sqrt()
    return (1 - distance / FARTHEST).clamp(min=0)

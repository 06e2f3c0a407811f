"""Measures that are designed to agree with people. They need no weights and work on small pictures.

All are computed by piq (https://github.com/photosynthesis-team/piq), which is imported when the first one is needed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure


class PiqMeasure(PictureMeasure, abstract=True, group="default"):
    """A function of piq; equal pictures get the best value, as some functions would divide by zero."""

    function, least = "", 1  # its name in piq if that differs; the minimum of the smaller side, in pixels

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < self.least:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        import piq

        compare = getattr(piq, self.function or self.name)
        values: Tensor = compare(preds.rgb.contiguous(), true.rgb.contiguous(), data_range=1.0, reduction="none")
        same = (preds.rgb == true.rgb).flatten(1).all(1)
        return values.masked_fill(same, 0.0 if self.direction is LESS else 1.0)


class MeanDeviationSimilarity(PiqMeasure, name="mdsi", direction=LESS, source="Nafchi et al. 2016"):
    """Mean deviation similarity index, 0 or more."""


class HaarPerceptualSimilarity(PiqMeasure, name="haarpsi", direction=MORE, source="Reisenhofer et al. 2018"):
    """Haar wavelet-based perceptual similarity, 0…1."""

    least = 16


class FeatureSimilarity(PiqMeasure, name="fsimc", direction=MORE, source="Zhang et al. 2011"):
    """Feature similarity with chrominance, 0…1."""

    function, least = "fsim", 2


class VisualSaliency(PiqMeasure, name="vsi", direction=MORE, source="Zhang, Shen & Li 2014", group="all"):
    """Visual saliency-induced index, 0…1; it takes 25 ms for a picture of 32×32 pixels, a hundred times the others."""

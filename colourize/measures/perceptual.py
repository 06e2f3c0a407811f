"""Measures made to agree with people. They need no weights and run on small pictures.

All are piq's (https://github.com/photosynthesis-team/piq), which is imported when the first of them is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure


class PiqMeasure(PictureMeasure, abstract=True, group="default"):
    """The function of piq with the measure's name; equal pictures have the best value, where some divide by zero."""

    function, least = "", 1  # another name in piq; pixels of the smaller side

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < self.least:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        import piq

        compare = getattr(piq, self.function or self.name)
        values: Tensor = compare(preds.contiguous, true.contiguous, data_range=1.0, reduction="none")
        same = (preds.rgb == true.rgb).flatten(1).all(1)
        return values.masked_fill(same, 0.0 if self.direction is LESS else 1.0)


class MeanDeviationSimilarity(PiqMeasure, name="mdsi", direction=LESS, source="Nafchi et al. 2016"):
    """Mean deviation similarity index, 0 and more."""


class HaarPerceptualSimilarity(PiqMeasure, name="haarpsi", direction=MORE, source="Reisenhofer et al. 2018"):
    """Haar wavelet-based perceptual similarity, 0…1."""

    least = 16


class FeatureSimilarity(PiqMeasure, name="fsimc", direction=MORE, source="Zhang et al. 2011"):
    """Feature similarity with chrominance, 0…1."""

    function, least = "fsim", 2


class VisualSaliency(PiqMeasure, name="vsi", direction=MORE, source="Zhang, Shen & Li 2014", group="all"):
    """Visual saliency-induced index, 0…1; 25 ms a picture of 32×32 pixels, a hundred times the others."""

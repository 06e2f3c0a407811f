"""Measures made to agree with people. They need no weights and run on small pictures.

All are piq's (https://github.com/photosynthesis-team/piq), which is imported when the first of them is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure


class PiqMeasure(PictureMeasure, abstract=True, group="default"):
    """One of piq's; equal pictures have the best value by definition, where some would divide by zero."""

    least = 1

    def values(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < self.least:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        same = (given.rgb == true.rgb).flatten(1).all(1)
        return self.compared(given, true).masked_fill(same, 0.0 if self.direction is LESS else 1.0)

    def compared(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        """A value for each picture, (N,), which means nothing where the two are equal."""
        import piq

        values: Tensor = getattr(piq, self.name)(given.contiguous, true.contiguous, data_range=1.0, reduction="none")
        return values


class MeanDeviationSimilarity(PiqMeasure, name="mdsi", direction=LESS, source="Nafchi et al. 2016"):
    """Mean deviation similarity index, 0 and more."""


class HaarPerceptualSimilarity(PiqMeasure, name="haarpsi", direction=MORE, source="Reisenhofer et al. 2018"):
    """Haar wavelet-based perceptual similarity, 0…1."""

    least = 16


class FeatureSimilarity(PiqMeasure, name="fsimc", direction=MORE, source="Zhang et al. 2011"):
    """Feature similarity with chrominance, 0…1."""

    least = 2

    def compared(self, given: PictureBatch, true: PictureBatch) -> Tensor:
        """`piq.fsim`, with the phase congruency of the true pictures computed once for all that is held against them.

        Pictures above 384 pixels are averaged first, and left to piq.
        """
        from piq import fsim
        from piq.fsim import _construct_filters, _phase_congruency
        from piq.functional import gradient_map, rgb2yiq, scharr_filter, similarity_map

        if true.smaller_side >= 384:
            return fsim(given.contiguous, true.contiguous, data_range=1.0, reduction="none")

        def parts(pictures: PictureBatch) -> tuple[Tensor, Tensor, Tensor]:
            if self not in pictures.cache:
                yiq = rgb2yiq(255 * pictures.contiguous)
                kernel, light = scharr_filter(device=yiq.device, dtype=yiq.dtype), yiq[:, :1]
                edges = gradient_map(light, torch.stack([kernel, kernel.transpose(1, 2)]))
                pictures.cache[self] = _phase_congruency(light, _construct_filters(light)), edges, yiq[:, 1:]
            found: tuple[Tensor, Tensor, Tensor] = pictures.cache[self]
            return found

        (phase, edges, colour), (true_phase, true_edges, true_colour) = parts(given), parts(true)
        weight = torch.maximum(phase, true_phase)
        score = similarity_map(phase, true_phase, 0.85) * similarity_map(edges, true_edges, 160) * weight
        score = score * similarity_map(colour, true_colour, 200).prod(1, keepdim=True).abs() ** 0.03
        return score.sum((1, 2, 3)) / weight.sum((1, 2, 3))


class VisualSaliency(PiqMeasure, name="vsi", direction=MORE, source="Zhang, Shen & Li 2014", group="all"):
    """Visual saliency-induced index, 0…1; 25 ms a picture of 32×32 pixels, a hundred times the others."""

"""Measures made to agree with people, of each picture against the truth; RGB in [0, 1], (N, 3, H, W) float32 → (N,).

They need no weights and run on small pictures; all are piq's (https://github.com/photosynthesis-team/piq).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NAMES = ("mdsi", "haarpsi", "fsimc", "vsi")


def perceptual_measures(pictures: Tensor, truth: Tensor, names: Sequence[str] = NAMES) -> dict[str, Tensor]:
    """The named measures of each picture; nan where the pictures are too small for one.

    - mdsi: mean deviation similarity index (Nafchi et al. 2016), 0 … ; less is better, 0 for equal pictures.
    - haarpsi: Haar wavelet-based perceptual similarity (Reisenhofer et al. 2018), 0 … 1; more is better. Needs 16×16.
    - fsimc: feature similarity with chrominance (Zhang et al. 2011), 0 … 1; more is better.
    - vsi: visual saliency-induced index (Zhang, Shen & Li 2014), 0 … 1; more is better. 25 ms a picture of 32×32, a
      hundred times the others.
    """
    import piq

    functions = {"mdsi": piq.mdsi, "haarpsi": piq.haarpsi, "fsimc": piq.fsim, "vsi": piq.vsi}
    least = {"haarpsi": 16, "fsimc": 2}
    same = (pictures == truth).flatten(1).all(1)
    found = {}
    for name in names:
        if min(truth.shape[2:]) < least.get(name, 1):
            found[name] = torch.full((len(truth),), torch.nan, device=truth.device)
            continue
        values = functions[name](pictures.contiguous(), truth.contiguous(), data_range=1.0, reduction="none")
        # By definition; two black pictures are a division by zero for some.
        found[name] = values.masked_fill(same, 0.0 if name == "mdsi" else 1.0)
    return found

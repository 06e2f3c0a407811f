"""LPIPS and FID, whose networks this project neither ships nor downloads.

It looks for their weights in torch.hub's folder `checkpoints` (TORCH_HOME moves it).
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colourize.measures.base import LESS, PictureBatch, PictureMeasure
from colourize.measures.learned import FeatureFrechetDistance

VGG = "vgg16-397923af.pth"  # torchvision's
INCEPTION = "weights-inception-2015-12-05-6726825d.pth"  # torch-fidelity's
LEAST = 32  # minimum height and width for VGG-16, in pixels


class PerceptualPatchSimilarity(PictureMeasure, name="lpips", direction=LESS, source="Zhang et al. 2018", group="all"):
    """Learned perceptual image patch similarity with VGG-16, if torch.hub's folder has its weights."""

    def needs(self) -> str | None:
        return _missing(VGG)

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < LEAST:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        network = _lpips().to(true.rgb.device)
        with torch.no_grad():
            values: Tensor = network(preds.contiguous, true.contiguous, normalize=True)
        return values.flatten()


class FrechetInceptionDistance(FeatureFrechetDistance, name="fid", source="Heusel et al. 2017", group="all"):
    """Fréchet distance of Inception's 2048 features, if torch.hub's folder has its weights; with fewer pictures than
    features, compare only equal numbers of pictures.
    """

    def needs(self) -> str | None:
        if importlib.util.find_spec("torch_fidelity") is None:
            return "needs the package torch-fidelity"
        return _missing(INCEPTION)

    def features(self, pictures: PictureBatch) -> Tensor:
        """Inception's features of 8-bit pictures."""
        if self not in pictures.cache:
            network = _inception().to(pictures.rgb.device)
            with torch.no_grad():
                features: Tensor = network((255 * pictures.rgb.clamp(0, 1)).round().to(torch.uint8))
            pictures.cache[self] = features.flatten(1)
        found: Tensor = pictures.cache[self]
        return found


def _missing(name: str) -> str | None:
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    return None if path.is_file() else f"needs {path}, which is not fetched unasked"


@functools.lru_cache(maxsize=1)
def _lpips() -> Any:
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    return _NoTrainLpips(net="vgg").requires_grad_(False).eval()


@functools.lru_cache(maxsize=1)
def _inception() -> Any:
    from torchmetrics.image.fid import NoTrainInceptionV3

    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION
    return NoTrainInceptionV3(
        name="inception-v3-compat", features_list=["2048"], feature_extractor_weights_path=str(path)
    )

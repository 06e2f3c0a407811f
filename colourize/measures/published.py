"""LPIPS and FID, which rest on networks that this project neither brings nor fetches: where the user has their weights.

They are looked for where torch keeps what it has downloaded, the folder `checkpoints` in torch.hub's (TORCH_HOME moves
it). Without them `lpips_lacks` and `fid_lacks` say what is missing.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

NAMES = ("lpips",)
VGG = "vgg16-397923af.pth"  # torchvision's
INCEPTION = "weights-inception-2015-12-05-6726825d.pth"  # torch-fidelity's
LEAST = 32  # pixels, height and width, that VGG-16 takes


def published_measures(pictures: Tensor, truth: Tensor, names: Sequence[str] = NAMES) -> dict[str, Tensor]:
    """The named measures of each picture, (N,); both RGB in [0, 1], (N, 3, H, W) float32.

    - lpips: learned perceptual image patch similarity with VGG-16 (Zhang et al. 2018), 0 and more; less is better. nan
      for pictures below 32×32.
    """
    if min(truth.shape[2:]) < LEAST:
        return {"lpips": torch.full((len(truth),), torch.nan, device=truth.device)}
    network = _lpips().to(truth.device)
    with torch.no_grad():
        values = network(pictures.contiguous(), truth.contiguous(), normalize=True)
    return {"lpips": values.flatten()}


def inception_features(pictures: Tensor) -> Tensor:
    """The 2048 features of pictures (N, 3, H, W) that FID is defined on (Heusel et al. 2017), from 8-bit pictures.

    With fewer pictures than features the distance is of covariances that are not of full rank: compare only what has
    equally many pictures.
    """
    network = _inception().to(pictures.device)
    with torch.no_grad():
        features: Tensor = network((255 * pictures.clamp(0, 1)).round().to(torch.uint8))
    return features.flatten(1)


def lpips_lacks() -> str | None:
    """What LPIPS would need; None where all is there."""
    return _lacks(VGG)


def fid_lacks() -> str | None:
    """What FID would need; None where all is there."""
    if importlib.util.find_spec("torch_fidelity") is None:
        return "needs the package torch-fidelity"
    return _lacks(INCEPTION)


def _lacks(name: str) -> str | None:
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

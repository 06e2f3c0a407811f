"""Measures on the features of this project's classifier (see `measures.category_classifier`), and LPIPS and FID.

These two use other networks, and are not comparable with the first ones. Their networks are neither shipped nor
downloaded: their weights are looked for in torch.hub's folder `checkpoints` (TORCH_HOME moves it).
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.measures.base import LESS, MORE, PictureBatch, PictureMeasure, SetMeasure, Value

AT_ONCE = 500  # rows of the matrix of all pairs of pictures that are in memory at once
NOTHING = 1e-10  # eigenvalues or singular values below this share of the largest one are rounding errors
VGG = "vgg16-397923af.pth"  # torchvision's
INCEPTION = "weights-inception-2015-12-05-6726825d.pth"  # torch-fidelity's
LEAST_FOR_VGG = 32  # minimum height and width, in pixels


class CategoryAccuracy(
    PictureMeasure, name="category_accuracy", direction=MORE, source="Zhang, Isola & Efros 2016", group="default",
    headline=True,
):  # fmt: skip
    """Share of pictures in which a classifier of this project (ten categories of CIFAR-10, right for 90.6 % of the true
    test pictures) recognises the category of the true picture.

    It is the semantic interpretability of Zhang et al. with this project's classifier.
    """

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor | None:
        return None if true.labels is None else (preds.classified[1].argmax(1) == true.labels).float()


class FeatureDistance(PictureMeasure, name="feature_distance", direction=LESS, group="default"):
    """1 − cosine between that classifier's features of the picture and of the truth, 0…1; not LPIPS."""

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        return 1 - F.cosine_similarity(preds.classified[0], true.classified[0])


class FeatureKernelDistance(
    SetMeasure, name="feature_kernel_distance", direction=LESS, source="Gretton et al. 2012, Bińkowski et al. 2018",
    group="default",
):  # fmt: skip
    """Squared maximum mean discrepancy of the two sets of features; about 0 for equal distributions, where chance may
    make it slightly negative; not KID.

    The kernel is that of KID, (x·y / D + 1)³. The estimate is unbiased, as it leaves out the pairs of a picture with
    itself or its own truth.
    """

    def features(self, pictures: PictureBatch) -> Tensor:
        """The features whose distributions are compared, (N, D)."""
        return pictures.classified[0]

    def vectors(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        """The features of the predicted and of the true pictures, side by side, (N, 2·D)."""
        return torch.cat([self.features(preds), self.features(true)], 1)

    def value(self, vectors: np.ndarray) -> Value:
        first, second = np.split(vectors.astype(np.float64), 2, axis=1)
        size = first.shape[1]

        def rows(start: int) -> np.ndarray:
            """Rows of k(x, x') + k(y, y') − 2·k(x, y'), for some pictures x and their truths y, with all pictures."""
            some = slice(start, start + AT_ONCE)
            own, true, mixed = (one[some] @ other.T / size + 1 for one, other in (
                (first, first), (second, second), (first, second)
            ))  # fmt: skip
            own = own * own * own + true * true * true - 2 * mixed * mixed * mixed
            own[np.arange(len(own)), start + np.arange(len(own))] = 0.0
            return own

        def value(weights: np.ndarray) -> Any:
            # The whole matrix would take gigabytes, so each part is computed once and used for all weights.
            total = sum(
                (weights[..., start : start + AT_ONCE] * (weights @ rows(start).T)).sum(-1)
                for start in range(0, len(first), AT_ONCE)
            )
            pairs = weights.sum(-1) ** 2 - (weights**2).sum(-1)
            return total / np.where(pairs > 0, pairs, np.nan)

        return value


class FeatureFrechetDistance(
    FeatureKernelDistance, name="feature_frechet_distance", direction=LESS, source="Dowson & Landau 1982"
):
    """Squared Fréchet distance of two normal distributions with the means and covariances of the two sets of features;
    it grows as pictures become fewer, so compare only equal numbers of pictures; not FID.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½), the formula that FID applies to other features.
    """

    def value(self, vectors: np.ndarray) -> Value:
        def one(weights: np.ndarray) -> float:
            if weights.sum() < 2:  # one picture has no covariance
                return float("nan")
            gap, halves = _normal_distributions(vectors, weights)
            roots = np.linalg.svd(halves[0].T @ halves[1], compute_uv=False)
            spread = sum((half**2).sum() for half in halves) - 2 * roots.sum()
            return float(max(0.0, (gap**2).sum() + spread))

        return lambda weights: np.apply_along_axis(one, -1, weights)

    def influence(self, vectors: np.ndarray) -> np.ndarray:
        """The influence of each picture, from one decomposition.

        With Σᵢ = HᵢHᵢᵀ and the singular values of H₁ᵀH₂ = USVᵀ, tr(Σ₁Σ₂)^½ = ΣS, and its derivative with respect to
        Σ₁ is ½·H₂VS⁻¹VᵀH₂ᵀ. It is undefined in directions without variance; they contribute nothing for pictures of
        the set itself.
        """
        count = len(vectors)
        gap, halves = _normal_distributions(vectors, np.ones(count))
        u, roots, v = np.linalg.svd(halves[0].T @ halves[1])
        kept = roots > NOTHING * roots.max(initial=0)
        found = np.zeros(count)
        for features, half, axes, sign in zip(
            np.split(vectors.astype(np.float64), 2, axis=1), halves[::-1], (v.T, u), (1, -1), strict=True
        ):
            centred = features - features.mean(0)
            along = centred @ (half @ axes[:, kept])
            variance = (centred**2).sum(1) - (along**2 / roots[kept]).sum(1)
            found += 2 * sign * centred @ gap + variance * count / (count - 1)
        return found - found.mean()


class PerceptualPatchSimilarity(PictureMeasure, name="lpips", direction=LESS, source="Zhang et al. 2018", group="all"):
    """Learned perceptual image patch similarity with VGG-16, if torch.hub's folder has its weights."""

    def needs(self) -> str | None:
        return _missing(VGG)

    def values(self, preds: PictureBatch, true: PictureBatch) -> Tensor:
        if true.smaller_side < LEAST_FOR_VGG:
            return torch.full((len(true.rgb),), torch.nan, device=true.rgb.device)
        network = _lpips().to(true.rgb.device)
        with torch.no_grad():
            values: Tensor = network(preds.rgb.contiguous(), true.rgb.contiguous(), normalize=True)
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


def _normal_distributions(vectors: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Two normal distributions with the weighted moments of two sets of features: μ₁ − μ₂, (D,); H₁ and H₂, (D, D)."""
    means, halves = [], []
    for features in np.split(vectors.astype(np.float64), 2, axis=1):
        means.append(np.average(features, axis=0, weights=weights))
        variances, axes = np.linalg.eigh(np.cov(features.T, fweights=weights.astype(int)))
        halves.append(axes * np.sqrt(variances.clip(min=0)))
    return means[0] - means[1], halves


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

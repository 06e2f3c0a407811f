"""The measures on a classifier's features: against torchmetrics, brute force and closed forms.

LPIPS and FID are offered where their weights lie, named as missing elsewhere, and never fetched.
"""

import tracemalloc

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from colourize.measures import category_classifier, learned
from colourize.measures.base import PictureBatch
from colourize.measures.learned import CategoryAccuracy, FeatureDistance, FeatureFrechetDistance, FeatureKernelDistance
from colourize.measures.registry import MEASURES, choose, left_out

DISTANCES = {each.name: each for each in (FeatureFrechetDistance(), FeatureKernelDistance())}


@pytest.fixture
def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(60, 8, generator=generator)
    return 1.3 * true + 0.5 + 0.3 * torch.randn(60, 8, generator=generator), true


def value(name, features, true):
    return DISTANCES[name].value(torch.cat([features, true], 1).numpy())(np.ones(len(true)))


class Given(nn.Module):
    """In place of Inception: the first eight values of a picture are its features."""

    num_features = 8

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.flatten(1)[:, :8]


def test_the_frechet_distance_is_torchmetrics(features) -> None:
    pictures = [torch.zeros(60, 3, 4, 4) for _ in range(2)]
    for picture, each in zip(pictures, features, strict=True):
        picture.flatten(1)[:, :8] = each
    metric = FrechetInceptionDistance(feature=Given(), input_img_size=(3, 4, 4)).set_dtype(torch.float64)
    metric.update(pictures[0].double(), real=False)
    metric.update(pictures[1].double(), real=True)
    assert value("feature_frechet_distance", *features) == pytest.approx(metric.compute().item(), rel=1e-4)
    assert value("feature_frechet_distance", features[1], features[1]) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_by_brute_force(features, monkeypatch) -> None:
    monkeypatch.setattr(learned, "AT_ONCE", 7)
    x, y = (each.double().numpy() for each in features)
    xx, yy, xy = ((a @ b.T / 8 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    others = ~np.eye(60, dtype=bool)
    expected = (xx + yy - xy - xy.T)[others].mean()
    assert value("feature_kernel_distance", *features) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_distance_never_holds_all_pairs_of_pictures(monkeypatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    whole = FeatureKernelDistance().value(vectors)(np.ones(2000))
    monkeypatch.setattr(learned, "AT_ONCE", 30)
    tracemalloc.start()
    try:
        assert FeatureKernelDistance().value(vectors)(np.ones(2000)) == pytest.approx(whole, rel=1e-9)
        assert tracemalloc.get_traced_memory()[1] < 2000 * 2000 * 8 / 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [60, 6])  # more pictures than features, and fewer
def test_the_influence_is_the_derivative_with_respect_to_a_pictures_weight(count: int) -> None:
    """Against quotients: a picture that comes once more in a set that is repeated a thousand times."""
    rng, often = np.random.default_rng(0), 1000
    true = rng.gamma(2.0, 1.0, (count, 8)) * np.linspace(0.1, 2, 8)
    vectors = np.concatenate([0.8 * true + 0.3 * rng.normal(size=true.shape) + 0.2, true], 1)
    value = FeatureFrechetDistance().value(vectors)
    weights = often * np.ones((count, count)) + np.eye(count)
    found = (value(weights) - value(often * np.ones(count))) * often * count
    expected = FeatureFrechetDistance().influence(vectors)
    # The repeated set has n in the denominator of its covariances, in place of n − 1.
    np.testing.assert_allclose(found - found.mean(), expected, rtol=0.02 + 1 / count, atol=0.02 * np.ptp(expected))


def test_equal_pictures_and_what_they_show() -> None:
    labels = torch.tensor([0, 1, 5])
    true, preds = PictureBatch(torch.rand(3, 3, 8, 8), labels), PictureBatch(torch.rand(3, 3, 8, 8))
    preds.__dict__["classified"] = true.__dict__["classified"] = torch.rand(3, 4), torch.eye(3, 10)
    torch.testing.assert_close(FeatureDistance().values(preds, true), torch.zeros(3), atol=1e-6, rtol=0)
    assert CategoryAccuracy().values(preds, true).tolist() == [1, 1, 0]
    assert CategoryAccuracy().values(preds, preds) is None  # without labels


def test_pictures_of_any_size_are_classified() -> None:
    for height, width in ((32, 32), (1, 1), (48, 20)):
        picture = torch.rand(1, 3, height, width)
        features, logits = category_classifier.classify(picture)
        assert features.shape == (1, 128) and logits.shape == (1, 10) and features.isfinite().all()
        alike = PictureBatch(picture.repeat(3, 1, 1, 1)).classified  # computed once
        torch.testing.assert_close(alike[0], features.expand(3, -1))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("fetched"))
    learned._lpips.cache_clear()
    yield tmp_path / "checkpoints"
    learned._lpips.cache_clear()


def test_what_is_missing_is_named(hub) -> None:
    lacking = left_out(choose(["mse", "lpips", "fid"]))
    assert list(lacking) == ["lpips", "fid"]
    assert "vgg16" in lacking["lpips"] and str(hub) in lacking["lpips"]


@pytest.mark.slow
def test_lpips_with_the_users_weights(hub) -> None:
    hub.mkdir()
    torch.save(torchvision.models.vgg16().state_dict(), hub / learned.VGG)
    lpips = MEASURES["lpips"]
    assert lpips.needs() is None
    truth = torch.rand(2, 3, 32, 32)
    found = lpips.values(PictureBatch(torch.stack([truth[0], 1 - truth[1]])), PictureBatch(truth))
    assert found[0].item() == pytest.approx(0, abs=1e-6) and found[1] > 0
    assert lpips.values(PictureBatch(truth[..., :8]), PictureBatch(truth[..., :8])).isnan().all()

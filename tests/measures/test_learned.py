"""The measures on a classifier's features: against torchmetrics, brute force and closed forms, and what is shipped."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from colourize.measures import category_classifier, learned
from colourize.measures.base import PictureBatch
from colourize.measures.intervals import estimate_set, resampled
from colourize.measures.learned import CategoryAccuracy, FeatureDistance, FeatureFrechetDistance, FeatureKernelDistance

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
    # torchmetrics counts a picture and its own truth as a pair of the two distributions as well.
    with_own = (xx + yy)[others].mean() - 2 * xy.mean()
    assert poly_mmd(*(torch.from_numpy(each) for each in (x, y))).item() == pytest.approx(with_own, rel=1e-6)


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


def correlated(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Features of pictures that are like their truths, whose variances differ, (count, 2·size)."""
    rng = np.random.default_rng(seed)
    true = rng.gamma(2.0, 1.0, (count, size)) * np.linspace(0.1, 2, size)
    return np.concatenate([0.8 * true + 0.3 * rng.normal(size=true.shape) + 0.2, true], 1)


@pytest.mark.parametrize("count", [60, 6])  # more pictures than features, and fewer
def test_the_influence_is_the_derivative_with_respect_to_a_pictures_weight(count: int) -> None:
    """Against quotients: a picture that comes once more in a set that is repeated a thousand times."""
    vectors, often = correlated(count, 8), 1000
    value = FeatureFrechetDistance().value(vectors)
    weights = often * np.ones((count, count)) + np.eye(count)
    found = (value(weights) - value(often * np.ones(count))) * often * count
    expected = FeatureFrechetDistance().influence(vectors)
    # The repeated set has n in the denominator of its covariances, in place of n − 1.
    np.testing.assert_allclose(found - found.mean(), expected, rtol=0.02 + 1 / count, atol=0.02 * np.ptp(expected))


def test_an_interval_from_the_influence_is_the_bootstraps() -> None:
    vectors = correlated(300, 12)
    distance = FeatureFrechetDistance()
    found = estimate_set(distance, [vectors])
    (weights,) = resampled(300, 400)
    drawn = distance.value(vectors)(weights)
    assert found.mean == pytest.approx(distance.value(vectors)(np.ones(300)))
    assert found.draws.std() == pytest.approx(drawn.std(), rel=0.15)
    assert np.corrcoef(found.draws[:400], drawn)[0, 1] > 0.95  # the same pictures, and so paired alike


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

"""The measures on a classifier's features: against torchmetrics, brute force and closed forms, and what is shipped."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from colourize.measures import category_classifier, learned
from colourize.measures.learned import POOLED, learned_measures
from colourize.measures.selection import Seen, measure_pictures


@pytest.fixture
def features() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(60, 8, generator=generator)
    return 1.3 * true + 0.5 + 0.3 * torch.randn(60, 8, generator=generator), true


def value(name, features, true, weights=None):
    pooled = POOLED[name]
    return pooled.value(pooled.vectors(features, true).numpy())(np.ones(len(true)) if weights is None else weights)


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


def test_the_kernel_distance_by_brute_force(features) -> None:
    x, y = (each.double().numpy() for each in features)

    def kernel(a, b):
        return (a @ b / 8 + 1) ** 3

    pairs = [(i, j) for i in range(60) for j in range(60) if i != j]
    h = [kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i]) for i, j in pairs]
    assert value("feature_kernel_distance", *features) == pytest.approx(np.mean(h), rel=1e-6)
    # torchmetrics counts a picture and its own truth as a pair of the two distributions as well.
    own = 2 * np.mean([kernel(x[i], y[i]) for i in range(60)])
    mixed = 2 * np.mean([kernel(x[i], y[j]) for i, j in pairs])
    with_own = np.mean(h) + mixed - (59 * mixed + own) / 60
    assert poly_mmd(*(torch.from_numpy(each) for each in (x, y))).item() == pytest.approx(with_own, rel=1e-6)


@pytest.mark.parametrize("name", list(POOLED))
def test_weights_say_how_often_a_picture_comes(features, name) -> None:
    weights = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60))
    which = np.repeat(np.arange(60), weights)
    repeated = value("feature_frechet_distance", features[0][which], features[1][which])
    if name == "feature_frechet_distance":
        assert value(name, *features, weights) == pytest.approx(repeated, rel=1e-6)
    assert value(name, features[1], features[1], weights) == pytest.approx(0, abs=1e-6)
    assert value(name, *features, weights) > 0.05


def test_the_kernel_distance_never_holds_all_pairs_of_pictures(monkeypatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(2000, 16)).astype(np.float32)
    whole = POOLED["feature_kernel_distance"].value(vectors)(np.ones(2000))
    monkeypatch.setattr(learned, "AT_ONCE", 30)
    tracemalloc.start()
    try:
        assert POOLED["feature_kernel_distance"].value(vectors)(np.ones(2000)) == pytest.approx(whole, rel=1e-9)
        assert tracemalloc.get_traced_memory()[1] < 2000 * 2000 * 8 / 4
    finally:
        tracemalloc.stop()


def test_equal_pictures_and_what_they_show() -> None:
    features, logits = torch.rand(3, 4), torch.eye(3, 10)
    found = learned_measures(features, logits, features, torch.tensor([0, 1, 5]))
    torch.testing.assert_close(found["feature_distance"], torch.zeros(3), atol=1e-6, rtol=0)
    assert found["category_accuracy"].tolist() == [1, 1, 0]
    assert "category_accuracy" not in learned_measures(features, logits, features, None)


def test_what_is_shipped_is_small_and_as_good_as_it_says() -> None:
    assert category_classifier.WEIGHTS.stat().st_size <= 1_000_000
    about = category_classifier.about()
    assert about["accuracy"] >= 0.9 and about["test_pictures"] == 10_000 and "category_classifier" in about["command"]
    assert not any(each.requires_grad for each in category_classifier.category_classifier().parameters())


def test_any_size_is_seen_and_names_choose() -> None:
    for height, width in ((32, 32), (1, 1), (48, 20)):
        features, logits = category_classifier.seen(torch.rand(2, 3, height, width))
        assert features.shape == (2, 128) and logits.shape == (2, 10) and features.isfinite().all()
    truth = torch.rand(2, 3, 32, 32)
    found = measure_pictures(Seen(truth), Seen(truth), ("category_accuracy", "feature_distance", "mse"))
    assert list(found) == ["feature_distance", "mse"]

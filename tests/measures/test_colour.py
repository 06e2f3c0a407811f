"""Measures of colour by brute force, closed forms and scikit-image."""

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid
from skimage import color

from colourize.measures.base import PictureBatch
from colourize.measures.colour import BalancedAreaUnderCurve
from colourize.measures.registry import MEASURES

NAMES = ("delta_e", "auc", "colourfulness", "colourfulness_gap", "nazeri_accuracy_2", "nazeri_accuracy_5")


def colour_measures(pictures: torch.Tensor, truth: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: MEASURES[name].values(PictureBatch(pictures), PictureBatch(truth)) for name in NAMES}


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(3, 3, 8, 5, generator=generator)
    return (truth + 0.2 * torch.randn(truth.shape, generator=generator)).clamp(0, 1), truth


def lab(pictures: torch.Tensor) -> np.ndarray:
    return color.rgb2lab(pictures.double().movedim(1, -1).numpy())


def test_delta_e_is_scikit_images(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    expected = color.deltaE_ciede2000(lab(pair[0]), lab(pair[1])).mean((1, 2))
    np.testing.assert_allclose(colour_measures(*pair)["delta_e"].numpy(), expected, atol=0.02)


def test_auc_is_the_area_under_the_curve(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    distance = np.linalg.norm(lab(pair[0])[..., 1:] - lab(pair[1])[..., 1:], axis=-1).reshape(3, -1)
    thresholds = np.linspace(0, 150, 3001)
    within = (distance[:, :, None] <= thresholds).mean(1)
    np.testing.assert_allclose(
        colour_measures(*pair)["auc"].numpy(), trapezoid(within, thresholds, axis=1) / 150, atol=2e-3
    )


def test_balanced_auc_weighs_every_colour_alike(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    true, preds = lab(pair[1])[..., 1:].reshape(-1, 2), lab(pair[0])[..., 1:].reshape(-1, 2)
    area = (1 - np.linalg.norm(preds - true, axis=1) / 150).clip(0)
    bins = [tuple(each) for each in np.floor(true / 10).astype(int)]
    weight = np.array([1 / bins.count(each) for each in bins])  # 1/p up to a factor
    expected = (weight * area).sum() / weight.sum()
    vectors = BalancedAreaUnderCurve().vectors(*map(PictureBatch, pair)).numpy()
    assert BalancedAreaUnderCurve().value(vectors)(np.ones(3)) == pytest.approx(expected, abs=2e-3)


def test_colourfulness_by_its_formula(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    red, green, blue = (255 * pair[1][0].double().numpy()).reshape(3, -1)
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colour_measures(*pair[::-1])["colourfulness"][0].item() == pytest.approx(expected, rel=1e-5)
    flat = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert colour_measures(flat, flat)["colourfulness"][0].item() == pytest.approx(0.3 * np.hypot(255, 127.5))


@pytest.mark.parametrize("threshold", [2, 5])
def test_nazeris_accuracy_by_its_definition(pair: tuple[torch.Tensor, torch.Tensor], threshold: int) -> None:
    truth = pair[1]
    pictures = (truth + 0.01 * threshold * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))).clamp(
        0, 1
    )
    apart = abs(lab(pictures).round() - lab(truth).round())
    within = (apart[..., 0] <= threshold) & (apart[..., 1:] <= 2.2 * threshold + 1e-9).all(-1)
    found = colour_measures(pictures, truth)[f"nazeri_accuracy_{threshold}"]
    assert 0.05 < within.mean() < 0.95
    # A pixel within float32's reach of a rounding edge may fall to the other side.
    np.testing.assert_allclose(found.numpy(), within.mean((1, 2)), atol=0.03)

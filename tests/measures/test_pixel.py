"""MSE, PSNR and SSIM against closed forms and against a brute force in float64."""

import itertools

import numpy as np
import pytest
import torch

from colourize.measures.pixel import picture_measures


def measured(preds, truth, batch_size=None, **options):
    measures = picture_measures("test/", **options)
    batch_size = batch_size or len(preds)
    for batch in zip(preds.split(batch_size), truth.split(batch_size), strict=True):
        measures.update(*batch)
    return {name: value.item() for name, value in measures.compute().items()}


def brute_force_ssim(one, other):
    """Wang et al. 2004 with an 11×11 Gaussian window (σ = 1.5), pixel by pixel; the border is mirrored."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2
    values = []
    for x, y in zip(one, other, strict=True):  # each channel by itself
        x, y = (np.pad(np.asarray(channel, dtype=np.float64), 5, mode="reflect") for channel in (x, y))
        for top, left in itertools.product(range(x.shape[0] - 10), range(x.shape[1] - 10)):
            a, b = (picture[top : top + 11, left : left + 11] for picture in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            variance_a, variance_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            covariance = (window * (a - mean_a) * (b - mean_b)).sum()
            numerator = (2 * mean_a * mean_b + 0.01**2) * (2 * covariance + 0.03**2)
            denominator = (mean_a**2 + mean_b**2 + 0.01**2) * (variance_a + variance_b + 0.03**2)
            values.append(numerator / denominator)
    return np.mean(values)


def test_names():
    assert set(picture_measures("val/", ssim=False).keys()) == {"val/mse", "val/psnr"}
    expected = {"test/mse_expected", "test/psnr_expected", "test/ssim_expected"}
    assert set(picture_measures("test/", "_expected").keys()) == expected


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_mse_and_psnr_of_random_pictures(batch_size):
    torch.manual_seed(0)
    truth = torch.rand(7, 3, 9, 12)
    preds = (truth + torch.randn(7, 3, 9, 12) * torch.linspace(0.01, 0.5, 7).view(7, 1, 1, 1)).clamp(0, 1)
    errors = (preds - truth).double().square().flatten(1).mean(1).numpy()
    values = measured(preds, truth, batch_size, ssim=False)
    assert values["test/mse"] == pytest.approx(errors.mean(), rel=1e-5)
    assert values["test/psnr"] == pytest.approx((10 * np.log10(1 / errors)).mean(), rel=1e-5)


def test_psnr_is_of_each_picture_and_then_the_mean():
    truth = torch.zeros(2, 3, 4, 4)
    preds = truth + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1)
    # 20 and 40 dB; the pooled error of both would give 10·log10(2 / 0.0101) = 22.97 dB.
    assert measured(preds, truth, ssim=False)["test/psnr"] == pytest.approx(30, abs=1e-4)
    assert measured(preds, truth, batch_size=1, ssim=False)["test/psnr"] == pytest.approx(30, abs=1e-4)


@pytest.mark.parametrize("size", [(8, 8), (9, 13)])
def test_ssim_is_that_of_brute_force(size):
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(rng.random((2, 3, *size), dtype=np.float32))
    noise = torch.from_numpy(rng.normal(0, 0.2, (2, 3, *size)).astype(np.float32))
    preds = (0.7 * truth + noise).clamp(0, 1)
    expected = [brute_force_ssim(*pair) for pair in zip(preds, truth, strict=True)]
    assert abs(expected[0] - expected[1]) > 1e-3
    for batch_size in (1, 2):
        assert measured(preds, truth, batch_size)["test/ssim"] == pytest.approx(np.mean(expected), abs=1e-5)


def test_ssim_of_equal_and_of_constant_pictures():
    truth = torch.rand(2, 3, 16, 16)
    assert measured(truth, truth)["test/ssim"] == pytest.approx(1, abs=1e-6)
    one, other = torch.full((1, 3, 12, 12), 0.25), torch.full((1, 3, 12, 12), 0.5)
    # Without any structure only the means differ: (2·a·b + c) / (a² + b² + c).
    expected = (2 * 0.25 * 0.5 + 1e-4) / (0.25**2 + 0.5**2 + 1e-4)
    assert measured(one, other)["test/ssim"] == pytest.approx(expected, abs=1e-5)

"""MSE, PSNR and SSIM of each picture: closed forms, a brute force in float64, and torchmetrics' own classes."""

import itertools

import numpy as np
import pytest
import torch
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure
from torchmetrics.regression import MeanSquaredError

from colourize.measures.pixel import picture_measures

NAMES = ("mse", "psnr", "ssim")


def random_pictures(count, height, width):
    """Pictures and, more and more unlike them, what was made of them."""
    rng = np.random.default_rng(0)
    truth = rng.random((count, 3, height, width), dtype=np.float32)
    noise = rng.normal(0, 1, truth.shape) * np.linspace(0.01, 0.5, count)[:, None, None, None]
    return torch.from_numpy((0.9 * truth + noise).clip(0, 1).astype(np.float32)), torch.from_numpy(truth)


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


def test_only_the_named_ones_in_their_order():
    preds, truth = random_pictures(4, 9, 12)
    everything = picture_measures(preds, truth, NAMES)
    assert list(everything) == list(NAMES)
    for names in (("mse", "psnr"), ("psnr",), ("ssim", "mse")):
        found = picture_measures(preds, truth, names)
        assert list(found) == list(names)
        for name, values in found.items():
            assert values.shape == (4,) and torch.equal(values, everything[name])


def test_mse_and_psnr_are_of_each_picture():
    preds, truth = random_pictures(7, 9, 12)
    found = picture_measures(preds, truth, NAMES)
    for which in range(7):
        error = np.square(preds[which].double().numpy() - truth[which].double().numpy()).mean()
        assert found["mse"][which].item() == pytest.approx(error, rel=1e-5)
        assert found["psnr"][which].item() == pytest.approx(10 * np.log10(1 / error), rel=1e-5)
    # 20 and 40 dB; the pooled error of both would give 10·log10(2 / 0.0101) = 22.97 dB.
    truth = torch.zeros(2, 3, 4, 4)
    found = picture_measures(truth + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1), truth, ("psnr",))
    assert found["psnr"].tolist() == pytest.approx([20, 40], abs=1e-4)
    equal = picture_measures(truth, truth, ("mse", "psnr"))
    assert equal["mse"].tolist() == [0, 0] and equal["psnr"].tolist() == [np.inf, np.inf]


@pytest.mark.parametrize("size", [(8, 8), (9, 13)])
def test_ssim_is_that_of_brute_force(size):
    preds, truth = random_pictures(2, *size)
    expected = [brute_force_ssim(*pair) for pair in zip(preds, truth, strict=True)]
    assert abs(expected[0] - expected[1]) > 1e-3
    for layout in (torch.contiguous_format, torch.channels_last):
        found = picture_measures(preds.to(memory_format=layout), truth.to(memory_format=layout), ("ssim",))
        assert found["ssim"].tolist() == pytest.approx(expected, abs=1e-5)
    alone = picture_measures(preds[1:], truth[1:], ("ssim",))["ssim"]
    assert alone.shape == (1,) and alone.item() == pytest.approx(expected[1], abs=1e-5)


def test_ssim_of_equal_and_of_constant_pictures():
    truth = torch.rand(2, 3, 16, 16)
    assert picture_measures(truth, truth, NAMES)["ssim"].tolist() == pytest.approx([1, 1], abs=1e-6)
    one, other = torch.full((1, 3, 12, 12), 0.25), torch.full((1, 3, 12, 12), 0.5)
    # Without any structure only the means differ: (2·a·b + c) / (a² + b² + c).
    expected = (2 * 0.25 * 0.5 + 1e-4) / (0.25**2 + 0.5**2 + 1e-4)
    # Variances of 0 are differences of equal numbers, and are divided by 9e-4.
    assert picture_measures(one, other, NAMES)["ssim"].item() == pytest.approx(expected, abs=2e-4)


def test_means_over_pictures_are_those_of_torchmetrics():
    preds, truth = random_pictures(7, 16, 12)
    theirs = {
        "mse": MeanSquaredError(),
        "psnr": PeakSignalNoiseRatio(data_range=1.0, reduction="elementwise_mean", dim=(1, 2, 3)),
        "ssim": StructuralSimilarityIndexMeasure(data_range=1.0),
    }
    for batch in zip(preds.split(3), truth.split(3), strict=True):
        for metric in theirs.values():
            metric.update(*batch)
    for name, values in picture_measures(preds, truth, NAMES).items():
        assert values.mean().item() == pytest.approx(theirs[name].compute().item(), rel=1e-5), name

"""Measures of pictures: closed forms, and that what is torchmetrics' or piq's is called as it should be."""

import numpy as np
import piq
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from colourize.measures.base import PictureBatch
from colourize.measures.registry import MEASURES

NAMES = ("mse", "psnr", "ssim")
OF_PIQ = {"mdsi": piq.mdsi, "haarpsi": piq.haarpsi, "fsimc": piq.fsim, "vsi": piq.vsi}


def measured(pictures, truth, names):
    return {name: MEASURES[name].values(PictureBatch(pictures), PictureBatch(truth)) for name in names}


def random_pictures(count, height, width):
    """Pictures and, more and more unlike them, what was made of them."""
    rng = np.random.default_rng(0)
    truth = rng.random((count, 3, height, width), dtype=np.float32)
    noise = rng.normal(0, 1, truth.shape) * np.linspace(0.01, 0.5, count)[:, None, None, None]
    return torch.from_numpy((0.9 * truth + noise).clip(0, 1).astype(np.float32)), torch.from_numpy(truth)


def test_mse_and_psnr_are_of_each_picture():
    preds, truth = random_pictures(7, 9, 12)
    found = measured(preds, truth, NAMES)
    for which in range(7):
        error = np.square(preds[which].double().numpy() - truth[which].double().numpy()).mean()
        assert found["mse"][which].item() == pytest.approx(error, rel=1e-5)
        assert found["psnr"][which].item() == pytest.approx(10 * np.log10(1 / error), rel=1e-5)
    # 20 and 40 dB; the pooled error of both would give 10·log10(2 / 0.0101) = 22.97 dB.
    truth = torch.zeros(2, 3, 4, 4)
    found = measured(truth + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1), truth, ("psnr",))
    assert found["psnr"].tolist() == pytest.approx([20, 40], abs=1e-4)


def test_psnr_of_exact_pictures_is_that_of_rounding_to_eight_bits():
    truth = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for error in (0, 1e-7, 0.25 / 255):  # none, the arithmetic's own, a quarter of a level
        found = measured(truth + error, truth, ("mse", "psnr"))
        assert found["psnr"].tolist() == pytest.approx([58.92, 58.92], abs=0.005)
    assert measured(truth, truth, ("mse",))["mse"].tolist() == [0, 0]
    rounded = measured((255 * truth).round() / 255, truth, ("psnr",))["psnr"]
    assert rounded.tolist() == pytest.approx([58.92, 58.92], abs=0.1)  # what the bound is
    nothing = measured(torch.full_like(truth, torch.nan), truth, ("psnr",))["psnr"]
    assert nothing.isnan().all()


@pytest.mark.parametrize("size", [(6, 6), (9, 13), (32, 32)])
def test_ssim_is_torchmetrics(size):
    preds, truth = random_pictures(3, *size)
    expected = structural_similarity_index_measure(
        preds.double(), truth.double(), data_range=1.0, reduction="none"
    )  # in float32 its variances are differences of nearly equal numbers
    assert expected[0] - expected[2] > 0.1
    assert measured(truth, truth, NAMES)["ssim"].tolist() == pytest.approx([1, 1, 1], abs=1e-6)
    for layout in (torch.contiguous_format, torch.channels_last):
        found = measured(preds.to(memory_format=layout), truth.to(memory_format=layout), ("ssim",))
        np.testing.assert_allclose(found["ssim"].numpy(), expected.numpy(), atol=2e-6)


def test_they_are_piqs_of_each_picture() -> None:
    pictures, truth = random_pictures(3, 32, 32)
    found = measured(pictures.to(memory_format=torch.channels_last), truth, OF_PIQ)
    for name, function in OF_PIQ.items():
        alone = torch.stack([function(pictures[i : i + 1], truth[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(found[name], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_equal_pictures_have_the_best_value(level: float) -> None:
    pictures = torch.full((2, 3, 32, 32), level)
    found = measured(pictures, pictures, ("mdsi", "haarpsi", "fsimc"))
    assert (found["mdsi"] == 0).all() and (found["haarpsi"] == 1).all() and (found["fsimc"] == 1).all()

"""Lab and CIEDE2000 agree with scikit-image and the published pairs."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import color

from colourize.colour.lab import ciede2000, rgb_to_lab

PAIRS = Path(__file__).parent / "ciede2000-pairs.csv"  # Sharma, Wu & Dalal (2005), table 1


@pytest.fixture
def rgb() -> torch.Tensor:
    return torch.rand(4, 3, 9, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_lab_is_scikit_images(rgb: torch.Tensor) -> None:
    expected = color.rgb2lab(rgb.movedim(1, -1).numpy())
    np.testing.assert_allclose(rgb_to_lab(rgb).movedim(1, -1).numpy(), expected, atol=0.02)  # its white is rounded


def test_greys_have_no_colour_black_and_white_are_0_and_100() -> None:
    levels = torch.linspace(0, 1, 256, dtype=torch.float64).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    lab = rgb_to_lab(levels)
    assert lab[:, 1:].abs().max() < 1e-12
    assert abs(lab[0, 0, 0, 0]) < 1e-12 and abs(lab[0, 0, 0, -1] - 100) < 1e-12
    assert (lab[0, 0, 0].diff() > 0).all()


def test_gradients_are_numbers_at_black_and_white() -> None:
    rgb = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).repeat(1, 3, 1, 1).requires_grad_()
    rgb_to_lab(rgb).sum().backward()
    assert rgb.grad is not None and rgb.grad.isfinite().all()


def test_the_published_pairs() -> None:
    with PAIRS.open() as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    table = torch.tensor(rows, dtype=torch.float64)
    assert len(table) == 34
    first, second, expected = table[:, :3], table[:, 3:6], table[:, 6]
    torch.testing.assert_close(ciede2000(first, second), expected, atol=5e-5, rtol=0)
    torch.testing.assert_close(ciede2000(second, first), expected, atol=5e-5, rtol=0)


def test_differences_of_pictures_are_scikit_images(rgb: torch.Tensor) -> None:
    lab = rgb_to_lab(rgb)
    one, other = lab[:2], lab[2:]
    expected = color.deltaE_ciede2000(one.movedim(1, -1).numpy(), other.movedim(1, -1).numpy())
    np.testing.assert_allclose(ciede2000(one, other).numpy(), expected, atol=1e-9)
    assert (ciede2000(lab, lab) == 0).all()
    np.testing.assert_allclose(ciede2000(one.float(), other.float()).numpy(), expected, atol=5e-3)

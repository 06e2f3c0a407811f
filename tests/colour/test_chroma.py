"""Chroma over a given lightness: the lightness stays, hues stay, sRGB's own colours stay, greys are grey."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage import color
from torch import Tensor

from colourize.colour.chroma import chroma_of, chroma_over, lightness_of


def random_lightness(seed: int = 0) -> Tensor:
    return torch.rand(3, 1, 40, 40, generator=torch.Generator().manual_seed(seed))


def random_chroma(size: float) -> Tensor:
    return size * torch.randn(3, 2, 40, 40, generator=torch.Generator().manual_seed(1))


def skimage_lightness(rgb: Tensor) -> np.ndarray:
    """L, with the luminance of IEC 61966-2-1 to seven digits; `rgb2lab` knows it to six."""
    pixels = rgb.double().movedim(1, -1).numpy()
    linear = np.where(pixels > 0.04045, ((pixels + 0.055) / 1.055) ** 2.4, pixels / 12.92)
    luminance = linear @ np.array([0.2126729, 0.7151522, 0.0721750])
    found: np.ndarray = color.xyz2lab(np.stack([luminance] * 3, -1))[..., 0]
    return found


@pytest.mark.parametrize("size", [5.0, 40.0, 150.0, 1e4])
def test_the_lightness_stays_however_strong_the_colours(size: float) -> None:
    lightness, chroma = random_lightness(), random_chroma(size)
    rgb = chroma_over(lightness, chroma)
    assert rgb.dtype == torch.float32 and rgb.min() >= 0 and rgb.max() <= 1
    np.testing.assert_allclose(skimage_lightness(rgb), 100 * lightness[:, 0].double().numpy(), atol=1e-4)
    lab = color.rgb2lab(rgb.double().movedim(1, -1).numpy())
    np.testing.assert_allclose(lab[..., 0], 100 * lightness[:, 0].numpy(), atol=3e-3)
    # The hue as well, and the chroma never grows.
    a, b = chroma.unbind(1)
    found = np.moveaxis(lab[..., 1:], -1, 1)
    across = (found[:, 0] * b.numpy() - found[:, 1] * a.numpy()) / a.hypot(b).numpy()
    assert np.abs(across).max() < 0.02
    assert (np.hypot(found[:, 0], found[:, 1]) <= a.hypot(b).numpy() + 0.02).all()
    if size > 1000:
        edge = torch.minimum(rgb.amin(1), 1 - rgb.amax(1))  # as strong as sRGB has them
        assert edge.max() < 1e-3


def test_a_colour_of_srgb_is_told_exactly() -> None:
    """Its whole surface too, where the way to grey may lead outside: that of bright yellow does."""
    grid = torch.cartesian_prod(*[torch.linspace(0, 1, 52)] * 3)
    surface = grid[((grid == 0) | (grid == 1)).any(1)].T[None, :, :, None]
    inside = torch.rand(3, 3, 52, 52, generator=torch.Generator().manual_seed(0))
    for rgb in (surface, inside):
        torch.testing.assert_close(chroma_over(lightness_of(rgb), chroma_of(rgb)), rgb, atol=2e-5, rtol=0)


def test_the_strongest_colour_of_a_hue_is_taken() -> None:
    """At this lightness and hue sRGB has chroma 0 … 37.3 and 70.9 … 91.2 (by a fine scan)."""
    hue = math.radians(104)
    direction = torch.tensor([math.cos(hue), math.sin(hue)]).view(1, 2, 1, 1)
    for asked, expected in ((30.0, 30.0), (60.0, 37.3), (80.0, 80.0), (110.0, 91.2), (1e5, 91.2)):
        found = chroma_of(chroma_over(torch.full((1, 1, 1, 1), 0.97), asked * direction))
        assert math.isclose(found.norm(), expected, abs_tol=0.1)


def test_greys_are_exactly_grey() -> None:
    levels = torch.arange(256).view(1, 1, 16, 16) / 255
    grey = levels.expand(-1, 3, -1, -1)
    assert (chroma_of(grey) == 0).all()
    rgb = chroma_over(lightness_of(grey), torch.zeros(1, 2, 16, 16))
    assert torch.equal(rgb[:, 0], rgb[:, 1]) and torch.equal(rgb[:, 0], rgb[:, 2])
    torch.testing.assert_close(rgb, grey, atol=1e-6, rtol=0)
    strong = chroma_over(torch.tensor([0.0, 1.0]).view(1, 1, 1, 2), torch.full((1, 2, 1, 2), 80.0))
    torch.testing.assert_close(strong[0, :, 0].T, torch.tensor([0.0, 1.0])[:, None].expand(2, 3), atol=1e-6, rtol=0)


def test_gradients_are_numbers() -> None:
    """At black, white and grey, at no chroma, within sRGB and outside; within, they are those of differences."""
    lightness = torch.tensor([0.0, 0.02, 0.5, 1.0]).view(1, 1, 1, 4).double().requires_grad_()
    for size in (0.0, 3.0, 300.0):
        chroma = torch.full((1, 2, 1, 4), size, dtype=torch.float64, requires_grad=True)
        for gradient in torch.autograd.grad(chroma_over(lightness, chroma).sum(), [lightness, chroma]):
            assert gradient.isfinite().all()
    middle = torch.full((1, 1, 1, 1), 0.5).double()
    chroma = torch.tensor([20.0, -10.0]).double().view(1, 2, 1, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: chroma_over(middle, each), (chroma,))
    rgb = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3).repeat(1, 3, 1, 1).requires_grad_()
    (chroma_of(rgb).sum() + lightness_of(rgb).sum()).backward()
    assert rgb.grad is not None and rgb.grad.isfinite().all()

"""Elastic deformation: nothing at zero, else as SciPy does it; the picture's own draws; labels after it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import ndimage

from colourize.data.augmentation import ElasticDeformation, FlipsAndShifts, deformed, displacements
from colourize.data.draws import Draws


def pictures(count: int, height: int = 16, width: int = 20) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8))


def draws(which: Any, **recipe: Any) -> Draws:
    return Draws(torch.as_tensor(which), **{"seed": 0, "epoch": 0, "stage": "train", "purpose": "a", **recipe})


def test_a_field_of_zero_is_identity():
    originals = pictures(30, 31, 33)
    assert torch.equal(deformed(originals, torch.zeros(30, 2, 31, 33)), originals)
    still = ElasticDeformation(0.5, 2, deviation=0, max_rotation=0)
    assert torch.equal(still(originals, draws(range(30))), FlipsAndShifts(0.5, 2)(originals, draws(range(30))))


def test_whole_displacements_read_the_pixel_that_they_name():
    originals = pictures(2)
    field = torch.stack([torch.full((2, 16, 20), 3.0), torch.full((2, 16, 20), -2.0)], 1)
    assert torch.equal(deformed(originals, field)[:, :13, 2:], originals[:, 3:, :18])
    corner = torch.zeros(2, 2, 16, 20)
    corner[:, :, 0, 0] = torch.tensor([-4.0, -1.0])  # mirrored on the outermost pixels
    assert torch.equal(deformed(originals, corner)[:, 0, 0], originals[:, 4, 1])


def test_the_field_goes_through_the_grids_points():
    coarse = torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    field = displacements(coarse, torch.zeros(1), 17, 33)
    torch.testing.assert_close(field[..., ::4, ::8], coarse)
    same = displacements(torch.full((1, 2, 3, 3), 0.7), torch.zeros(1), 17, 33)
    torch.testing.assert_close(same, torch.full_like(same, 0.7))  # a shift of all


def test_a_smooth_picture_is_deformed_as_scipy_does():
    rows, columns = np.mgrid[:24, :24] / 24
    smooth = np.stack([128 + 100 * np.sin(4 * rows), 255 * columns, 128 + 90 * np.cos(3 * (rows + columns))], -1)
    original = torch.from_numpy(smooth.round().astype(np.uint8))[None]
    field = displacements(
        torch.randn(1, 2, 3, 3, generator=torch.Generator().manual_seed(1)), torch.ones(1) * 0.1, 24, 24
    )
    places = np.mgrid[:24, :24] + field[0].numpy()
    inside = ((places > 2) & (places < 21)).all(0)
    for channel in range(3):
        expected = ndimage.map_coordinates(original[0, ..., channel].double(), places, order=3, mode="mirror")
        found = deformed(original, field)[0, ..., channel].numpy()
        assert np.abs(found - expected)[inside].max() < 2


def test_a_quarter_turn_is_numpys():
    originals = pictures(3, 15, 15)
    field = displacements(torch.zeros(3, 2, 3, 3), torch.full((3,), np.pi / 2), 15, 15)
    np.testing.assert_array_equal(deformed(originals, field), np.rot90(originals.numpy(), 1, (1, 2)))


def test_the_change_belongs_to_the_picture():
    elastic, originals = ElasticDeformation(0.5, 1, max_rotation=5), pictures(20)
    whole = elastic(originals, draws(range(20)))
    assert whole.dtype == torch.uint8 and whole.shape == originals.shape
    for which in ([7], [19, 0, 7]):
        assert torch.equal(elastic(originals[which], draws(which)), whole[which])
    for other in ({"epoch": 1}, {"seed": 1}):
        assert not torch.equal(elastic(originals, draws(range(20), **other)), whole)

"""Flips and shifts are NumPy's, deformations SciPy's, for each picture by itself; nothing held out changes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from colourize.data.augmentation import (
    Augmentation,
    ElasticDeformation,
    FlipsAndShifts,
    Symmetries,
    deformed,
    displacements,
)
from colourize.data.draws import Draws
from colourize.errors import UsageError

Change = tuple[bool, int, int]


def pictures(count: int, height: int = 10, width: int = 12) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def draws(which: Any, **recipe: Any) -> Draws:
    return Draws(torch.as_tensor(which), **{"seed": 0, "epoch": 0, "stage": "train", "purpose": "a", **recipe})


def augmented(augmentation: Augmentation, originals: np.ndarray, **recipe: Any) -> np.ndarray:
    outputs = augmentation(torch.from_numpy(originals), draws(range(len(originals)), **recipe))
    assert outputs.shape == originals.shape and outputs.dtype == torch.uint8
    return outputs.numpy()


def changed(originals: np.ndarray, change: Change) -> np.ndarray:
    """Mirrored left to right, and then moved down and to the right, with NumPy."""
    flipped, down, right = change
    (height, width), margin = originals.shape[1:3], max(abs(down), abs(right))
    originals = np.flip(originals, 2) if flipped else originals
    padded = np.pad(originals, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect")
    top, left = margin - down, margin - right
    return padded[:, top : top + height, left : left + width]


def changes(most: int) -> list[Change]:
    shifts = range(-most, most + 1)
    return list(itertools.product((False, True), shifts, shifts))


def find(outputs: np.ndarray, originals: np.ndarray, most: int) -> list[Change]:
    """For each picture the one change that makes the original into the output."""
    fits = [(changed(originals, change) == outputs).all((1, 2, 3)) for change in changes(most)]
    assert (np.sum(fits, 0) == 1).all()
    return [changes(most)[which] for which in np.argmax(fits, 0)]


@pytest.mark.parametrize(("flip", "most"), [(0.5, 2), (0.2, 1), (0.5, 0), (1, 0), (0, 4)])
def test_each_picture_is_flipped_and_shifted_by_itself(flip, most):
    originals = pictures(1000)
    found = find(augmented(FlipsAndShifts(flip, most), originals), originals, most)
    share = sum(flipped for flipped, _, _ in found) / len(found)
    assert share == pytest.approx(flip, abs=4 * np.sqrt(flip * (1 - flip) / len(found)))
    likely = [(flip if flipped else 1 - flip) / (2 * most + 1) ** 2 for flipped, _, _ in changes(most)]
    counted = [(found.count(change), share) for change, share in zip(changes(most), likely, strict=True) if share]
    assert sum(count for count, _ in counted) == len(found)
    if len(counted) > 1:
        assert stats.chisquare(*np.array([(count, len(found) * share) for count, share in counted]).T).pvalue > 1e-3


@pytest.mark.parametrize(
    "augmentation", [FlipsAndShifts(0.5, 2), Symmetries(), ElasticDeformation(0.5, 1, max_rotation=5)]
)
def test_the_change_belongs_to_the_picture(augmentation):
    originals = pictures(40, 12, 12)
    whole = augmented(augmentation, originals)
    for which in ([7], [39, 0, 7], list(range(20, 40))):
        part = augmentation(torch.from_numpy(originals[which]), draws(which))
        np.testing.assert_array_equal(part, whole[which])
    for other in ({"epoch": 1}, {"seed": 1}):
        same = (augmented(augmentation, originals, **other) == whole).all((1, 2, 3))
        assert same.sum() < 12  # of the eight symmetries, one picture in eight has the same again


def test_input_and_target_change_together_and_in_training_alone(tiny_task, tiny_data):
    augmentation = {"_target_": "colourize.data.augmentation.FlipsAndShifts", "flip": 0.5, "max_shift": 2}
    task, data = tiny_task("low", "classification"), tiny_data(augmentation=augmentation)
    for stage in ("train", "val", "test"):
        for batch in getattr(data, f"{stage}_dataloader")():
            batch = data.on_after_batch_transfer(batch, 0)
            pair = task.make_pair(batch)
            seen = (pair.truth * 255).round().to(torch.uint8).movedim(1, -1).numpy()
            assert torch.equal(pair.inputs, task.degradation(pair.truth))
            assert torch.equal(pair.target, task.answer.palette.labels(pair.truth))
            originals = getattr(data.pictures, stage)[pair.which.numpy()]
            if stage == "train":
                assert len(find(seen, originals, 2)) == len(batch.which)
                assert batch.cache is None  # labels of the originals are not theirs
            else:
                np.testing.assert_array_equal(seen, originals)


def test_the_symmetries_of_the_square_are_equally_likely():
    originals = pictures(1000, 9, 9)
    outputs = augmented(Symmetries(), originals)
    turned = [np.rot90(each, turns, (1, 2)) for each in (originals, originals[:, ::-1]) for turns in range(4)]
    fits = np.array([(each == outputs).all((1, 2, 3)) for each in turned])
    assert (fits.sum(0) == 1).all() and stats.chisquare(fits.sum(1)).pvalue > 1e-3
    with pytest.raises(UsageError, match=r"^data\.augmentation=Symmetries: pictures are 10×12; must be square"):
        augmented(Symmetries(), pictures(2))


def test_a_shift_must_stay_within_the_picture():
    with pytest.raises(UsageError, match=r"^data\.augmentation\.max_shift=10: must be below the size, 10×12$"):
        augmented(FlipsAndShifts(max_shift=10), pictures(2))


# ----------------------------------------------------------------------------------- elastic deformation


def test_a_field_of_zero_is_identity():
    originals = torch.from_numpy(pictures(30, 31, 33))
    assert torch.equal(deformed(originals, torch.zeros(30, 2, 31, 33)), originals)
    still = ElasticDeformation(0.5, 2, deviation=0, max_rotation=0)
    assert torch.equal(still(originals, draws(range(30))), FlipsAndShifts(0.5, 2)(originals, draws(range(30))))


def test_whole_displacements_read_the_pixel_that_they_name():
    originals = torch.from_numpy(pictures(2, 16, 20))
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
    originals = torch.from_numpy(pictures(3, 15, 15))
    field = displacements(torch.zeros(3, 2, 3, 3), torch.full((3,), np.pi / 2), 15, 15)
    np.testing.assert_array_equal(deformed(originals, field), np.rot90(originals.numpy(), 1, (1, 2)))

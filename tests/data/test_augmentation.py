"""Flips and shifts: NumPy's own, for each picture by itself; input and target agree; nothing held out changes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from colourize.data.augmentation import Augmentation, FlipsAndShifts, Symmetries
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


def test_the_change_belongs_to_the_picture():
    augmentation, originals = FlipsAndShifts(0.5, 2), pictures(40)
    whole = augmented(augmentation, originals)
    for which in ([7], [39, 0, 7], list(range(20, 40))):
        part = augmentation(torch.from_numpy(originals[which]), draws(which))
        np.testing.assert_array_equal(part, whole[which])
    first = find(whole, originals, 2)
    for other in ({"epoch": 1}, {"seed": 1}):
        second = find(augmented(augmentation, originals, **other), originals, 2)
        assert sum(one == two for one, two in zip(first, second, strict=True)) < 5


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
    part = Symmetries()(torch.from_numpy(originals[[7, 3]]), draws([7, 3]))
    np.testing.assert_array_equal(part, outputs[[7, 3]])
    with pytest.raises(UsageError, match=r"^data\.augmentation=Symmetries: pictures are 10×12; must be square"):
        augmented(Symmetries(), pictures(2))


def test_a_shift_must_stay_within_the_picture():
    with pytest.raises(UsageError, match=r"^data\.augmentation\.max_shift=10: must be below the size, 10×12$"):
        augmented(FlipsAndShifts(max_shift=10), pictures(2))

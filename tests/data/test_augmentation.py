"""Flips and shifts: NumPy's own, for each picture by itself; input and target agree; nothing held out changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer
from scipy import stats

from colourize.data.augmentation import FlipsAndShifts
from colourize.data.draws import Draws
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.tasks import RestorationTask

Change = tuple[bool, int, int]


def pictures(count: int, height: int = 10, width: int = 12) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def draws(which: Any, **recipe: Any) -> Draws:
    return Draws(torch.as_tensor(which), **{"seed": 0, "epoch": 0, "stage": "train", "purpose": "a", **recipe})


def augmented(augmentation: FlipsAndShifts, originals: np.ndarray, **recipe: Any) -> np.ndarray:
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
def test_each_picture_is_flipped_and_shifted_by_itself(flip: float, most: int) -> None:
    originals = pictures(1000)
    found = find(augmented(FlipsAndShifts(flip, most), originals), originals, most)
    share = sum(flipped for flipped, _, _ in found) / len(found)
    assert share == pytest.approx(flip, abs=4 * np.sqrt(flip * (1 - flip) / len(found)))
    likely = [(flip if flipped else 1 - flip) / (2 * most + 1) ** 2 for flipped, _, _ in changes(most)]
    counted = [(found.count(change), share) for change, share in zip(changes(most), likely, strict=True) if share]
    assert sum(count for count, _ in counted) == len(found)
    if len(counted) > 1:
        assert stats.chisquare(*np.array([(count, len(found) * share) for count, share in counted]).T).pvalue > 1e-3


def test_the_largest_shift_there_is() -> None:
    originals = pictures(50, 3, 4)
    outputs = augmented(FlipsAndShifts(0, 2), originals)
    fits = {change: (changed(originals, change) == outputs).all((1, 2, 3)) for change in changes(2)}
    assert np.any(list(fits.values()), 0).all()
    assert fits[False, 2, 2].any() and fits[False, 2, -2].any()
    with pytest.raises(UsageError, match=r"^data\.augmentation\.max_shift=3: must be below the size, 3×4$"):
        augmented(FlipsAndShifts(max_shift=3), originals)


def test_the_change_belongs_to_the_picture() -> None:
    augmentation, originals = FlipsAndShifts(0.5, 2), pictures(40)
    whole = augmented(augmentation, originals)
    for which in ([7], [39, 0, 7], list(range(20, 40))):
        part = augmentation(torch.from_numpy(originals[which]), draws(which))
        np.testing.assert_array_equal(part, whole[which])
    first = find(whole, originals, 2)
    for other in ({"epoch": 1}, {"seed": 1}):
        second = find(augmented(augmentation, originals, **other), originals, 2)
        assert sum(one == two for one, two in zip(first, second, strict=True)) < 5


class Watch(Callback):
    """Takes a note of each stage's pairs and of the pictures that they are."""

    def __init__(self) -> None:
        self.pairs: dict[str, list[Any]] = {"train": [], "val": [], "test": []}

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.pairs["train"].append((trainer.current_epoch, pl_module.make_pair(batch)))

    def on_validation_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, *_: int) -> None:
        self.pairs["val"].append((0, pl_module.make_pair(batch)))

    def on_test_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, *_: int) -> None:
        self.pairs["test"].append((0, pl_module.make_pair(batch)))


def test_input_and_target_change_together_and_in_training_alone(
    tiny_task: Callable[..., RestorationTask], tiny_data: type[PictureData], quiet_trainer: Callable[..., Trainer]
) -> None:
    augmentation = {"_target_": "colourize.data.augmentation.FlipsAndShifts", "flip": 0.5, "max_shift": 2}
    found: dict[int, dict[tuple[int, int], Change]] = {}
    for batch_size in (4, 11):
        data = tiny_data(batch_size=batch_size, augmentation=augmentation)
        task, watch = tiny_task("low", "classification"), Watch()
        trainer = quiet_trainer(max_epochs=2, callbacks=[watch])
        trainer.fit(task, datamodule=data)
        trainer.test(task, datamodule=data, verbose=False)
        found[batch_size] = {}
        for stage, pairs in watch.pairs.items():
            for epoch, pair in pairs:
                seen = (pair.truth * 255).round().to(torch.uint8).movedim(1, -1).numpy()
                assert torch.equal(pair.inputs, task.degradation(pair.truth))
                assert torch.equal(pair.target, task.answer.palette.labels(pair.truth))
                originals = getattr(data.pictures, stage)[pair.which.numpy()]
                if stage == "train":
                    for number, change in zip(pair.which.tolist(), find(seen, originals, 2), strict=True):
                        found[batch_size][epoch, number] = change
                else:
                    np.testing.assert_array_equal(seen, originals)
    assert found[4] == found[11] and len(found[4]) == 22
    first, second = ([found[4][epoch, number] for number in range(11)] for epoch in (0, 1))
    assert first != second and len(set(first)) > 5


@pytest.mark.parametrize("flip", [-0.1, 1.5, "0.5", None, True, float("nan")])
def test_flip_is_a_share(flip: Any) -> None:
    with pytest.raises(UsageError, match=rf"^data\.augmentation\.flip={flip}: must be a share, 0 to 1$"):
        FlipsAndShifts(flip)


@pytest.mark.parametrize("most", [-1, 1.5, True])
def test_shifts_are_whole(most: Any) -> None:
    with pytest.raises(UsageError, match=rf"^data\.augmentation\.max_shift={most}: must be a whole number of"):
        FlipsAndShifts(max_shift=most)

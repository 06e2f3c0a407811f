"""Elastic deformation: nothing at zero, else as SciPy does it; the picture's own draws; labels after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Trainer
from scipy import ndimage

from colourize.data.augmentation import ElasticDeformation, FlipsAndShifts, deformed, displacements
from colourize.data.batches import Batch
from colourize.data.draws import Draws
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.tasks import RestorationTask


def pictures(count: int, height: int = 16, width: int = 20) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8))


def draws(which: Any, **recipe: Any) -> Draws:
    return Draws(torch.as_tensor(which), **{"seed": 0, "epoch": 0, "stage": "train", "purpose": "a", **recipe})


def test_a_field_of_zero_is_identity() -> None:
    originals = pictures(30, 31, 33)
    assert torch.equal(deformed(originals, torch.zeros(30, 2, 31, 33)), originals)
    still = ElasticDeformation(0.5, 2, deviation=0, max_rotation=0)
    assert torch.equal(still(originals, draws(range(30))), FlipsAndShifts(0.5, 2)(originals, draws(range(30))))


def test_whole_displacements_read_the_pixel_that_they_name() -> None:
    originals = pictures(2)
    field = torch.stack([torch.full((2, 16, 20), 3.0), torch.full((2, 16, 20), -2.0)], 1)
    assert torch.equal(deformed(originals, field)[:, :13, 2:], originals[:, 3:, :18])
    corner = torch.zeros(2, 2, 16, 20)
    corner[:, :, 0, 0] = torch.tensor([-4.0, -1.0])  # mirrored on the outermost pixels
    assert torch.equal(deformed(originals, corner)[:, 0, 0], originals[:, 4, 1])


def test_the_field_goes_through_the_grids_points() -> None:
    coarse = torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    field = displacements(coarse, torch.zeros(1), 17, 33)
    torch.testing.assert_close(field[..., ::4, ::8], coarse)
    same = displacements(torch.full((1, 2, 3, 3), 0.7), torch.zeros(1), 17, 33)
    torch.testing.assert_close(same, torch.full_like(same, 0.7))  # a shift of all


def test_a_smooth_picture_is_deformed_as_scipy_does() -> None:
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


def test_a_quarter_turn_is_numpys() -> None:
    originals = pictures(3, 15, 15)
    field = displacements(torch.zeros(3, 2, 3, 3), torch.full((3,), np.pi / 2), 15, 15)
    np.testing.assert_array_equal(deformed(originals, field), np.rot90(originals.numpy(), 1, (1, 2)))


def test_the_change_belongs_to_the_picture() -> None:
    elastic, originals = ElasticDeformation(0.5, 1, max_rotation=5), pictures(20)
    whole = elastic(originals, draws(range(20)))
    assert whole.dtype == torch.uint8 and whole.shape == originals.shape
    for which in ([7], [19, 0, 7]):
        assert torch.equal(elastic(originals[which], draws(which)), whole[which])
    for other in ({"epoch": 1}, {"seed": 1}):
        assert not torch.equal(elastic(originals, draws(range(20), **other)), whole)


def test_the_displacements_have_the_deviation_that_is_asked_for() -> None:
    seen = draws(range(2000)).normal(2, 3, 3) * 0.6
    field = displacements(seen, torch.zeros(2000), 32, 32)
    for row, column in ((0, 0), (0, 31), (31, 31)):
        assert field[:, :, row, column].std().item() == pytest.approx(0.6, rel=0.05)


def test_labels_are_those_of_the_deformed_picture(
    tiny_task: Callable[..., RestorationTask], tiny_data: type[PictureData], quiet_trainer: Callable[..., Trainer]
) -> None:
    augmentation = {"_target_": "colourize.data.augmentation.ElasticDeformation", "deviation": 1.0}
    data, task = tiny_data(augmentation=augmentation), tiny_task("grey", "classification")
    seen: list[Batch] = []
    step = task.training_step
    task.training_step = lambda batch, batch_idx: (seen.append(batch), step(batch, batch_idx))[1]
    quiet_trainer().fit(task, datamodule=data)
    for batch in seen:
        assert batch.cache is None
        assert not np.array_equal(batch.pictures.numpy(), data.pictures.train[batch.which.numpy()])
        pair = task.make_pair(batch)
        truth = batch.pictures.movedim(-1, 1).float() / 255
        torch.testing.assert_close(pair.truth, truth)
        assert torch.equal(pair.target, task.answer.palette.labels(truth))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"deviation": -1}, "deviation=-1: must be a number from 0 to 100"),
        ({"max_rotation": True}, "max_rotation=True: must be a number from 0 to 180"),
        ({"grid_size": 1}, "grid_size=1: must be a whole number from 2 to 64"),
        ({"flip": 2}, "flip=2: must be a share, 0 to 1"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        ElasticDeformation(**arguments)
    assert str(error.value) == f"data.augmentation.{told}"

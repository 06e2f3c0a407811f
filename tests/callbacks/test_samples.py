"""Sample pictures: which files appear, what they show, and that looking changes nothing."""

import numpy as np
import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.callbacks.samples import SamplePictures
from colourize.data.pictures import Pictures
from colourize.errors import UsageError
from colourize.figures.grid import GAP, labelled_grid

ZOOM, SIZE = 6, 16


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "samples"


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def shown(path, rows, count):
    """The pictures on a sheet, uint8 (rows, count, 16, 16, 3), without labels and gaps."""
    sheet = np.asarray(Image.open(path))
    cell = SIZE * ZOOM + GAP
    assert sheet.shape[0] == rows * cell + GAP
    sheet = sheet[GAP:, sheet.shape[1] - count * cell :].reshape(rows, cell, count, cell, 3)
    return sheet.swapaxes(1, 2)[:, :, :-GAP:ZOOM, :-GAP:ZOOM]


@pytest.mark.parametrize(
    ("every_n_epochs", "expected"),
    [
        (1, ["best.png", "epoch-001.png", "epoch-002.png", "epoch-003.png", "epoch-004.png"]),
        (2, ["best.png", "epoch-002.png", "epoch-004.png"]),
        (3, ["best.png", "epoch-003.png"]),
        (0, ["best.png"]),
    ],
)
def test_files(tiny_task, tiny_data, quiet_trainer, folder, every_n_epochs, expected):
    samples = SamplePictures(str(folder), num_pictures=2, every_n_epochs=every_n_epochs)
    trainer = quiet_trainer(max_epochs=4, callbacks=[samples], limit_train_batches=1)
    task = tiny_task("grey", "regression")
    trainer.fit(task, datamodule=tiny_data())
    assert names(folder) == expected[1:]
    trainer.validate(task, datamodule=tiny_data(), verbose=False)
    assert names(folder) == expected[1:]
    trainer.test(task, datamodule=tiny_data(), verbose=False)
    assert names(folder) == expected


def test_sanity_check_is_no_epoch(tiny_task, tiny_data, quiet_trainer, folder):
    samples = SamplePictures(str(folder))
    trainer = quiet_trainer(callbacks=[samples], num_sanity_val_steps=1, limit_train_batches=0)
    trainer.fit(tiny_task("grey", "regression"), datamodule=tiny_data())
    assert names(folder) == []


def test_the_same_validation_pictures_after_every_epoch(tiny_task, tiny_data, quiet_trainer, folder):
    data = tiny_data()
    task = tiny_task("low", "regression", optimizer={"_target_": "torch.optim.Adam", "lr": 0.1})
    trainer = quiet_trainer(max_epochs=2, callbacks=[SamplePictures(str(folder), num_pictures=3)])
    trainer.fit(task, datamodule=data)
    first, second = (shown(folder / f"epoch-00{epoch}.png", rows=4, count=3) for epoch in (1, 2))
    low, prediction, bilinear, truth = range(4)
    np.testing.assert_array_equal(second[truth], data.pictures.val[:3])
    for row in (low, bilinear, truth):
        np.testing.assert_array_equal(first[row], second[row])
    assert (first[prediction] != second[prediction]).any()

    # The last epoch's weights are still there: the sheet shows them as they predict, not as they train.
    pair = task.eval().make_pair(torch.from_numpy(data.pictures.val[:3]))
    with torch.no_grad():
        rows = task.sample_rows(pair, task(pair.inputs))
    assert np.array_equal(np.asarray(Image.open(folder / "epoch-002.png")), np.asarray(labelled_grid(rows)))


def test_best_shows_the_tested_weights(tiny_task, tiny_data, quiet_trainer, folder):
    class Mirrored(tiny_data):
        def load(self):
            return Pictures(
                *(pictures[:, :, ::-1] for pictures in super().load()[:3])
            )  # a source's arrays may be views

    task, data = tiny_task("grey", "classification"), Mirrored()
    quiet_trainer(callbacks=[SamplePictures(str(folder))]).test(task, datamodule=data, verbose=False)
    # Of ten wanted pictures there are seven.
    pair = task.eval().make_pair(torch.from_numpy(data.pictures.val.copy()))
    with torch.no_grad():
        rows = task.sample_rows(pair, task(pair.inputs))
    assert np.array_equal(np.asarray(Image.open(folder / "best.png")), np.asarray(labelled_grid(rows)))


def test_looking_changes_nothing(tiny_task, tiny_data, quiet_trainer, folder):
    weights = []
    for callbacks in ([], [SamplePictures(str(folder))]):
        task = tiny_task("grey", "classification")
        quiet_trainer(max_epochs=2, callbacks=callbacks).fit(task, datamodule=tiny_data())
        weights.append(task.state_dict())
    assert names(folder) == ["epoch-001.png", "epoch-002.png"]
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def test_tensorboard_shows_them(tiny_task, tiny_data, quiet_trainer, folder, tmp_path):
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    trainer = quiet_trainer(max_epochs=2, callbacks=[SamplePictures(str(folder), 2)], logger=logger)
    task = tiny_task("grey", "regression")
    trainer.fit(task, datamodule=tiny_data())
    trainer.test(task, datamodule=tiny_data(), verbose=False)
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["images"]) == ["samples/best", "samples/validation"]
    assert [image.step for image in events.Images("samples/validation")] == [3, 6]
    width, height = Image.open(folder / "best.png").size
    (best,) = events.Images("samples/best")
    assert (best.width, best.height) == (width, height)


def test_other_peoples_modules_are_left_alone(quiet_trainer, folder):
    quiet_trainer(fast_dev_run=True, callbacks=[SamplePictures(str(folder))]).fit(BoringModel())
    assert names(folder) == []


@pytest.mark.parametrize("num_pictures", [0, -2])
def test_number_of_pictures(num_pictures):
    with pytest.raises(UsageError, match=rf"^callbacks\.samples\.num_pictures={num_pictures}: must be"):
        SamplePictures("samples", num_pictures=num_pictures)


def test_number_of_epochs():
    with pytest.raises(UsageError, match=r"^callbacks\.samples\.every_n_epochs=-1: must be"):
        SamplePictures("samples", every_n_epochs=-1)

"""Sheets of pictures during a training: which files appear, what they show, and that drawing changes nothing."""

import numpy as np
import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.callbacks.samples import ActivationSheets, SamplePictures
from colourize.data.pictures import Pictures
from colourize.figures.grid import GAP, labelled_grid
from colourize.inspection.files import observe, sheets

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


def expected_sheet(task, pictures):
    pair = task.eval().make_pair(torch.from_numpy(pictures))
    with torch.no_grad():
        return np.asarray(labelled_grid(task.sample_rows(pair, task(pair.inputs))))


@pytest.mark.parametrize("every_n_epochs", [0, 1, 2, 3])
def test_files(tiny_task, tiny_data, quiet_trainer, folder, every_n_epochs):
    samples = SamplePictures(str(folder), num_pictures=2, every_n_epochs=every_n_epochs)
    trainer = quiet_trainer(max_epochs=4, callbacks=[samples], limit_train_batches=1, num_sanity_val_steps=1)
    task = tiny_task("grey", "regression")
    trainer.fit(task, datamodule=tiny_data())
    expected = [f"epoch-00{epoch}.png" for epoch in range(1, 5) if every_n_epochs and epoch % every_n_epochs == 0]
    trainer.validate(task, datamodule=tiny_data(), verbose=False)
    assert names(folder) == expected
    trainer.test(task, datamodule=tiny_data(), verbose=False)
    assert names(folder) == ["best.png", *expected]


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
    # The last epoch's weights are shown as they predict, not as they train.
    assert np.array_equal(Image.open(folder / "epoch-002.png"), expected_sheet(task, data.pictures.val[:3]))


def test_best_shows_the_tested_weights(tiny_task, tiny_data, quiet_trainer, folder):
    class Mirrored(tiny_data):
        def load(self):  # a source's arrays may be views
            return Pictures(*(pictures[:, :, ::-1] for pictures in super().load()[:3]))

    task, data = tiny_task("grey", "classification"), Mirrored()
    quiet_trainer(callbacks=[SamplePictures(str(folder))]).test(task, datamodule=data, verbose=False)
    # Of ten wanted pictures there are seven.
    assert np.array_equal(Image.open(folder / "best.png"), expected_sheet(task, data.pictures.val.copy()))


@pytest.mark.parametrize("compiled", [False, True])
def test_drawing_changes_nothing(tiny_task, tiny_data, quiet_trainer, folder, monkeypatch, compiled):
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda model: setattr(model, "_compiled_call_impl", model._call_impl)
    )
    weights = []
    for callbacks in ([], [SamplePictures(str(folder)), ActivationSheets(str(folder / "maps"))]):
        task = tiny_task("low", "regression")
        if compiled:
            task.model.compile()
        quiet_trainer(max_epochs=2, callbacks=callbacks, precision="bf16-mixed").fit(task, datamodule=tiny_data())
        weights.append(task.state_dict())
    assert len(names(folder)) == 3 and len(names(folder / "maps")) == 2
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def test_tensorboard_and_feature_maps(tiny_task, tiny_data, quiet_trainer, folder, tmp_path):
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    maps = ActivationSheets(str(folder / "maps"), num_pictures=2, count=5, every_n_epochs=2)
    trainer = quiet_trainer(max_epochs=2, callbacks=[SamplePictures(str(folder), 2), maps], logger=logger)
    task, data = tiny_task("grey", "classification"), tiny_data()
    trainer.fit(task, datamodule=data)
    trainer.test(task, datamodule=data, verbose=False)
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path)).Reload()
    tags = [f"{name}/{when}" for name in ("activations", "samples") for when in ("best", "validation")]
    assert sorted(events.Tags()["images"]) == tags
    assert [image.step for image in events.Images("samples/validation")] == [3, 6]
    (best,) = events.Images("samples/best")
    assert (best.width, best.height) == Image.open(folder / "best.png").size
    (sheet,) = sheets([observe("UNet", task, data, "val", 5)], [0, 1]).values()
    assert names(folder / "maps") == ["best.png", "epoch-002.png"]
    for name in names(folder / "maps"):
        assert np.array_equal(Image.open(folder / "maps" / name), sheet)


def test_other_modules_are_left_alone(quiet_trainer, folder):
    callbacks = [SamplePictures(str(folder)), ActivationSheets(str(folder))]
    quiet_trainer(fast_dev_run=True, callbacks=callbacks).fit(BoringModel())
    assert names(folder) == []

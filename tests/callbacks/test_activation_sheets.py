"""The sheets of feature maps of a training: when there are some, what they show, that training stays the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.callbacks.activations import ActivationSheets
from colourize.errors import UsageError
from colourize.inspection.files import observe, sheets


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "activations"


def test_files_and_what_is_on_them(tiny_task, tiny_data, quiet_trainer, folder, tmp_path):
    task, data = tiny_task("grey", "classification"), tiny_data()
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    callback = ActivationSheets(str(folder), num_pictures=2, count=5, every_n_epochs=2)
    trainer = quiet_trainer(max_epochs=4, callbacks=[callback], limit_train_batches=1, logger=logger)
    trainer.fit(task, datamodule=data)
    assert sorted(path.name for path in folder.iterdir()) == ["epoch-002.png", "epoch-004.png"]
    trainer.test(task, datamodule=data, verbose=False)
    (sheet,) = sheets([observe("UNet", task, data, "val", 5)], [0, 1]).values()
    for name in ("epoch-004", "best"):
        assert np.array_equal(np.asarray(Image.open(folder / f"{name}.png")), np.asarray(sheet))
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path)).Reload()
    assert sorted(events.Tags()["images"]) == ["activations/best", "activations/validation"]


@pytest.mark.parametrize("compiled", [False, True])
def test_looking_changes_nothing(tiny_task, tiny_data, quiet_trainer, folder, monkeypatch, compiled):
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda model: setattr(model, "_compiled_call_impl", model._call_impl)
    )
    weights = []
    for callbacks in ([], [ActivationSheets(str(folder))]):
        task = tiny_task("low", "regression")
        if compiled:
            task.model.compile()
        quiet_trainer(max_epochs=2, callbacks=callbacks, precision="bf16-mixed").fit(task, datamodule=tiny_data())
        weights.append(task.state_dict())
    assert len(list(folder.iterdir())) == 2
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def test_other_peoples_modules_are_left_alone(quiet_trainer, folder):
    quiet_trainer(fast_dev_run=True, callbacks=[ActivationSheets(str(folder))]).fit(BoringModel())
    assert not folder.exists()


@pytest.mark.parametrize("wrong", [{"num_pictures": 0}, {"count": 1}, {"every_n_epochs": -1}])
def test_wrong_numbers(wrong):
    (key,) = wrong
    with pytest.raises(UsageError, match=rf"^callbacks\.activations\.{key}={wrong[key]}: must be"):
        ActivationSheets("activations", **wrong)

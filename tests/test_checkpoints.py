"""From a `.ckpt` file back to the task and its data, and the refusal of other files."""

import functools
import pickle
import re
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel

import colourize
from colourize.checkpoints import check_resumable, data_from, first_difference, read
from colourize.data.synthetic import SyntheticData
from colourize.errors import InputError, UsageError
from colourize.methods.identity import settings_of_task
from colourize.tasks import RestorationTask


@pytest.fixture
def saved(tiny_task, tiny_data, quiet_trainer, tmp_path):
    """`task, path = saved("regression")`: trained for an epoch, so that batch norm has statistics to keep."""

    def save(answer, data=None, **arguments):
        task = tiny_task("grey", answer, **arguments)
        trainer = quiet_trainer()
        trainer.fit(task, datamodule=data or tiny_data())
        path = tmp_path / f"{answer}.ckpt"
        trainer.save_checkpoint(path, weights_only=False)
        return task.eval(), path

    return save


def refusal(path, function=colourize.load):
    """The message about a file, which names it in one or two lines."""
    with pytest.raises(InputError) as error:
        function(path)
    message = str(error.value)
    assert message.startswith(f"checkpoint={path}: ")
    assert message.count("\n") <= 1 and len(message.replace(str(path), "")) < 500
    return message


# ----------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize(("answer", "divisor"), [("regression", 256), ("classification", 255)])
def test_loaded_task_is_the_saved_one(saved, answer, divisor):
    schedule = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 2}
    task, path = saved(answer, divisor=divisor, size=[16, 16], lr_scheduler=schedule)
    loaded = colourize.load(str(path))
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint["colourize"]["version"] == colourize.__version__
    assert checkpoint["colourize"]["task"] == "colourize.tasks.restoration.RestorationTask"
    assert only_plain_values(checkpoint["hyper_parameters"])
    # The hyperparameters have what was fitted, and the weights do not repeat it.
    assert all(name.startswith("model.") for name in checkpoint["state_dict"])
    assert bool(checkpoint["hyper_parameters"]["fitted"]) == (answer == "classification")
    assert type(loaded) is RestorationTask
    assert not loaded.training and not loaded.model.training
    assert loaded.hparams.keys() == task.hparams.keys()
    assert first_difference(dict(loaded.hparams), dict(task.hparams)) is None
    assert (loaded.divisor, loaded.hparams["size"]) == (divisor, [16, 16])
    assert loaded.state_dict().keys() == task.state_dict().keys()
    for name, value in task.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    if answer == "classification":
        assert torch.equal(loaded.answer.palette.colours, task.answer.palette.colours)

    pictures = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 32, 16, 3), dtype=np.uint8))
    pair, expected = loaded.make_pair(pictures), task.make_pair(pictures)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(pair[:4], expected[:4], strict=True))
    outputs = loaded(pair.inputs)
    assert torch.equal(outputs, task(pair.inputs))
    assert torch.equal(outputs, loaded.model(pair.inputs))
    for name, picture in task.pictures(outputs, pair.inputs).items():
        assert torch.equal(loaded.pictures(outputs, pair.inputs)[name], picture)


def only_plain_values(contents: Any) -> bool:
    """Whether contents, at any depth, are values of YAML or tensors: exactly, and not by inheritance."""
    if type(contents) is dict:
        return all(type(key) is str and only_plain_values(value) for key, value in contents.items())
    if type(contents) is list:
        return all(map(only_plain_values, contents))
    return type(contents) in (str, int, float, bool, type(None), torch.Tensor)


def test_checkpoint_knows_its_data(saved):
    drawn = {"num_train": 9, "num_val": 4, "num_test": 3, "size": 16, "drawing_seed": 3}
    augmentation = {"_target_": "colourize.data.augmentation.FlipsAndShifts", "flip": 0.5, "max_shift": 1}
    data = SyntheticData(**drawn, batch_size=4, protocol="course", palette=None, augmentation=augmentation)
    _, path = saved("regression", data)
    again = data_from(read(path), path)
    assert type(again) is SyntheticData
    assert dict(again.hparams) == dict(data.hparams)
    assert (again.divisor, again.validation, again.batch_size) == (256, "test", 4)
    assert again.augmentation.max_shift == 1
    for mine, theirs in zip(again.pictures, data.pictures, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_checkpoint_without_data(tiny_task, tiny_data, quiet_trainer, tmp_path):
    task, path = tiny_task("grey", "regression"), tmp_path / "own.ckpt"
    batches = torch.utils.data.DataLoader(list(tiny_data().train_dataloader()), batch_size=None)
    trainer = quiet_trainer(limit_val_batches=0)
    trainer.fit(task, batches)
    trainer.save_checkpoint(path, weights_only=False)
    assert isinstance(colourize.load(path), RestorationTask)
    message = refusal(path, lambda path: data_from(read(path), path))
    assert "choose some, such as data=cifar10" in message


# --------------------------------------------------------------------------------------- other files


def test_files_that_are_no_checkpoints(saved, tmp_path, quiet_trainer):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    content = saved("classification")[1].read_bytes()
    cuts = (0, 1, 4, 100, len(content) // 3, len(content) // 2, len(content) - 100, len(content) - 1)
    path = tmp_path / "other.ckpt"
    assert "there is no such file" in refusal(path) and "there is no such file" in refusal(tmp_path)
    for other in (*(content[:length] for length in cuts), b"epoch,loss\n1,0.5\n", bytes(range(256)) * 40):
        path.write_bytes(other)
        assert "truncated, or not a checkpoint at all" in refusal(path)
    for function in (refusal, {"state_dict": {}}):
        path.write_bytes(pickle.dumps(function))
        assert re.search("not a checkpoint at all|was not made by this project", refusal(path))
    for module in (torch.nn.Linear(2, 2), {"colourize": Trap()}):  # would have to be unpickled
        torch.save(module, path)
        assert "not a checkpoint at all" in refusal(path)
    assert not (tmp_path / "sprung").exists()
    trainer = quiet_trainer(limit_train_batches=1, limit_val_batches=0)
    trainer.fit(BoringModel())
    trainer.save_checkpoint(path, weights_only=False)
    assert "was not made by this project" in refusal(path)
    for plain in (torch.nn.Linear(2, 2).state_dict(), [1, 2], torch.zeros(3)):
        torch.save(plain, path)
        assert "was not made by this project" in refusal(path)


def test_checkpoint_of_another_version(saved):
    made_with, unknown = "it was made with 0.0.7", "which is no part of a task in"
    _, path = saved("regression")
    for change, message in (
        (lambda contents: contents["state_dict"].popitem(), made_with),
        (lambda contents: contents["hyper_parameters"]["model"].update(num_filters=8), made_with),
        (lambda contents: contents.update(state_dict={"old": torch.zeros(1)}), made_with),
        (lambda contents: contents.pop("hyper_parameters"), made_with),
        (lambda contents: contents["hyper_parameters"]["model"].update(_target_="colourize.models.Bygone"), unknown),
        (lambda contents: contents["colourize"].update(task="colourize.tasks.bygone.Bygone"), unknown),
    ):
        contents = torch.load(path, weights_only=True)
        change(contents)
        contents["colourize"]["version"] = "0.0.7"
        changed = path.with_name("changed.ckpt")
        torch.save(contents, changed)
        refused = refusal(changed)
        assert message in refused and "this version of the project" in refused


@pytest.mark.parametrize("name", ["models.course.UNet", "models.UNet"])
def test_checkpoints_of_version_0_2_are_brought_up_to_date(saved, tiny_task, name):
    """It had all networks in one file, and no projection; its checkpoints are read, and training goes on from them."""
    low = {"_target_": "colourize.degradations.LowResolution", "scale_factor": 4, "projected": False}
    task, path = saved("regression", degradation=low, prior={"_target_": "colourize.models.Interpolation"})
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["hyper_parameters"]["model"]["_target_"] = f"colourize.{name}"
    del checkpoint["hyper_parameters"]["degradation"]["projected"]
    checkpoint["hyper_parameters"]["prior"]["_target_"] = "colourize.models.interpolation.Interpolation"
    torch.save(checkpoint, path)
    loaded = colourize.load(path)
    assert type(loaded.model) is type(task.model)
    # Seeds of the two versions are of one method.
    assert settings_of_task(loaded.hparams, "", {}) == settings_of_task(task.hparams, "", {})
    check_resumable(path, read(path), task, 1000)


# ------------------------------------------------------------------------------------ training further


def test_training_does_not_go_on_from_another_task(saved, tiny_task, palette):
    """The first difference is named by its key, with both values where they can be shown; more in test_bad_input."""
    low = {"_target_": "colourize.degradations.LowResolution", "scale_factor": 4}
    (_, path), (_, other) = saved("classification", size=[16, 16]), saved("regression", degradation=low)
    grey = functools.partial(tiny_task, "grey", "classification", size=[16, 16])
    for fresh in (grey(), grey(seed=7)):  # the first weights may differ
        check_resumable(path, read(path), fresh, 1000)
    done = torch.load(path, weights_only=True)["epoch"] + 1
    check_resumable(path, read(path), grey(), done + 1)
    with pytest.raises(UsageError, match=rf"^trainer.max_epochs={done}: .* has trained {done} epochs already$"):
        check_resumable(path, read(path), grey(), done)
    mine = type("Mine", (RestorationTask,), {})(**grey().hparams)
    with pytest.raises(UsageError, match=r"was made by colourize\.\S+\.RestorationTask, this run's task is \S+\.Mine$"):
        check_resumable(path, read(path), mine, 1000)
    mae = {"_target_": "colourize.losses.MeanAbsoluteError"}
    for file, task, message in [
        (other, tiny_task("low", "regression", loss=mae), "loss._target_ (colourize.losses.MeanSquaredError there"),
        (
            other,
            tiny_task("low", "regression", degradation={**low, "scale_factor": 8}),
            "degradation.scale_factor (4 there, 8",
        ),
        (path, grey(optimizer={"_target_": "torch.optim.Adam", "lr": 1.0}), "optimizer.lr (0.001 there, 1.0 here)"),
        (path, grey(lr_scheduler={"_target_": "torch.optim.lr_scheduler.ConstantLR"}), "lr_scheduler (None there"),
        (path, grey(prior={"_target_": "colourize.models.PaletteOracle"}), "prior (None there"),
        (path, grey(size=[32, 32]), "size ([16, 16] there, [32, 32] here)"),
        (path, grey(fitted={"answer": {"colours": torch.tensor(palette[::-1])}}), "fitted.answer.colours"),
    ]:
        with pytest.raises(UsageError) as error:
            check_resumable(file, read(file), task, 1000)
        assert f".ckpt: was made with another {message}" in str(error.value)
        assert "\n" not in str(error.value) and len(str(error.value)) < 500

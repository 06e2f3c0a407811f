"""From a `.ckpt` file back to the task and its data, and what other files are told."""

import functools
import pickle

import numpy as np
import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel

import colourize
from colourize.checkpoints import check_resumable, data_from, read, task_from
from colourize.data.synthetic import SyntheticData
from colourize.errors import InputError, UsageError
from colourize.tasks import Classification, Regression

both_tasks = pytest.mark.parametrize("answer", ["regression", "classification"])


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
    """What the user is told of a file; in any case its name, in one or two lines."""
    with pytest.raises(InputError) as error:
        function(path)
    told = str(error.value)
    assert told.startswith(f"checkpoint={path}: ")
    assert told.count("\n") <= 1 and len(told) < 500
    return told


# ----------------------------------------------------------------------------------------- round trips


@both_tasks
@pytest.mark.parametrize("protocol", ["honest", "course"])
def test_loaded_task_is_the_saved_one(saved, answer, protocol):
    schedule = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 2}
    task, path = saved(answer, protocol=protocol, lr_scheduler=schedule)
    loaded = colourize.load(str(path))
    assert type(loaded) is {"regression": Regression, "classification": Classification}[answer]
    assert not loaded.training and not loaded.model.training
    assert dict(loaded.hparams) == dict(task.hparams)
    assert loaded.state_dict().keys() == task.state_dict().keys()
    for name, value in task.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    if answer == "classification":
        assert torch.equal(loaded.palette.colours, task.palette.colours)

    pictures = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (2, 32, 16, 3), dtype=np.uint8))
    pair, expected = loaded.make_pair(pictures), task.make_pair(pictures)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(pair, expected, strict=True))
    outputs = loaded(pair.inputs)
    assert torch.equal(outputs, task(pair.inputs))
    assert torch.equal(outputs, loaded.model(pair.inputs))
    for name, picture in task.pictures(outputs).items():
        assert torch.equal(loaded.pictures(outputs)[name], picture)


@both_tasks
def test_loaded_task_tests_as_the_saved_one(saved, tiny_data, quiet_trainer, answer):
    task, path = saved(answer)
    (expected,) = quiet_trainer().test(task, datamodule=tiny_data(), verbose=False)
    (measures,) = quiet_trainer().test(colourize.load(path), datamodule=tiny_data(), verbose=False)
    assert measures == expected


@both_tasks
def test_file_holds_nothing_but_tensors_and_plain_values(saved, answer):
    task, path = saved(answer)
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint["colourize"]["version"] == colourize.__version__
    assert checkpoint["colourize"]["task"] == f"colourize.tasks.{answer}.{type(task).__name__}"
    assert type(checkpoint["hyper_parameters"]["model"]) is dict
    assert "palette" not in " ".join(checkpoint["state_dict"])  # the hyperparameters have it


def test_checkpoint_knows_its_data(saved):
    drawn = {"num_train": 9, "num_val": 4, "num_test": 3, "size": 16, "drawing_seed": 3}
    data = SyntheticData(**drawn, batch_size=4, protocol="course", palette=None)
    _, path = saved("regression", data)
    again = data_from(read(path), path)
    assert type(again) is SyntheticData
    assert dict(again.hparams) == dict(data.hparams)
    assert again.protocol == "course" and again.batch_size == 4
    for mine, theirs in zip(again.pictures, data.pictures, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_checkpoint_without_data(tiny_task, tiny_data, quiet_trainer, tmp_path):
    task, path = tiny_task("grey", "regression"), tmp_path / "own.ckpt"
    pairs = [task.make_pair(batch) for batch in tiny_data().train_dataloader()]
    batches = torch.utils.data.DataLoader(pairs, batch_size=None)
    trainer = quiet_trainer(limit_val_batches=0)
    trainer.fit(task, batches)
    trainer.save_checkpoint(path, weights_only=False)
    assert isinstance(colourize.load(path), Regression)
    told = refusal(path, lambda path: data_from(read(path), path))
    assert "give one, such as data=cifar10" in told


# --------------------------------------------------------------------------------------- other files


def test_missing_file(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "none.ckpt")
    assert "there is no such file" in refusal(tmp_path)


@both_tasks
def test_truncated_file(saved, tmp_path, answer):
    _, path = saved(answer)
    content = path.read_bytes()
    cut = tmp_path / "cut.ckpt"
    for length in (0, 1, 4, 100, len(content) // 3, len(content) // 2, len(content) - 100, len(content) - 1):
        cut.write_bytes(content[:length])
        assert "truncated, or not a checkpoint at all" in refusal(cut)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    "content",
    [b"epoch,loss\n1,0.5\n", bytes(range(256)) * 40, pickle.dumps({"state_dict": {}}), pickle.dumps(refusal)],
    ids=["text", "bytes", "pickled dict", "pickled function"],
)
def test_file_of_another_kind(tmp_path, content):
    path = tmp_path / "other.ckpt"
    path.write_bytes(content)
    told = refusal(path)
    assert "not a checkpoint at all" in told or "was not made by this project" in told


def test_checkpoints_of_others(tmp_path, quiet_trainer):
    path = tmp_path / "other.ckpt"
    for content in (torch.nn.Linear(2, 2).state_dict(), [1, 2], torch.zeros(3)):
        torch.save(content, path)
        assert "was not made by this project" in refusal(path)
    torch.save(torch.nn.Linear(2, 2), path)  # a whole module would have to be unpickled
    assert "not a checkpoint at all" in refusal(path)
    trainer = quiet_trainer(limit_train_batches=1, limit_val_batches=0)
    trainer.fit(BoringModel())
    trainer.save_checkpoint(path, weights_only=False)
    assert "was not made by this project" in refusal(path)


def test_no_code_of_a_file_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    path = tmp_path / "trap.ckpt"
    torch.save({"colourize": Trap()}, path)
    refusal(path)
    assert not (tmp_path / "sprung").exists()


def without_first_weight(checkpoint):
    del checkpoint["state_dict"][next(iter(checkpoint["state_dict"]))]


def another_width(checkpoint):
    checkpoint["hyper_parameters"]["model"]["num_filters"] = 8


def rename_weights(checkpoint):
    checkpoint["state_dict"] = {f"old.{name}": value for name, value in checkpoint["state_dict"].items()}


def unknown_model(checkpoint):
    checkpoint["hyper_parameters"]["model"]["_target_"] = "colourize.models.Bygone"


def unknown_task(checkpoint):
    checkpoint["colourize"]["task"] = "colourize.tasks.bygone.Bygone"


def no_arguments(checkpoint):
    del checkpoint["hyper_parameters"]


@pytest.mark.parametrize(
    "change",
    [
        without_first_weight,
        another_width,
        rename_weights,
        unknown_model,
        unknown_task,
        no_arguments,
    ],
)
def test_checkpoint_of_another_version(saved, change):
    _, path = saved("regression")
    checkpoint = torch.load(path, weights_only=True)
    change(checkpoint)
    checkpoint["colourize"]["version"] = "0.0.7"
    torch.save(checkpoint, path)
    assert "does not fit this version of the project (it was made with 0.0.7)" in refusal(path)


def test_task_from_what_was_read(saved):
    task, path = saved("classification")
    inputs = torch.rand(1, 1, 16, 16)
    assert torch.equal(task_from(read(path), path)(inputs), task(inputs))


# ------------------------------------------------------------------------------------ training further


@both_tasks
def test_training_may_go_on_from_its_own_checkpoint(saved, tiny_task, answer):
    _, path = saved(answer)
    check_resumable(path, tiny_task("grey", answer), 1000)
    # What may differ: the weights that would have been drawn.
    check_resumable(path, tiny_task("grey", answer, seed=7), 1000)


def test_training_does_not_go_on_from_another_task(saved, tiny_task, palette):
    _, path = saved("classification")
    grey = functools.partial(tiny_task, "grey", "classification")
    wider = {"_target_": "colourize.models.UNet", "num_filters": 8}
    shifted = [*palette[:-1], [0.9, 0.9, 0.9]]
    for task, told in [
        (tiny_task("grey", "regression"), "was made by the task Classification, this run's is Regression"),
        (tiny_task("low", "classification"), "another degradation"),
        (grey(model=wider), "another model"),
        (grey(protocol="course"), "another protocol (honest there, course here)"),
        (grey(optimizer={"_target_": "torch.optim.SGD", "lr": 1.0}), "another optimizer"),
        (grey(lr_scheduler={"_target_": "torch.optim.lr_scheduler.ConstantLR"}), "another lr_scheduler"),
        (grey(palette=shifted), "another palette"),
        (grey(palette=palette[:-1]), "another palette"),
    ]:
        with pytest.raises(UsageError) as error:
            check_resumable(path, task, 1000)
        assert str(error.value).startswith(f"checkpoint={path}: ")
        assert told in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(InputError):
        check_resumable(path.with_name("none.ckpt"), grey(), 1000)


def test_training_does_not_go_on_without_epochs_left(saved, tiny_task):
    _, path = saved("regression")
    done = torch.load(path, weights_only=True)["epoch"] + 1
    task = tiny_task("grey", "regression")
    check_resumable(path, task, done + 1)
    with pytest.raises(UsageError, match=rf"^trainer.max_epochs={done}: .* has trained {done} epochs already$"):
        check_resumable(path, task, done)

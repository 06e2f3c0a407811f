"""The errors of Hydra, Lightning and the system name the key, what is wrong and what is allowed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig

from colourize.cli.messages import check_arguments, printable, user_error
from colourize.errors import InputError, UsageError


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        # One word is wrong, and only that one is named.
        ("data.batch_size=20 data.root=~/mine seed=1", "data.root=~/mine: is not understood; "),
        ("data.root=~/mine", "quoted twice: 'data.root=\"~/mine\"'"),
        ("+model=cnn", "Multiple values for model"),
        # The keys are those of the options that were chosen, wherever they were chosen.
        ("data=folder data.mirror=x", "data.mirror: there is no such key; data has batch_size, "),
        ("experiment=fast task.lr_scheduler.T_max=3", "T_max: there is no such key; task.lr_scheduler has max_lr, "),
        # The key that is meant.
        ("epochs=3", "epochs: there is no such key; did you mean trainer.max_epochs?"),
        ("lr=3", "did you mean task.optimizer.lr?"),
        ("batch=10", "did you mean data.batch_size?"),
        ("optimiser=sgd", "did you mean optimizer?"),
        ("models=unet", "did you mean model?"),
        ("augment=flips", "did you mean augmentation?"),
        ("hydra.mode=foo", "hydra.mode=foo: Invalid value 'foo', expected one of [RUN, MULTIRUN]"),
    ],
)
def test_errors_of_hydra_become_one_line(typed: str, message: str, compose: Callable[..., DictConfig]) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        compose(*typed.split())
    found = user_error(caught.value)
    assert isinstance(found, UsageError) and message in str(found) and "\n" not in str(found)


def test_errors_of_others() -> None:
    own, wrapper = InputError("horses.ckpt: truncated"), RuntimeError("in a worker")
    wrapper.__cause__ = own
    assert user_error(wrapper) is own
    assert str(user_error(MisconfigurationException("no such\n key"))) == "trainer: no such key"
    denied = user_error(PermissionError(13, "Permission denied", "/nowhere/x"))
    assert isinstance(denied, InputError)
    assert str(denied) == "/nowhere/x: Permission denied; must be a place that can be used"
    assert user_error(ZeroDivisionError("a fault of the program")) is None


def test_a_terminal_gets_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", "data.root=a\nb", "seed=1"])
    message = "data.root=a\nb: there is no such folder\nName another: × \x1b[2J \x85 \u2028"
    assert printable(message) == "data.root=a\\nb: there is no such folder\nName another: × \\x1b[2J \\x85 \\u2028"


@pytest.mark.parametrize(
    ("typed", "value"), [("--epochs 3", "3"), ("--epochs=3", "3"), ("--epochs seed=1", "…"), ("--epochs --lr 3", "…")]
)
def test_a_flag_of_another_program_is_named_with_its_key(
    typed: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", *typed.split()])
    with pytest.raises(UsageError, match=rf"^--epochs\S*: there is no such flag; type trainer.max_epochs={value}$"):
        check_arguments()


def test_a_group_takes_names_of_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", "loss=[1,2]"])
    with pytest.raises(UsageError, match=r"^loss=\[1,2\]: a group takes names of its options"):
        check_arguments()
    monkeypatch.setattr("sys.argv", ["colourize-train", "loss=mse", "data.category=[1,2]", "~model", "seed=0,1"])
    check_arguments()

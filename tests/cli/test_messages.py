"""Errors in people's words: what is wrong is named, with its cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from omegaconf import DictConfig

from colourize.cli.messages import check_groups, mendable, printable
from colourize.configuration import config_dir
from colourize.errors import InputError, UsageError


def told(error: BaseException) -> str:
    mended = mendable(error, config_dir())
    assert mended is not None and mended.exit_code == 2
    return str(mended)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        # One word is wrong, and only that one is named.
        ("data.batch_size=20 data.root=~/mine seed=1", "data.root=~/mine: not understood; "),
        ("data.root=~/mine", "quoted twice: 'data.root=\"~/mine\"'"),
        ("data=synthetic model=null seed=1", "model=null: a group takes one of its options"),
        ("data.category=[a,b] seed=0,1", "seed=0,1: several values are a sweep"),
        ("+model=cnn", "model: has an option already"),
        # The keys are those of the options that were chosen, wherever they were chosen.
        ("data=folder data.mirror=x", "data.mirror: there is no such key; data has batch_size, "),
        ("experiment=fast task.lr_scheduler.T_max=3", "T_max: there is no such key; task.lr_scheduler has max_lr, "),
        ("hydra.mode=foo", "hydra.mode=foo: Invalid value 'foo', expected one of [RUN, MULTIRUN]"),
    ],
)
def test_what_was_typed(
    typed: str, message: str, compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", *typed.split()])
    with pytest.raises(Exception, match=r".") as caught:
        compose(*typed.split())
    assert message in told(caught.value)
    assert "\n" not in told(caught.value)


@pytest.mark.parametrize(
    ("typed", "file", "message"),
    [
        ("callbacks.samples.folder=/nowhere/x", "/nowhere/x", "callbacks.samples.folder=/nowhere/x: "),
        (
            "callbacks.samples.folder=/nowhere",
            "/nowhere/x/a.png",
            "callbacks.samples.folder=/nowhere: /nowhere/x/a.png: ",
        ),
        ("seed=1", "/nowhere/x", "/nowhere/x: "),
    ],
)
def test_a_place_that_cannot_be_used(typed: str, file: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", *typed.split()])
    mended = mendable(PermissionError(13, "Permission denied", file), config_dir())
    assert isinstance(mended, InputError)
    assert str(mended) == f"{message}Permission denied; must be a place that can be used"


def test_what_lightning_refuses() -> None:
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    assert told(MisconfigurationException("no such\n key")) == "trainer: no such key"


def test_our_own_errors_pass_whatever_wraps_them() -> None:
    own = InputError("horses.ckpt: truncated")
    wrapped = RuntimeError("in a worker")
    wrapped.__cause__ = own
    assert mendable(wrapped, config_dir()) is own


def test_a_fault_of_the_program_is_none() -> None:
    assert mendable(ZeroDivisionError("ours"), config_dir()) is None


def test_what_a_terminal_may_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", "data.root=a\nb", "seed=1"])
    told = "data.root=a\nb: there is no such folder\nName another: × \x1b[2J \x85 \u2028"
    assert printable(told) == "data.root=a\\nb: there is no such folder\nName another: × \\x1b[2J \\x85 \\u2028"


def test_a_group_is_no_list_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["colourize-train", "loss=[1,2]"])
    with pytest.raises(UsageError, match=r"loss=\[1,2\]: a group takes one of its options"):
        check_groups(config_dir())
    monkeypatch.setattr("sys.argv", ["colourize-train", "loss=mse", "data.category=[1,2]", "~model", "seed=0,1"])
    check_groups(config_dir())

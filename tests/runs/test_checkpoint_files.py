"""Checkpoints reach the disk while training goes on: in order, as they were when saved, and failures are raised."""

from __future__ import annotations

import errno
import logging
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer

from colourize.callbacks.checkpoints import Checkpoints
from colourize.runs import checkpoint_files, stopping
from colourize.runs.checkpoint_files import CheckpointFiles


@pytest.fixture
def files():
    files = CheckpointFiles()
    yield files
    files.teardown()


@pytest.fixture
def disk(monkeypatch):
    """Set: the disk is done."""
    done, fsync = threading.Event(), os.fsync

    def slow(descriptor: int) -> None:
        assert done.wait(10)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    yield done
    done.set()


def full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def value(path: Path) -> float:
    return float(torch.load(path, weights_only=True)["weight"])


def meanwhile(files: CheckpointFiles) -> Any:
    return checkpoint_files.meanwhile(SimpleNamespace(strategy=SimpleNamespace(checkpoint_io=files)))  # type: ignore[arg-type]


def test_training_goes_on_and_the_file_holds_what_was_saved(files, disk, tmp_path):
    weight = torch.tensor(1.0)
    with meanwhile(files):
        for name in ("best", "last"):
            files.save_checkpoint({"weight": weight}, tmp_path / f"{name}.ckpt")
    weight += 1
    assert list(tmp_path.glob("[!.]*")) == []
    disk.set()
    files.wait()
    assert {path.name: value(path) for path in tmp_path.iterdir()} == {"best.ckpt": 1, "last.ckpt": 1}


def test_those_of_one_epoch_at_most_are_under_way_and_in_their_order(files, tmp_path):
    with meanwhile(files):
        for number in range(6):
            files.save_checkpoint({"weight": torch.tensor(float(number))}, tmp_path / "last.ckpt")
            assert len(files._under_way) <= 2
    assert files.load_checkpoint(tmp_path / "last.ckpt")["weight"] == 5  # reading waits
    assert value(tmp_path / "last-previous.ckpt") == 4


class Line(LightningModule):
    """One weight and its bias."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.layer, self.folder = torch.nn.Linear(1, 1), folder

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(task: Line, *callbacks: Any, epochs: int = 1) -> None:
    trainer = Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[Checkpoints(str(task.folder)), *callbacks], plugins=[CheckpointFiles()],
    )  # fmt: skip
    trainer.fit(task, torch.utils.data.DataLoader(torch.ones(4, 1), 2))


def test_a_new_file_is_there_before_the_old_one_goes(files, disk, tmp_path):
    old, new = tmp_path / "old.ckpt", tmp_path / "new.ckpt"
    old.touch()
    with meanwhile(files):
        files.save_checkpoint({}, new)
    threading.Timer(0.1, disk.set).start()
    files.remove_checkpoint(old)
    assert new.exists() and not old.exists()
    files.save_checkpoint({"weight": torch.tensor(1.0)}, tmp_path / "mine.ckpt")  # outside the block it waits
    assert not files._under_way and value(tmp_path / "mine.ckpt") == 1


class Fails(Line):
    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 1:
            raise ZeroDivisionError


@pytest.mark.parametrize("stopped", [False, True])
def test_a_full_disk_ends_the_training(stopped, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(stopping, "requested", lambda: stopped)  # else: `resume=… goes on`
    with pytest.raises(OSError, match=r"No space left on device: '.*last\.ckpt'"):
        fit(Line(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_error_of_a_run_is_raised_before_that_of_a_full_disk(tmp_path, monkeypatch, caplog):
    with pytest.raises(ZeroDivisionError):
        fit(Fails(tmp_path), epochs=2)
    assert (tmp_path / "last.ckpt").exists()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ZeroDivisionError), caplog.at_level(logging.WARNING):
        fit(Fails(tmp_path), epochs=2)
    assert "A checkpoint could not be written: " in caplog.text and "last.ckpt" in caplog.text

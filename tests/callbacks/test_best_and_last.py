"""Checkpoints: which files an epoch leaves, and that a run goes on from them as if it had never stopped."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from console import TINY, succeed
from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from colourize.build import NEEDLESS_WARNINGS
from colourize.callbacks.checkpoints import Checkpoints
from colourize.callbacks.metrics_csv import MetricsCsv
from colourize.callbacks.tensorboard_pages import TensorBoardPages

EPOCHS = 6


class TwoBatches:
    """The same in every epoch."""

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Tensor]:
        return iter(torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0)))


class Tiny(LightningModule):
    """Three numbers to a fourth; `losses` replaces its validation losses after so many steps."""

    def __init__(self, losses: dict[int, float] | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.losses = nn.Linear(3, 1), losses

    def loss(self, batch: Tensor) -> Tensor:
        return (self.layer(batch[..., :3]) - batch[..., 3:]).square().mean()

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = self.loss(batch)
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=4)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        loss = self.loss(batch) + 1 if self.losses is None else torch.tensor(self.losses[self.global_step])
        self.log("val/loss", loss, batch_size=4)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), lr=0.05)
        every = self.trainer.check_val_every_n_epoch
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.5)
        how = {"scheduler": plateau, "monitor": "val/loss", "frequency": every, "strict": False}
        return {"optimizer": optimizer, "lr_scheduler": how}


class Clock(Callback):
    """Which of the files are new after each epoch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, float] = {}
        self.new: list[set[str]] = []

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        now = {path.stem: torch.load(path, weights_only=True)["global_step"] for path in self.folder.glob("*.ckpt")}
        if trainer.current_epoch:
            self.new.append({name for name, step in now.items() if self.seen.get(name) != step})
        self.seen = now

    on_train_end = on_train_epoch_start


def fit(
    folder: Path, epochs: int, every: int, task: Tiny, checkpoint: Path | None = None, files: bool = True, **more: Any
) -> tuple[Tiny, Clock]:
    """Train without a warning of Lightning's."""
    folder.mkdir()
    callbacks = [
        MetricsCsv(str(folder / "metrics.csv")),
        TensorBoardPages(),
        clock := Clock(folder / "checkpoints"),
        *([Checkpoints(str(folder / "checkpoints"))] if files else []),
    ]
    trainer = Trainer(
        max_epochs=epochs, check_val_every_n_epoch=every, callbacks=callbacks, accelerator="cpu", logger=False,
        enable_checkpointing=files, enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        log_every_n_steps=1, **more,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for message in NEEDLESS_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        trainer.fit(task, TwoBatches(), TwoBatches(), ckpt_path=checkpoint, weights_only=True)
    return task, clock


@pytest.mark.parametrize(("every", "stop"), [(1, 2), (2, 3), (2, 4)])
def test_a_run_goes_on_as_if_it_had_never_stopped(every, stop, tmp_path):
    """With a schedule that waits for validations; tests/test_resume.py has whole runs."""
    whole, _ = fit(tmp_path / "whole", EPOCHS, every, Tiny())
    fit(tmp_path / "first", stop, every, Tiny())
    second, _ = fit(tmp_path / "second", EPOCHS, every, Tiny(), tmp_path / "first" / "checkpoints" / "last.ckpt")
    bare, _ = fit(tmp_path / "bare", EPOCHS, every, Tiny(), files=False)
    for other in (second, bare):
        assert torch.equal(other.layer.weight, whole.layer.weight)
    tables = [(tmp_path / name / "metrics.csv").read_bytes() for name in ("whole", "second")]
    assert tables[0] == tables[1]


def test_last_after_every_epoch_and_best_after_better_validations(tmp_path):
    losses = {4: 3.0, 8: 4.0, 12: 2.0}  # of the second, the fourth and the sixth epoch
    _, clock = fit(tmp_path / "run", EPOCHS, 2, Tiny(losses))
    assert clock.new == [{"last"}, {"last", "best"}, {"last"}, {"last"}, {"last"}, {"last", "best"}]


def test_the_best_of_another_folder_is_not_this_runs(tmp_path):
    fit(tmp_path / "first", 2, 2, Tiny({4: 1.0}))
    first = tmp_path / "first" / "checkpoints" / "last.ckpt"
    second, _ = fit(tmp_path / "second", 4, 2, Tiny({8: 2.0}), first)
    best = second.trainer.checkpoint_callback.best_model_path
    assert Path(best) == tmp_path / "second" / "checkpoints" / "best.ckpt" and Path(best).exists()


def test_the_best_within_an_epoch_has_the_weights_that_were_measured(tmp_path):
    losses = {1: 5.0, 2: 6.0, 3: 1.0, 4: 2.0}
    fit(tmp_path / "run", 2, 1, Tiny(losses), val_check_interval=0.5)
    files = (tmp_path / "run" / "checkpoints").iterdir()
    steps = {path.stem: torch.load(path, weights_only=True)["global_step"] for path in files}
    assert steps == {"best": 3, "last": 4}


def test_the_script_tests_the_last_weights_without_a_validation(tmp_path):
    outcome = succeed("train", [*TINY, "callbacks.samples=null", "+trainer.check_val_every_n_epoch=3"], tmp_path)
    assert outcome.stderr == "" and "there is no best.ckpt: the last weights are tested" in outcome.stdout
    assert "weights: those of the last epoch" in outcome.stdout and "Last checkpoint:" in outcome.stdout
    names = {path.name for path in (outcome.folder / "checkpoints").iterdir()}
    assert names == {"last.ckpt", "last-previous.ckpt"}

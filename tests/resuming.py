"""Runs that are stopped at a chosen step, for the tests of resuming: a network with dropout, and who stops it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn


class Dropping(nn.Module):
    """Draws from torch's generator in every step."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.Dropout(0.3), nn.Conv2d(6, out_channels, 1)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        out: Tensor = self.layers(inputs)
        return out


class Signals(Callback):
    """Sends this process a signal during a step, an epoch's validation or the test; `STOP` says which and when."""

    def __init__(self) -> None:
        name, self.where, self.step = os.environ.get("STOP", "SIGTERM-never-0").split("-")
        self.signal = getattr(signal, name)

    def _send(self, trainer: Trainer, where: str, step: int) -> None:
        if where != self.where or step != int(self.step):
            return
        if self.signal == signal.SIGKILL:
            _wait_for_a_checkpoint(trainer)
        os.kill(os.getpid(), self.signal)

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: object, batch_idx: int) -> None:
        self._send(trainer, "step", trainer.global_step + 1)

    def on_validation_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._send(trainer, "validation", trainer.global_step)

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._send(trainer, "epoch", trainer.global_step)

    def on_test_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._send(trainer, "test", trainer.global_step)


def _wait_for_a_checkpoint(trainer: Trainer) -> None:
    """Wait, a minute at most, until the thread that writes checkpoints has written one: a slow disk takes its time."""
    assert trainer.checkpoint_callback is not None
    last = Path(str(trainer.checkpoint_callback.dirpath)) / "last.ckpt"  # type: ignore[attr-defined]
    deadline = time.monotonic() + 60
    while not last.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


class NotANumber(Callback):
    """Makes a weight NaN before a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, batch: object, batch_idx: int) -> None:
        if trainer.global_step + 1 == self.step:
            with torch.no_grad():
                next(module.parameters())[:] = float("nan")

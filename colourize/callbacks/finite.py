"""A loss or a weight that is NaN or infinite ends the run before it is saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from colourize.checkpoints import not_finite, read_any
from colourize.errors import ColourizeError, InputError
from colourize.runs import checkpoint_files

STEPS = 50  # between two checks on an accelerator, where each check waits for the device


class NotFiniteError(ColourizeError):
    """The training has diverged; the message says when, and which checkpoint is good."""


class StopWhereNotFinite(Callback):
    """Raises NotFiniteError after the first step whose loss is NaN or infinite (on an accelerator some steps later).

    Args:
        checkpoints: the folder whose newest checkpoint the message names; none is written once a number is wrong.
    """

    def __init__(self, checkpoints: str) -> None:
        self.checkpoints = Path(checkpoints)
        self._steps: list[tuple[int, int, float]] = []  # epoch and step, from 1, and learning rate
        self._losses: list[Tensor] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        rate = trainer.optimizers[0].param_groups[0]["lr"] if trainer.optimizers else float("nan")
        self._rate = float(rate)  # the schedule changes it at the end of the step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            self._losses.append(loss.detach())
            self._steps.append((trainer.current_epoch + 1, trainer.global_step, self._rate))
            if loss.device.type == "cpu" or len(self._losses) >= STEPS:
                self._check(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Called before anything is written."""
        self._check(trainer)
        wrong = not_finite(checkpoint["state_dict"])
        if wrong:
            rate = float(trainer.optimizers[0].param_groups[0]["lr"])
            step = (trainer.current_epoch + 1, trainer.global_step, rate)
            raise NotFiniteError(self._message(trainer, f"{wrong} holds NaN or infinite numbers", step))

    def _check(self, trainer: Trainer) -> None:
        losses, self._losses = self._losses, []
        steps, self._steps = self._steps, []
        if losses:
            values = torch.stack([loss.float() for loss in losses])
            for place in (~values.isfinite()).nonzero()[:1]:
                what = f"the training loss is {values[place].item()}"
                raise NotFiniteError(self._message(trainer, what, steps[int(place)]))

    def _message(self, trainer: Trainer, what: str, step: tuple[int, int, float]) -> str:
        checkpoint_files.wait(trainer)
        newest = next((path for name in ("last", "last-previous") if _is_good(path := self._file(name))), None)
        saved = f"the last good checkpoint is {os.path.relpath(newest)}" if newest else "no checkpoint was saved before"
        return (
            f"{what} in epoch {step[0]}, step {step[1]}, at the learning rate {step[2]:.3g}; {saved} "
            "(a lower task.optimizer.lr may help)"
        )

    def _file(self, name: str) -> Path:
        return self.checkpoints / f"{name}.ckpt"


def _is_good(path: Path) -> bool:
    """Whether a checkpoint is whole and holds finite weights."""
    try:
        return not_finite(read_any(path)["state_dict"]) is None
    except (InputError, KeyError):
        return False

"""Ends a run when a loss or a weight is NaN or infinite, before it is saved."""

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
from colourize.runs.folders import LAST, PREVIOUS

STEPS = 50  # steps between two checks on an accelerator, where each check waits for the device


class NotFiniteError(ColourizeError):
    """The training has diverged; the message says when, and which checkpoint is good."""


class StopWhereNotFinite(Callback):
    """Raises NotFiniteError after the first step whose loss is NaN or infinite (on an accelerator some steps later).

    Args:
        checkpoints: the folder whose newest checkpoint the message names; none is written once a number is wrong.
    """

    def __init__(self, checkpoints: str) -> None:
        self.checkpoints = Path(checkpoints)
        self._losses: list[tuple[Tensor, str]] = []  # each with its position in the training

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        self._rate = _rate(trainer)  # the schedule changes it at the end of the step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            self._losses.append((loss.detach(), _place(trainer, self._rate)))
            if loss.device.type == "cpu" or len(self._losses) >= STEPS:
                self._check(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Check the weights; Lightning calls this before it writes anything."""
        self._check(trainer)
        wrong = not_finite(checkpoint["state_dict"])
        if wrong:
            raise self._error(trainer, f"{wrong} holds NaN or infinite numbers", _place(trainer, _rate(trainer)))

    def _check(self, trainer: Trainer) -> None:
        losses, self._losses = self._losses, []
        if losses and not torch.stack([loss.float() for loss, _ in losses]).isfinite().all():
            loss, place = next(each for each in losses if not each[0].isfinite())
            raise self._error(trainer, f"the training loss is {loss.item()}", place)

    def _error(self, trainer: Trainer, problem: str, place: str) -> NotFiniteError:
        checkpoint_files.wait(trainer)
        newest = next((path for name in (LAST, PREVIOUS) if _is_good(path := self.checkpoints / name)), None)
        saved = f"the last good checkpoint is {os.path.relpath(newest)}" if newest else "no checkpoint was saved before"
        return NotFiniteError(f"{problem} in {place}; {saved} (a lower task.optimizer.lr may help)")


def _rate(trainer: Trainer) -> float:
    return float(trainer.optimizers[0].param_groups[0]["lr"]) if trainer.optimizers else float("nan")


def _place(trainer: Trainer, rate: float) -> str:
    return f"epoch {trainer.current_epoch + 1}, step {trainer.global_step}, at the learning rate {rate:.3g}"


def _is_good(path: Path) -> bool:
    """Whether a checkpoint is complete and has finite weights."""
    try:
        return not_finite(read_any(path)["state_dict"]) is None
    except (InputError, KeyError):
        return False

"""Weight averaging: a moving average over the steps is validated, shown, tested and saved as `best.ckpt`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from colourize.errors import UsageError, is_number

KEY = "averaging"  # key in a checkpoint for the callback's settings, which make it another method


class ExponentialMovingAverage(WeightAveraging):
    """Keeps an exponential moving average of the weights, and uses it instead of them outside of training steps.

    After each step, the average moves towards the trained weights w: a ← d·a + (1 - d)·w, where d is
    min(decay, (1 + n) / (10 + n)) after n steps, so that the initial weights are forgotten even in a short training (as
    in TensorFlow's ExponentialMovingAverage). The statistics of normalisation layers are averaged too; integers are
    copied. Constant tensors, such as a fitted table, do not change by a bit.

    In a checkpoint the average is the `state_dict`; the trained weights are saved as well, and a run resumes from both.
    Source: Polyak & Juditsky (1992), "Acceleration of stochastic approximation by averaging".

    Args:
        decay: d, above 0 and below 1; 0.995 averages over about the last 200 steps.
    """

    def __init__(self, decay: float = 0.995) -> None:
        if not (is_number(decay) and 0 < decay < 1):
            raise UsageError(f"callbacks.averaging.decay={decay}: must be above 0 and below 1")
        self.decay = decay
        self._is_swapped = False
        super().__init__(multi_avg_fn=self._update)

    def _update(self, averages: Sequence[Tensor], weights: Sequence[Tensor], steps: Tensor | int) -> None:
        """Move averages towards weights, tensors of one type."""
        decay = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_([*averages], [*weights], 1 - decay)  # exact where the two are equal
        else:
            torch._foreach_copy_([*averages], [*weights])

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert self._average_model is not None
        self._average_model.to(pl_module.device)  # it was made before the task moved there

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Lightning does not call `on_train_end` for a resumed run without remaining steps, but calls this.
        self._copy_average_to_current(pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        # A checkpoint written after an error in a validation would confuse average and trained weights.
        if self._is_swapped:
            self._swap_models(pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        checkpoint[KEY] = {"_target_": f"{type(self).__module__}.{type(self).__qualname__}", "decay": self.decay}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        # For a test, Lightning's method would replace the average that was just read by the trained weights.
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._is_swapped = not self._is_swapped


def find(trainer: Trainer) -> ExponentialMovingAverage | None:
    """The trainer's callback, or None if it does not average weights."""
    return next((each for each in trainer.callbacks if isinstance(each, ExponentialMovingAverage)), None)  # type: ignore[attr-defined]


@contextlib.contextmanager
def in_use(trainer: Trainer) -> Iterator[None]:
    """In the block, the task has its averaged weights, if there are any; for a file that has weights only."""
    callback = find(trainer)
    if callback is not None:
        callback._swap_models(trainer.lightning_module)
    try:
        yield
    finally:
        if callback is not None:
            callback._swap_models(trainer.lightning_module)


def check_alike(trainer: Trainer, path: str | Path, checkpoint: dict[str, Any]) -> None:
    """Raise a UsageError if a training would resume from a checkpoint with weights averaged in another way."""
    now, then = find(trainer), checkpoint.get(KEY)
    decays = None if now is None else now.decay, None if then is None else then["decay"]
    if decays[0] != decays[1]:
        here, there = ("none" if each is None else f"ema, decay {each}" for each in decays)
        raise UsageError(f"averaging={here}: checkpoint={path} was trained with averaging={there}")

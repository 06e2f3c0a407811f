"""What TensorBoard shows beyond the scalars that the task logs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn

from colourize.callbacks import training_state
from colourize.runs.events import EventLogger

KEY = "events"  # in a checkpoint
FITTING = TrainerFn.FITTING  # for a test, the best checkpoint is read as well

# The page CUSTOM SCALARS: train and validation on common axes.
LAYOUT = {
    "training": {
        "loss": ["Multiline", ["train/loss", "val/loss"]],
        "accuracy": ["Multiline", ["val/accuracy"]],
        "PSNR [dB]": ["Multiline", ["val/psnr"]],
    }
}


class TensorBoardPages(Callback):
    """Lays train and validation loss over each other, and logs the seconds that each epoch took.

    Times go here and not into `metrics.csv`, which is equal for equal runs. A checkpoint holds how far the event files
    were written, and a run that is resumed from it goes on there, without repeated or missing points.
    """

    def __init__(self) -> None:
        self._resumed: dict[str, Any] | None = None  # the checkpoint's part

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if isinstance(trainer.logger, EventLogger) and trainer.is_global_zero:
            checkpoint[KEY] = trainer.logger.place()

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if KEY not in checkpoint or not isinstance(trainer.logger, EventLogger) or trainer.state.fn != FITTING:
            return
        if Path(str(trainer.ckpt_path)).resolve().is_relative_to(Path(trainer.logger.log_dir).resolve()):
            trainer.logger.cut_back(checkpoint[KEY])
            self._resumed = checkpoint

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not (isinstance(trainer.logger, TensorBoardLogger) and trainer.is_global_zero):
            return
        if self._resumed is None:
            trainer.logger.experiment.add_custom_scalars(LAYOUT)
            return
        state = self._resumed[training_state.KEY]
        if not state["within_epoch"]:
            # Lightning logs an epoch's training measures when all else of it is done, and saved.
            training = {name: value.item() for name, value in state["measures"].items() if name.startswith("train/")}
            step = self._resumed["loops"]["fit_loop"]["epoch_loop.state_dict"]["_batches_that_stepped"] - 1
            trainer.logger.log_metrics({**training, "epoch": self._resumed["epoch"]}, step)
        self._resumed = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()  # for a run that goes on within an epoch, which does not start again

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.logger is not None:
            seconds = {"time/epoch_seconds": time.perf_counter() - self._started}
            trainer.logger.log_metrics(seconds, trainer.global_step)

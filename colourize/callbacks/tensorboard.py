"""What TensorBoard shows beyond the scalars that the task logs."""

from __future__ import annotations

import time

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

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

    Times go here and not into `metrics.csv`, which is equal for equal runs.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if isinstance(trainer.logger, TensorBoardLogger) and trainer.is_global_zero:
            trainer.logger.experiment.add_custom_scalars(LAYOUT)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()  # for a run that goes on within an epoch, which does not start again

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.logger is not None:
            seconds = {"time/epoch_seconds": time.perf_counter() - self._started}
            trainer.logger.log_metrics(seconds, trainer.global_step)

"""TensorBoard's pages beyond the scalars that the task logs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from omegaconf import DictConfig, OmegaConf

from colourize.callbacks import training_state
from colourize.runs.events import EventLogger
from colourize.runs.method_settings import LAUNCH, method_settings

KEY = "events"  # key in a checkpoint
FITTING = TrainerFn.FITTING  # checked because a test also reads a checkpoint, the best one

# The page CUSTOM SCALARS: train and validation on common axes.
LAYOUT = {
    "training": {
        "loss": ["Multiline", ["train/loss", "val/loss"]],
        "accuracy": ["Multiline", ["val/accuracy"]],
        "PSNR [dB]": ["Multiline", ["val/psnr"]],
    }
}


class TensorBoardPages(Callback):
    """Shows training and validation loss on common axes, and logs the seconds of each epoch.

    `metrics.csv` has no times, so that equal runs write equal files. A checkpoint stores the length of the event files,
    so that a run resumed from it continues there, without repeated or missing points.
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
            # Lightning logs an epoch's training measures after the checkpoint is saved.
            training = {name: value.item() for name, value in state["measures"].items() if name.startswith("train/")}
            step = self._resumed["loops"]["fit_loop"]["epoch_loop.state_dict"]["_batches_that_stepped"] - 1
            trainer.logger.log_metrics({**training, "epoch": self._resumed["epoch"]}, step)
        self._resumed = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()  # a run resumed within an epoch does not start that epoch again

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.logger is not None:
            seconds = {"time/epoch_seconds": time.perf_counter() - self._started}
            trainer.logger.log_metrics(seconds, trainer.global_step)


def log_hyperparameters(trainer: Trainer, config: DictConfig, measures: dict[str, float] | None = None) -> None:
    """Log hyperparameters for TensorBoard's page HPARAMS, which needs the final measures to show a run."""
    if isinstance(trainer.logger, TensorBoardLogger):
        # Without the step TensorBoard would see a restart at 0, and drop the curves.
        trainer.logger.log_hyperparams(hyperparameters(config), measures, step=trainer.global_step)
        if measures is not None:
            trainer.logger.finalize("success")  # flushes them for readers of the file


def hyperparameters(config: DictConfig) -> dict[str, Any]:
    """The seed and the method's settings, flat: `model.num_filters`, `task.optimizer.lr`, `trainer.max_epochs`, …"""
    parts = OmegaConf.masked_copy(config, [str(key) for key in config if key not in LAUNCH or key == "output_dir"])
    settings: Any = OmegaConf.to_container(parts, resolve=True)
    return {"seed": config.seed, **method_settings(settings)}

"""TensorBoard: event files, one per run and one more each time the run is resumed, and its pages beyond scalars."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf

from colourize.callbacks import training_state
from colourize.runs.method_settings import LAUNCH, method_settings

FILES = "events.out.tfevents.*"
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


class EventLogger(TensorBoardLogger):
    """Lightning's logger, but with a file that stays open between training and test.

    Lightning closes the file whenever a Trainer's method ends, and TensorBoard's writer would then start another one.
    """

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:  # type: ignore[override]
        """Log without the epoch, and with the learning rate sorted after the losses, as HPARAMS sorts tags by name."""
        kept = {f"train/{name}" if name.startswith("lr-") else name: each for name, each in metrics.items()}
        super().log_metrics({name: each for name, each in kept.items() if name != "epoch"}, step)

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: dict[str, Any] | None = None, step: int | None = None) -> None:
        """Log the run's hyperparameters with its final measures, without which the page HPARAMS does not show it.

        Lightning also writes a summary of the experiment in each run. TensorBoard would take the columns of all runs
        from one of these summaries and leave the rows of runs with other settings blank.
        """
        self.hparams.update(params)
        if metrics:
            from torch.utils.tensorboard.summary import hparams

            self.log_metrics(metrics, step)
            _, *session = hparams(self._sanitize_params(params), metrics)
            for each in session:
                self.experiment._get_file_writer().add_summary(each, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write everything to disk; after success `hparams.yaml` as well."""
        if self._experiment is not None:
            self._experiment.flush()
        if status == "success":
            self.save()

    def place(self) -> dict[str, int]:
        """The size in bytes of each event file in the run's folder, after a flush."""
        if self._experiment is not None:
            self._experiment.flush()
        return {path.name: path.stat().st_size for path in sorted(Path(self.log_dir).glob(FILES))}

    @rank_zero_only
    def cut_back(self, place: dict[str, int]) -> None:
        """Remove what was logged after a `place`, as it will be logged again; the open file stays."""
        writer = getattr(self._experiment, "file_writer", None)
        own = Path(writer.event_writer._file_name).name if writer is not None else None
        for path in Path(self.log_dir).glob(FILES):
            if path.name in place and path.stat().st_size >= place[path.name]:
                os.truncate(path, place[path.name])
            elif path.name != own:
                path.unlink()

    @rank_zero_only
    def close(self) -> None:
        """Write everything to disk and close the file; later values would start another file."""
        if self._experiment is not None:
            self._experiment.close()


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

"""The project's path: Lightning's Trainer with the callbacks and the logger of the configuration."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from omegaconf import DictConfig

from colourize.build import build_task, build_trainer
from colourize.data.pictures import PictureData
from colourize.timing.clock import Span, now
from colourize.timing.paths import Timing


class Stopwatch:
    """Two callbacks around all others, so that what those do is measured as well."""

    def __init__(self, device: torch.device) -> None:
        self.training = Span(device)
        self.epoch = [0.0, 0.0]
        self.validation = [0.0, 0.0]
        self.first = _First(self, device)
        self.last = _Last(self)


class _First(Callback):
    def __init__(self, watch: Stopwatch, device: torch.device) -> None:
        self.watch, self.device = watch, device

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.watch.epoch[0] = now(self.device)
        self.watch.training.start()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The first moment after everything that belongs to the last epoch, its checkpoint included.
        self.watch.epoch[1] = now(self.device)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.watch.validation[0] = now(self.device)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.watch.validation[1] = now(self.device)


class _Last(Callback):
    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        self.watch.training.stop()


def run(config: DictConfig, data: PictureData, device: torch.device, folder: Path) -> Timing:
    """One epoch of a new Trainer with a new task; what it writes goes into `folder`."""
    config.output_dir = str(folder)
    torch.manual_seed(config.seed)
    task = build_task(config, data)
    trainer = build_trainer(config)
    watch = Stopwatch(device)
    callbacks: Any = trainer.callbacks  # type: ignore[attr-defined]
    callbacks.insert(0, watch.first)
    # Lightning keeps the checkpoints' callback at the end: it is to see what the others have logged.
    callbacks.insert(len(callbacks) - len(trainer.checkpoint_callbacks), watch.last)
    for callback in callbacks:
        if isinstance(callback, RichProgressBar):
            # It draws as on a terminal, so that this costs what it costs there, but nobody sees it.
            callback._console_kwargs = {"file": io.StringIO(), "force_terminal": True}
    trainer.fit(task, datamodule=data)
    steps, training = trainer.global_step, watch.training.seconds()
    epoch = watch.epoch[1] - watch.epoch[0]
    # Again alone: within an epoch the sample pictures are drawn in its midst.
    trainer.validate(task, datamodule=data, verbose=False)
    val_pictures = min(len(data.pictures.val), int(sum(trainer.num_val_batches)) * data.eval_batch_size)
    pictures = min(len(data.pictures.train), steps * data.batch_size)
    return Timing(steps, pictures, val_pictures, training, epoch, watch.validation[1] - watch.validation[0])

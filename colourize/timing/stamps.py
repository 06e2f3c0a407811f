"""Callbacks that a measured `colourize-train` carries: they note the time for the process that started it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from colourize.timing.clock import peak_mb


class EndAfterFirstStep(Callback):
    """Writes `time.time()` to a file when the first training step has ended, and ends the process there."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        if pl_module.device.type == "cuda":
            import torch

            torch.cuda.synchronize()
        self.path.write_text(repr(time.time()))
        os._exit(0)  # nothing that comes after is wanted, and tidying up takes its time


class EpochStamps(Callback):
    """Adds a line to a file after every epoch: the time, the validation loss, the most memory so far."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        add_stamp(self.path, trainer.current_epoch + 1, trainer.callback_metrics["val/loss"].item())


def add_stamp(path: Path, epoch: int, val_loss: float) -> None:
    """Add an epoch's line."""
    stamp = {"epoch": epoch, "time": time.time(), "val_loss": val_loss, "peak_mb": peak_mb()}
    with path.open("a") as file:
        file.write(json.dumps(stamp) + "\n")


def read_stamps(path: Path) -> list[dict[str, Any]]:
    """All epochs' lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]

"""A callback for tests/test_ddp.py: what each process saw, and what it ends with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer


class RankWeights(Callback):
    """Writes to `<folder>/rank-<rank>.pt` each process's final weights, flat, and its steps.

    Of each step it notes the epoch, which pictures it had, and their loss.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.steps: list[tuple[int, list[int], float]] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.steps.append((trainer.current_epoch, batch.which.tolist(), outputs["loss"].item()))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        weights = torch.cat([parameter.detach().flatten() for parameter in pl_module.parameters()])
        torch.save({"weights": weights, "steps": self.steps}, self.folder / f"rank-{trainer.global_rank}.pt")

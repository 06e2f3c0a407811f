"""A callback for tests/test_ddp.py: what each process ends with."""

from __future__ import annotations

from pathlib import Path

import torch
from lightning import Callback, LightningModule, Trainer


class RankWeights(Callback):
    """Writes each process's final weights, flat, to `<folder>/rank-<rank>.pt`."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        weights = torch.cat([parameter.detach().flatten() for parameter in pl_module.parameters()])
        torch.save(weights, self.folder / f"rank-{trainer.global_rank}.pt")

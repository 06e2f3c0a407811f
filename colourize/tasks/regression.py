"""Pictures by regression: the network answers R, G and B."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from colourize.tasks.restoration import RestorationTask


class Regression(RestorationTask):
    """Learns the colour of every pixel by the mean squared error in RGB (the assignment's part A).

    Outputs: (N, 3, H, W), RGB, not confined to [0, 1]; pictures are clipped. Arguments: see `RestorationTask`.
    """

    def __init__(
        self,
        model: dict[str, Any],
        degradation: dict[str, Any],
        optimizer: dict[str, Any],
        lr_scheduler: dict[str, Any] | None = None,
        protocol: str = "honest",
    ) -> None:
        super().__init__(model, degradation, optimizer, out_channels=3, lr_scheduler=lr_scheduler, protocol=protocol)
        self.save_hyperparameters(logger=False)

    def target(self, truth: Tensor) -> Tensor:
        return truth

    def loss(self, outputs: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(outputs, target)

    def prediction(self, outputs: Tensor) -> Tensor:
        return outputs.clamp(0, 1)

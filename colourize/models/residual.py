"""Residual connections."""

from __future__ import annotations

from torch import Tensor, nn


class Residual(nn.Module):
    """Layers whose outputs are added to their inputs (He et al. 2016, https://arxiv.org/abs/1512.03385)."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.change = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = inputs + self.change(inputs)
        return outputs

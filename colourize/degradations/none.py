"""Removes nothing."""

from __future__ import annotations

from torch import Tensor

from colourize.data.draws import Draws
from colourize.degradations.base import Degradation


class Undegraded(Degradation):
    """The true picture itself, R, G and B in [0, 1]: for tasks that recognise pictures instead of restoring them."""

    name = "colour"
    channels = 3

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        return truth

    def show(self, inputs: Tensor) -> Tensor:
        return inputs

    def inputs_of(self, picture: Tensor) -> Tensor:
        return picture

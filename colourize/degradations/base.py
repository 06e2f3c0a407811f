"""The base class of degradations, and the degradation that removes nothing."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from colourize.data.draws import Draws


class Degradation(nn.Module):
    """A true picture (N, 3, H, W), RGB in [0, 1] → the network's input (N, channels, H, W).

    Attributes:
        name: what the input is called; it also decides which baselines fit.
        channels: the number of channels of the input.
    """

    name: str
    channels: int

    def forward(self, truth: Tensor, draws: Draws) -> Tensor:
        """The input. All its randomness comes from `draws`, so that it is the same for the same picture."""
        raise NotImplementedError

    def show(self, inputs: Tensor) -> Tensor:
        """The input as an RGB picture, (N, 3, H, W); an input of three channels is one, unless this is overridden."""
        if self.channels != 3:
            raise NotImplementedError
        return inputs

    def inputs_of(self, picture: Tensor) -> Tensor:
        """The input for a picture that is degraded already, such as a grey or small photograph, (N, 3, h, w)."""
        raise TypeError(f"{type(self).__name__} cannot be handed a picture that is degraded already")

    def join(self, prediction: Tensor, picture: Tensor) -> Tensor:
        """Combine the network's picture (N, 3, H, W) with what `picture` (see `inputs_of`) says for certain."""
        return prediction

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        """Pictures by simple methods to compare a prediction with, by name."""
        return {}

    def finish(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Make a network's outputs (N, out_channels, H, W) agree with its inputs; gradients flow through this."""
        return outputs

    def prepare(self, answer: Any) -> None:
        """Take what this degradation needs of the task's `Answer`, which may not be fitted yet."""

    def check_size(self, height: int, width: int) -> None:
        """Raise a UsageError where pictures of this size cannot be degraded."""


class Undegraded(Degradation):
    """The true picture itself, R, G and B in [0, 1]: for tasks that recognise pictures instead of restoring them."""

    name = "colour"
    channels = 3

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        return truth

    def inputs_of(self, picture: Tensor) -> Tensor:
        return picture

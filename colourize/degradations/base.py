"""What every degradation offers."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from colourize.data.draws import Draws


class Degradation(nn.Module):
    """A true picture (N, 3, H, W), RGB in [0, 1] → what the network sees of it (N, channels, H, W).

    A degradation is one class: `forward` makes the input, `channels` says how many it has, `show` makes a picture of
    it, `references` the answers that need no network, and `check_size` refuses sizes that it cannot handle. A picture
    that is degraded already, such as a grey or small photograph, becomes an input by `given`, and `join` says how the
    network's picture is joined with it.
    """

    name: str
    channels: int

    def forward(self, truth: Tensor, draws: Draws) -> Tensor:
        """The input; whatever is random about it comes from `draws`, and so is the same for the same picture."""
        raise NotImplementedError

    def show(self, inputs: Tensor) -> Tensor:
        """The input as an RGB picture, (N, 3, H, W)."""
        raise NotImplementedError

    def given(self, picture: Tensor) -> Tensor:
        """The input that stands for a picture that is degraded already, (N, 3, h, w), RGB in [0, 1]."""
        raise TypeError(f"{type(self).__name__} cannot be handed a picture that is degraded already")

    def join(self, prediction: Tensor, picture: Tensor) -> Tensor:
        """The network's picture (N, 3, H, W) joined with what is known for certain of the one given to `given`."""
        return prediction

    def references(self, truth: Tensor) -> dict[str, Tensor]:
        """Pictures by simple methods to hold a prediction against, by name."""
        return {}

    def finish(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """A network's outputs (N, out_channels, H, W) made to agree with its inputs; gradients flow through it."""
        return outputs

    def prepare(self, answer: Any) -> None:
        """Take what must be known of the task's `Answer`, which may still have to be fitted."""

    def check_size(self, height: int, width: int) -> None:
        """Raise UsageError where pictures of this size cannot be degraded."""

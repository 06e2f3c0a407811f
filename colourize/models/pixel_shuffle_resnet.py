"""Residual blocks at a reduced resolution, between two rearrangements of pixels: for colour and for detail."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, check_count, is_number
from colourize.models.mirroring import aligned
from colourize.models.residual import Residual

NORMS = ("batch", "none")


class PixelShuffleResNet(nn.Module):
    """(N, in_channels, H, W) → (N, out_channels, H, W), with nearly all of its work at a reduced resolution.

    `PixelUnshuffle` turns each square of `reduction`² pixels into one pixel with as many times the channels, without
    loss. A convolution and residual blocks follow: convolution, norm, ReLU, convolution, norm, without a ReLU after the
    sum (He et al. 2016, https://arxiv.org/abs/1512.03385; Gross & Wilber 2016). After dropout, a convolution makes the
    channels that `PixelShuffle` turns into pixels again (Shi et al. 2016, https://arxiv.org/abs/1609.05158). The result
    is concatenated with the input, and a last convolution gives the outputs. All convolutions are 3×3. The last one is
    initialised with 0, so that a network with a prior starts as the prior.

    Compared with blocks at full resolution, blocks at half the resolution with twice the filters need as many
    multiplications but less time on a CPU, and they see twice as far.

    Args:
        in_channels, out_channels: the channels of the input and of the outputs.
        num_filters: the number of filters in the residual blocks; there are half as many at full size.
        num_blocks: the number of residual blocks.
        reduction: the factor by which height and width are reduced, 1 to 8. With the scale factor of `LowResolution`,
            each square of the input becomes one pixel, and the blocks work at the low resolution.
        dropout: the share of activations after the blocks that are set to 0 in training.
        norm: "batch" or "none"; super-resolution is better without a norm (Lim et al. 2017, "Enhanced deep residual
            networks for single image super-resolution", https://arxiv.org/abs/1707.02921).

    Attributes:
        size_multiple: pictures whose sides are not multiples of it are mirrored at the bottom and on the right.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_filters: int = 64,
        num_blocks: int = 6,
        reduction: int = 2,
        dropout: float = 0.0,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        check_count("model.num_filters", num_filters, least=2)
        check_count("model.num_blocks", num_blocks, least=0)
        check_count("model.reduction", reduction, most=8)
        if not (is_number(dropout) and 0 <= dropout < 1):
            raise UsageError(f"model.dropout={dropout}: must be a share, at least 0 and below 1")
        if norm not in NORMS:
            raise UsageError(f"model.norm={norm}: must be one of {', '.join(NORMS)}")
        self.in_channels, self.out_channels, self.size_multiple = in_channels, out_channels, reduction
        width, full = num_filters, num_filters // 2
        self.down = nn.PixelUnshuffle(reduction)  # (N, in_channels · reduction², H / reduction, W / reduction)
        self.first = nn.Sequential(*convolution(in_channels * reduction**2, width, norm), nn.ReLU())
        self.blocks = nn.Sequential(*(residual(width, norm) for _ in range(num_blocks)))
        self.dropout = nn.Dropout(dropout)
        self.widen = nn.Sequential(*convolution(width, full * reduction**2, norm), nn.ReLU())
        self.up = nn.PixelShuffle(reduction)  # (N, full, H, W)
        self.last = nn.Conv2d(full + in_channels, out_channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, inputs: Tensor) -> Tensor:
        """For any height and width."""
        height, width = inputs.shape[-2:]
        inputs = aligned(inputs, self.size_multiple)
        hidden = self.up(self.widen(self.dropout(self.blocks(self.first(self.down(inputs))))))
        outputs: Tensor = self.last(torch.cat([hidden, inputs], dim=1))
        return outputs[..., :height, :width]


def residual(channels: int, norm: str) -> Residual:
    """Two convolutions with a shortcut around them."""
    return Residual(*convolution(channels, channels, norm), nn.ReLU(), *convolution(channels, channels, norm))


def convolution(in_channels: int, out_channels: int, norm: str) -> list[nn.Module]:
    """A 3×3 convolution that keeps the size, and the norm; batch norm's shift replaces the bias."""
    if norm == "none":
        return [nn.Conv2d(in_channels, out_channels, 3, padding=1)]
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels)]

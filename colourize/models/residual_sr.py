"""Super-resolution by residual blocks: the network of Johnson, Alahi & Fei-Fei (2016), with sub-pixel upsampling.

"Perceptual losses for real-time style transfer and super-resolution", https://arxiv.org/abs/1603.08155.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, check_count
from colourize.models.residual import Residual


class ResidualSR(nn.Module):
    """Works at the low resolution, then doubles it, (N, in_channels, H, W) → (N, out_channels, H, W).

    The input comes from `LowResolution`: each block of `scale_factor`² equal pixels is read as one pixel of the small
    picture. The layers are a 9×9 convolution; residual blocks of convolution, batch norm, ReLU, convolution and batch
    norm, without a ReLU after the sum; an upsampling for each doubling; and a 9×9 convolution at the large size. An
    upsampling is a convolution to four times the channels, which `PixelShuffle` turns into 2×2 pixels (Shi et al. 2016,
    https://arxiv.org/abs/1609.05158); the paper has a convolution at stride ½ instead. Beyond the border the outermost
    pixels are repeated, so that pictures can have any size. There is no scaled tanh as in the paper, as `Answer.decode`
    clips pictures. With `prior=bicubic` the network learns the difference to bicubic interpolation.

    Args:
        in_channels, out_channels: the channels of the input and of the outputs.
        num_filters: the number of filters of all hidden layers.
        num_blocks: the number of residual blocks.
        scale_factor: 2, 4 or 8, the degradation's.
    """

    def __init__(
        self, in_channels: int, out_channels: int, num_filters: int = 32, num_blocks: int = 4, scale_factor: int = 4
    ) -> None:
        super().__init__()
        check_count("model.num_filters", num_filters)
        check_count("model.num_blocks", num_blocks, least=0)
        if type(scale_factor) is not int or scale_factor not in (2, 4, 8):
            raise UsageError(f"model.scale_factor={scale_factor}: must be 2, 4 or 8")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.scale_factor = self.size_multiple = scale_factor
        self.first = nn.Sequential(convolution(in_channels, num_filters, 9), nn.ReLU())
        self.blocks = nn.Sequential(*(residual(num_filters) for _ in range(num_blocks)))
        self.up = nn.Sequential(*(doubled(num_filters) for _ in range(int(math.log2(scale_factor)))))
        self.last = convolution(num_filters, out_channels, 9)

    def forward(self, inputs: Tensor) -> Tensor:
        low = inputs[..., :: self.scale_factor, :: self.scale_factor]  # (N, in_channels, H / f, W / f)
        outputs: Tensor = self.last(self.up(self.blocks(self.first(low))))
        return outputs


def residual(channels: int) -> Residual:
    """Two convolutions with a shortcut around them, without a ReLU after the sum (Gross & Wilber 2016)."""
    return Residual(
        convolution(channels, channels), nn.BatchNorm2d(channels), nn.ReLU(),
        convolution(channels, channels), nn.BatchNorm2d(channels),
    )  # fmt: skip


def convolution(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size; the outermost pixels are repeated beyond the border."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, padding_mode="replicate")


def doubled(channels: int) -> nn.Sequential:
    """Doubles height and width: a convolution to four times the channels, then `PixelShuffle`.

    The convolution is initialised so that the 2×2 pixels of each block are equal, as in nearest-neighbour upsampling.
    Otherwise a checkerboard pattern is there from the start and fades slowly (Aitken et al. 2017,
    https://arxiv.org/abs/1707.02937).
    """
    larger = convolution(channels, 4 * channels)
    with torch.no_grad():  # neighbours among the outputs become one 2×2
        larger.weight.copy_(larger.weight[::4].repeat_interleave(4, 0))
        nn.init.zeros_(larger.bias)  # type: ignore[arg-type]
    return nn.Sequential(larger, nn.PixelShuffle(2), nn.BatchNorm2d(channels), nn.ReLU())

"""Super-resolution by residual blocks: the network of Johnson, Alahi & Fei-Fei (2016), with a sub-pixel end.

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

    The input is what `LowResolution` gives: each block of `scale_factor`² equal pixels is one pixel of a small picture,
    and is read as one. A convolution of 9×9; residual blocks of convolution, batch norm, ReLU, convolution, batch norm,
    without a ReLU after the sum; for each doubling a convolution to four times the channels, which `PixelShuffle` lays
    out as 2×2 pixels (Shi et al. 2016, https://arxiv.org/abs/1609.05158) in place of the paper's convolution at stride
    ½; a convolution of 9×9 at the large size. The outermost pixels are repeated beyond the border, so that there is no
    least size. The paper's scaled tanh is left out: pictures are clipped where they are read (`Answer.decode`). With
    `prior=bicubic` it learns what is missing in that.

    Args:
        in_channels, out_channels: of the pictures, and of what is answered at each pixel.
        num_filters: of all hidden layers.
        num_blocks: residual blocks.
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
    """Two convolutions, added to what goes around them; the sum is not made positive (Gross & Wilber 2016)."""
    return Residual(
        convolution(channels, channels), nn.BatchNorm2d(channels), nn.ReLU(),
        convolution(channels, channels), nn.BatchNorm2d(channels),
    )  # fmt: skip


def convolution(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Conv2d:
    """The size stays; the outermost pixels are repeated beyond the border."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, padding_mode="replicate")


def doubled(channels: int) -> nn.Sequential:
    """Twice the height and width, by four times the channels.

    At first each 2×2 pixels are equal, as after nearest-neighbour enlargement; else a chequered pattern is there
    from the start, and fades slowly (Aitken et al. 2017, https://arxiv.org/abs/1707.02937).
    """
    larger = convolution(channels, 4 * channels)
    with torch.no_grad():  # neighbours among the outputs become one 2×2
        larger.weight.copy_(larger.weight[::4].repeat_interleave(4, 0))
        nn.init.zeros_(larger.bias)  # type: ignore[arg-type]
    return nn.Sequential(larger, nn.PixelShuffle(2), nn.BatchNorm2d(channels), nn.ReLU())

"""Residual blocks at a reduced resolution, between two re-arrangements of pixels: for colour and for detail."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, check_count, is_number
from colourize.models.encoder_decoder import aligned
from colourize.models.residual import Residual

NORMS = ("batch", "none")


class PixelShuffleResNet(nn.Module):
    """(N, in_channels, H, W) → (N, out_channels, H, W), with nearly all of its work at a reduced resolution.

    Squares of `reduction`² pixels become one pixel with as many times the channels (`PixelUnshuffle`), so that nothing
    is lost. There a convolution and residual blocks follow: convolution, norm, ReLU, convolution, norm, without a ReLU
    after the sum (He et al. 2016, https://arxiv.org/abs/1512.03385; Gross & Wilber 2016). After dropout, a convolution
    makes the channels that `PixelShuffle` lays out as pixels again (Shi et al. 2016,
    https://arxiv.org/abs/1609.05158). The input is joined at full size, and a last convolution gives the outputs. All
    convolutions are 3×3. The last one begins at 0: with a prior the network begins as the prior.

    With as many multiplications, blocks at half the resolution and twice the filters take less time on a CPU than at
    the full one, and see twice as far.

    Args:
        in_channels, out_channels: of the pictures, and of what is answered at each pixel.
        num_filters: of the residual blocks; there are half as many at full size.
        num_blocks: residual blocks.
        reduction: of height and width, 1 to 8. For `LowResolution` its factor: each square of the input is one pixel
            of the small picture then, and the blocks work at the low resolution.
        dropout: the share of activations that are set to 0 in training, after the blocks.
        norm: "batch" or "none"; super-resolution does better without one (Lim et al. 2017, "Enhanced deep residual
            networks for single image super-resolution", https://arxiv.org/abs/1707.02921).

    Attributes:
        size_multiple: pictures whose sides are no multiples of it are mirrored at their bottom and right.
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
    """Two convolutions, added to what goes around them."""
    return Residual(*convolution(channels, channels, norm), nn.ReLU(), *convolution(channels, channels, norm))


def convolution(in_channels: int, out_channels: int, norm: str) -> list[nn.Module]:
    """A 3×3 that keeps the size, and the norm, whose shift does a bias' work."""
    if norm == "none":
        return [nn.Conv2d(in_channels, out_channels, 3, padding=1)]
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels)]

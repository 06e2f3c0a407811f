"""The U-Net as in its paper, of any depth and width.

Ronneberger, Fischer & Brox (2015), "U-Net: convolutional networks for biomedical image segmentation",
https://arxiv.org/abs/1505.04597. `model=unet` is the course's smaller U-Net.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, check_count, is_number
from colourize.models.initialisation import initialise
from colourize.models.mirroring import mirrored

PADDINGS = ("reflect", "zeros", "valid")


class RonnebergerUNet(nn.Module):
    """Two convolutions per level, down and up again, (N, in_channels, H, W) → (N, out_channels, H, W).

    With three levels and NF = `num_filters`, for a picture of H×W pixels:

        input ─ 3×3 ─ 3×3 ─┬────────────── beside ──────────────┬─ 3×3 ─ 3×3 ─ 1×1 ─ output       NF, H×W
                          pool                                  up
                           └─ 3×3 ─ 3×3 ─┬─── beside ───┬─ 3×3 ─ 3×3                             2 NF, H/2×W/2
                                        pool            up
                                         └─ 3×3 ─ 3×3 ─ dropout                                  4 NF, H/4×W/4

    A ReLU follows each 3×3; `pool` takes the largest of 2×2; `up` is a transposed convolution of 2×2 at stride 2, which
    halves the channels; `beside` is concatenation. There is no batch norm. The paper has 5 levels and 64 filters.

    With `padding="valid"` the convolutions are unpadded, and a picture loses `margin` pixels on each side. The input is
    first mirrored by as much, so that the output has the picture's size: the paper's overlap-tile strategy. A piece of
    a picture with `margin` pixels around it has the same outputs as in the whole picture.

    Args:
        in_channels, out_channels: the channels of the whole network.
        num_filters: the number of filters of the first level; each level has twice as many as the one above.
        levels: the number of resolutions, at least 2, one more than poolings.
        padding: the padding of the 3×3 convolutions: "reflect" or "zeros", which keep the size, or the paper's "valid".
        dropout: the share of activations at the end of the contracting path that are set to 0 in training.

    Attributes:
        size_multiple: pooling sees the same pixels in pieces that start at multiples of this.
        margin: the number of pixels that "valid" removes on each side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_filters: int = 16,
        levels: int = 3,
        padding: str = "reflect",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        check_count("model.in_channels", in_channels)
        check_count("model.out_channels", out_channels)
        check_count("model.num_filters", num_filters)
        check_count("model.levels", levels, least=2, most=8)
        if padding not in PADDINGS:
            raise UsageError(f"model.padding={padding}: must be one of {', '.join(PADDINGS)}")
        if not (is_number(dropout) and 0 <= dropout < 1):
            raise UsageError(f"model.dropout={dropout}: must be a share, at least 0 and below 1")
        self.in_channels, self.out_channels, self.padding = in_channels, out_channels, padding
        self.size_multiple = 2 ** (levels - 1)
        self.margin = 6 * self.size_multiple - 4 if padding == "valid" else 0
        widths = [num_filters * 2**level for level in range(levels)]
        self.down = nn.ModuleList(
            self._two(channels, width) for channels, width in zip([in_channels, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)
        above = widths[-2::-1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in above)
        self.joined = nn.ModuleList(self._two(2 * width, width) for width in above)
        self.last = nn.Conv2d(num_filters, out_channels, 1)
        initialise(self, "kaiming_normal")

    def _two(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """The two convolutions of a level."""
        layers: list[nn.Module] = []
        mode: Literal["reflect", "zeros"] = "reflect" if self.padding == "reflect" else "zeros"
        edge = 0 if self.padding == "valid" else 1
        for channels in (in_channels, out_channels):
            layers += [nn.Conv2d(channels, out_channels, 3, padding=edge, padding_mode=mode), nn.ReLU()]
        return nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """For any height and width: inputs are mirrored up to a size that can be halved at each level."""
        height, width = inputs.shape[-2:]
        rows, columns = (self.needed(side) for side in (height, width))
        if (rows, columns) != (height, width):
            inputs = mirrored(inputs, self.margin, rows, columns)
        return self.forward_unpadded(inputs)[..., :height, :width]

    def needed(self, side: int) -> int:
        """The smallest height or width whose outputs have at least `side` pixels."""
        multiple = self.size_multiple
        if self.padding == "valid":  # outputs have 4 pixels more than a multiple of `size_multiple`
            return -(-(side - 4) // multiple) * multiple + 4 + 2 * self.margin
        # Reflection at the lowest level needs two pixels.
        return max(-(-side // multiple), 2 if self.padding == "reflect" else 1) * multiple

    def forward_unpadded(self, inputs: Tensor) -> Tensor:
        """The layers alone, for sizes that `needed` returns; "valid" loses `margin` pixels on each side."""
        skips = []
        for level, convolutions in enumerate(self.down):
            inputs = convolutions(self.pool(inputs) if level else inputs)
            skips.append(inputs)
        outputs = self.dropout(skips.pop())
        for up, convolutions in zip(self.up, self.joined, strict=True):
            outputs = up(outputs)
            outputs = convolutions(torch.cat([cropped(skips.pop(), outputs), outputs], dim=1))
        result: Tensor = self.last(outputs)
        return result


def cropped(skip: Tensor, beside: Tensor) -> Tensor:
    """The middle of a skip connection, cropped to the size of `beside`, as valid convolutions lose the border."""
    edge = (skip.shape[-1] - beside.shape[-1]) // 2
    return skip[..., edge : skip.shape[-2] - edge, edge : skip.shape[-1] - edge]

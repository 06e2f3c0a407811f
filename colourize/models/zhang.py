"""The network of Zhang, Isola & Efros (2016), "Colorful image colorization", https://arxiv.org/abs/1603.08511.

Comments have the shapes: NF is `num_filters`, s is the trunk's resolution, H / 2 ** num_halvings.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colourize.errors import check_count
from colourize.models.initialisation import initialise
from colourize.models.mirroring import aligned


class ZhangNet(nn.Module):
    """Eight groups of convolutions without skips or pooling, (N, in_channels, H, W) -> (N, out_channels, H, W).

    All convolutions are 3 x 3 and followed by a ReLU; groups 1 to 7 end with batch norm, after the ReLU. The first
    groups halve the size by strides. Groups 5 and 6 are dilated by 2: they keep the size and see as far as if it had
    been halved once more. Group 8 doubles the size with a transposed 4 x 4 convolution, and a 1 x 1 convolution gives
    the outputs, which are enlarged (bilinear) to the size of the picture.

    With 64 filters and 3 halvings it is the published network for pictures of 256 pixels, whose trunk works at 32 and
    whose outputs are at 64. Pictures of 32 pixels would leave the trunk with 4 x 4; the defaults are an eighth of the
    filters and 2 halvings.

    In training it predicts every `training_stride`th row and column only, with the same outputs as among all pixels.
    The published training also compares the chroma of every fourth pixel, and enlarging hundreds of outputs to all
    pixels would take longer than the rest of the network.

    Args:
        in_channels, out_channels: the channels of the whole network.
        num_filters: the number of filters of the first group; the others have 2, 4, 8, 8, 8, 8 and 4 times as many.
        num_halvings: how many of the first three groups halve the size.

    Attributes:
        size_multiple: pictures whose sides are not multiples of it are mirrored at the bottom and on the right.
        training_stride: the distance in pixels between the outputs in training.
    """

    def __init__(self, in_channels: int, out_channels: int, num_filters: int = 8, num_halvings: int = 2) -> None:
        super().__init__()
        check_count("model.num_filters", num_filters)
        check_count("model.num_halvings", num_halvings, most=3)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.size_multiple, self.training_stride = 2**num_halvings, 2 ** (num_halvings - 1)
        width = num_filters
        strides = [2 if number < num_halvings else 1 for number in range(3)]
        self.conv1 = group(in_channels, width, 2, stride=strides[0])  # (N, NF, H / 2, W / 2)
        self.conv2 = group(width, 2 * width, 2, stride=strides[1])
        self.conv3 = group(2 * width, 4 * width, 3, stride=strides[2])  # (N, 4 NF, s, s)
        self.conv4 = group(4 * width, 8 * width, 3)
        self.conv5 = group(8 * width, 8 * width, 3, dilation=2)
        self.conv6 = group(8 * width, 8 * width, 3, dilation=2)
        self.conv7 = group(8 * width, 8 * width, 3)  # (N, 8 NF, s, s)
        self.conv8 = nn.Sequential(
            nn.ConvTranspose2d(8 * width, 4 * width, 4, stride=2, padding=1),  # (N, 4 NF, 2 s, 2 s)
            nn.ReLU(),
            *(layer for _ in range(2) for layer in (nn.Conv2d(4 * width, 4 * width, 3, padding=1), nn.ReLU())),
        )
        self.final = nn.Conv2d(4 * width, out_channels, 1)  # (N, out_channels, 2 s, 2 s)
        initialise(self, "kaiming_normal")  # or the signal would nearly vanish after three layers without a norm
        enlarge = nn.Upsample(scale_factor=self.training_stride, mode="bilinear")
        self.enlarge: nn.Module = enlarge if self.training_stride > 1 else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        features = aligned(inputs, self.size_multiple)
        for block in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, self.conv6, self.conv7, self.conv8):
            features = block(features)
        height, width = inputs.shape[-2:]
        if not self.training:
            outputs: Tensor = self.enlarge(self.final(features))
            return outputs[..., :height, :width]
        # Enlarging and a 1 x 1 convolution commute; this order enlarges fewer channels.
        step = self.training_stride
        outputs = self.final(every_enlarged(features, step))
        return outputs[..., : -(-height // step), : -(-width // step)]


def group(in_channels: int, width: int, count: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """`count` convolutions with ReLU, the last one with the stride, and batch norm at the end."""
    layers: list[nn.Module] = []
    for number in range(count):
        at = stride if number == count - 1 else 1
        channels = in_channels if number == 0 else width
        layers += [nn.Conv2d(channels, width, 3, stride=at, padding=dilation, dilation=dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(width))


def every_enlarged(values: Tensor, factor: int) -> Tensor:
    """`F.interpolate(values, scale_factor=factor, mode="bilinear")[..., ::factor, ::factor]`, computed directly.

    These pixels lie (factor - 1) / (2 factor) of a pixel above and to the left of the old ones.
    """
    if factor == 1:
        return values
    share = (factor - 1) / (2 * factor)
    values = values.lerp(torch.cat([values[..., :1, :], values[..., :-1, :]], 2), share)  # blend with the row above
    return values.lerp(torch.cat([values[..., :1], values[..., :-1]], 3), share)

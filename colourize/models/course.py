"""The course's networks: encoders and decoders that halve a picture twice and double it twice.

The first three are those of CSC421/2516 (2019), programming assignment 2, questions A to C; the others come from its
later editions (CSC413/2516). Skip connections by concatenation: Ronneberger, Fischer & Brox (2015), "U-Net:
convolutional networks for biomedical image segmentation", https://arxiv.org/abs/1505.04597. Comments have the shapes:
NF is `num_filters`, L is `num_filters_last`.
"""

import torch
from torch import Tensor, nn

from colourize.models.convolution import Convolution2d
from colourize.models.layers import ConvType, EncoderDecoder, conv_block, upsample


class RegressionCNN(EncoderDecoder):
    """An encoder and decoder without skips, (N, in_channels, H, W) -> (N, out_channels, H, W): question A.

    Made for grey in, RGB out and a squared error, through an 8 x 8 bottleneck. Its output is a plain convolution, so it
    may leave [0, 1].
    """

    conv_type: ConvType = nn.Conv2d
    has_middle = True

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        self.down1 = self.pooled(in_channels, num_filters)
        self.down2 = self.pooled(num_filters, 2 * num_filters)
        self.middle = self.middle_block(2 * num_filters)
        self.up1 = conv_block(self.conv(2 * num_filters, num_filters), upsample())
        self.up2 = conv_block(self.conv(num_filters, last), upsample())
        self.final = self.conv(last, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        middle = self.middle(down2)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(middle)  # (N, NF, H / 2, W / 2)
        return self.double_and_finish(up1)  # up2 (N, L, H, W), then final (N, out_channels, H, W)


class CNN(RegressionCNN):
    """RegressionCNN's layers with our Convolution2d, (N, in_channels, H, W) -> (N, out_channels, H, W): question B.

    Made for one output per palette colour: the outputs are logits, without softmax. Being as good as
    `nn.Conv2d`, our layer leaves the results as they are, and either network loads the other's weights.
    """

    conv_type = Convolution2d


class UNet(EncoderDecoder):
    """CNN whose decoder also sees the encoder's outputs, (N, in_channels, H, W) -> (N, out_channels, H, W): question C.

    The skips carry past the bottleneck what pooling loses (where things are, and at last the input itself),
    and shorten the way of the gradients. The last one reaches only one convolution, `final`.
    """

    has_middle = True

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        self.down1 = self.pooled(in_channels, num_filters)
        self.down2 = self.pooled(num_filters, 2 * num_filters)
        self.middle = self.middle_block(2 * num_filters)
        self.up1 = conv_block(self.conv(4 * num_filters, num_filters), upsample())
        self.up2 = conv_block(self.conv(2 * num_filters, last), upsample())
        self.final = self.conv(last + in_channels, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        middle = self.middle(down2)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(torch.cat([middle, down2], dim=1))  # 4 NF -> (N, NF, H / 2, W / 2)
        # up2: 2 NF -> (N, L, H, W); final: that beside the input -> (N, out_channels, H, W)
        return self.double_and_finish(torch.cat([up1, down1], dim=1), skip=inputs)


class PoolUpsampleNet(EncoderDecoder):
    """CNN without its middle block, (N, in_channels, H, W) -> (N, out_channels, H, W): the later editions' first.

    The counterpart of ConvTransposeNet, which has as many parameters but learns how to resize.
    """

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        self.down1 = self.pooled(in_channels, num_filters)
        self.down2 = self.pooled(num_filters, 2 * num_filters)
        self.up1 = conv_block(self.conv(2 * num_filters, num_filters), upsample())
        self.up2 = conv_block(self.conv(num_filters, last), upsample())
        self.final = self.conv(last, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(down2)  # (N, NF, H / 2, W / 2)
        return self.double_and_finish(up1)  # up2 (N, L, H, W), then final (N, out_channels, H, W)


class ConvTransposeNet(EncoderDecoder):
    """Strided convolutions down, transposed ones up, (N, in_channels, H, W) -> (N, out_channels, H, W).

    As many parameters as PoolUpsampleNet, and better results: `up2` makes its output at full resolution,
    whereas a nearest upsampling repeats each pixel four times.
    """

    pools = False

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        self.down1 = conv_block(self.conv(in_channels, num_filters, stride=2))
        self.down2 = conv_block(self.conv(num_filters, 2 * num_filters, stride=2))
        self.up1 = conv_block(self.conv_transpose(2 * num_filters, num_filters))
        self.up2 = conv_block(self.conv_transpose(num_filters, last))
        self.final = self.conv(last, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(down2)  # (N, NF, H / 2, W / 2)
        up2 = self.up2(up1)  # (N, L, H, W)
        return self.final(up2)  # (N, out_channels, H, W)


class StridedUNet(EncoderDecoder):
    """ConvTransposeNet with skips, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Without a middle block there is nothing to skip at the deepest level: `up1` reads `down2` alone.
    """

    pools = False

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        self.down1 = conv_block(self.conv(in_channels, num_filters, stride=2))
        self.down2 = conv_block(self.conv(num_filters, 2 * num_filters, stride=2))
        self.up1 = conv_block(self.conv_transpose(2 * num_filters, num_filters))
        self.up2 = conv_block(self.conv_transpose(2 * num_filters, last))
        self.final = self.conv(last + in_channels, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(down2)  # (N, NF, H / 2, W / 2)
        up2 = self.up2(torch.cat([up1, down1], dim=1))  # 2 NF -> (N, L, H, W)
        # Under autocast up2 is bfloat16, and one float32 part would make a float32 copy of the largest tensor of all.
        return self.final(torch.cat([up2, inputs.to(up2.dtype)], dim=1))  # (N, out_channels, H, W)

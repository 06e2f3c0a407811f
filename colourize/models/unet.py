"""The course's U-Net: the CNN with skip connections by concatenation."""

import torch
from torch import Tensor

from colourize.models.layers import EncoderDecoder, conv_block, pool, upsample


class UNet(EncoderDecoder):
    """CNN whose decoder also sees the encoder's outputs, (N, in_channels, H, W) -> (N, out_channels, H, W).

    The skips carry past the bottleneck what pooling loses (where things are, and at last the input itself),
    and shorten the way of the gradients. The last one reaches only one convolution, `final`.
    Source: CSC421/2516 (2019), programming assignment 2, question C, after Ronneberger, Fischer & Brox
    (2015), "U-Net: convolutional networks for biomedical image segmentation", https://arxiv.org/abs/1505.04597.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_filters: int = 32,
        kernel_size: int = 3,
        num_filters_last: int | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, num_filters, kernel_size, num_filters_last)
        self.down1 = conv_block(self.conv(in_channels, num_filters), pool())
        self.down2 = conv_block(self.conv(num_filters, 2 * num_filters), pool())
        self.middle = conv_block(self.conv(2 * num_filters, 2 * num_filters))
        self.up1 = conv_block(self.conv(4 * num_filters, num_filters), upsample())
        self.up2 = conv_block(self.conv(2 * num_filters, self.num_filters_last))
        self.final = self.resize_conv(self.num_filters_last + in_channels, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        middle = self.middle(down2)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(torch.cat([middle, down2], dim=1))  # 4 NF -> (N, NF, H / 2, W / 2)
        up2 = self.up2(torch.cat([up1, down1], dim=1))  # 2 NF -> (N, num_filters_last, H / 2, W / 2)
        return self.final(up2, inputs)  # up2 doubled, and the input -> (N, out_channels, H, W)

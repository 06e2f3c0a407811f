"""The U-Net of the assignment's question C: CSC421/2516 (2019), programming assignment 2.

Skip connections by concatenation: Ronneberger, Fischer & Brox (2015), "U-Net: convolutional networks for biomedical
image segmentation", https://arxiv.org/abs/1505.04597. Comments have the shapes: NF is `num_filters`, L is
`num_filters_last`.
"""

import torch
from torch import Tensor

from colourize.models.encoder_decoder import EncoderDecoder, conv_block, upsample


class UNet(EncoderDecoder):
    """CNN whose decoder also sees the encoder's outputs, (N, in_channels, H, W) -> (N, out_channels, H, W): question C.

    The skips carry what pooling loses (positions and, in the last skip, the input itself) past the bottleneck, and
    shorten the path of the gradients. The last skip goes into one convolution only, `final`.
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

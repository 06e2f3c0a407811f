"""The network with strides and skip connections of the assignment's later editions (CSC413/2516).

Comments have the shapes: NF is `num_filters`, L is `num_filters_last`.
"""

import torch
from torch import Tensor

from colourize.models.encoder_decoder import EncoderDecoder, conv_block


class StridedUNet(EncoderDecoder):
    """ConvTransposeNet with skips, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Without a middle block the deepest level needs no skip: `up1` reads `down2` alone.
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
        # Under autocast up2, the largest tensor, is bfloat16; concatenating it with float32 would copy it to float32.
        return self.final(torch.cat([up2, inputs.to(up2.dtype)], dim=1))  # (N, out_channels, H, W)

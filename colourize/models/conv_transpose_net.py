"""The network with transposed convolutions of the assignment's later editions (CSC413/2516).

Comments have the shapes: NF is `num_filters`, L is `num_filters_last`.
"""

from torch import Tensor

from colourize.models.encoder_decoder import EncoderDecoder, conv_block


class ConvTransposeNet(EncoderDecoder):
    """Strided convolutions down, transposed ones up, (N, in_channels, H, W) -> (N, out_channels, H, W).

    It has as many parameters as PoolUpsampleNet and better results: `up2` computes its output at full resolution,
    while nearest-neighbour upsampling repeats each pixel four times.
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

"""The assignment's first network, of question A: CSC421/2516 (2019), programming assignment 2.

Comments have the shapes: NF is `num_filters`, L is `num_filters_last`.
"""

from torch import Tensor, nn

from colourize.models.encoder_decoder import ConvType, EncoderDecoder, conv_block, upsample


class RegressionCNN(EncoderDecoder):
    """An encoder and decoder without skips, (N, in_channels, H, W) -> (N, out_channels, H, W): question A.

    It maps grey to RGB through an 8 x 8 bottleneck and is trained with a squared error. The output layer is a plain
    convolution, so that outputs may leave [0, 1].
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

"""The course's first network: colours by regression, through an 8 x 8 bottleneck."""

from torch import Tensor, nn

from colourize.models.layers import ConvType, EncoderDecoder, conv_block, pool, upsample


class RegressionCNN(EncoderDecoder):
    """An encoder and decoder without skips, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Made for grey in, RGB out and a squared error. Its output is a plain convolution, so it may leave [0, 1].
    (`final` is our own layer in all networks: torch has none that doubles and convolves at once.)
    Source: CSC421/2516 (2019), programming assignment 2, question A.
    """

    conv_type: ConvType = nn.Conv2d

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
        self.up1 = conv_block(self.conv(2 * num_filters, num_filters), upsample())
        self.up2 = conv_block(self.conv(num_filters, self.num_filters_last))
        self.final = self.resize_conv(self.num_filters_last, out_channels)

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        middle = self.middle(down2)  # (N, 2 NF, H / 4, W / 4)
        up1 = self.up1(middle)  # (N, NF, H / 2, W / 2)
        up2 = self.up2(up1)  # (N, num_filters_last, H / 2, W / 2)
        return self.final(up2)  # (N, out_channels, H, W)

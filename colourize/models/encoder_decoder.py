"""The course's networks: CSC421/2516 (2019), programming assignment 2, and its later editions (CSC413/2516).

Skip connections by concatenation: Ronneberger, Fischer & Brox (2015), "U-Net: convolutional networks for biomedical
image segmentation", https://arxiv.org/abs/1505.04597.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, check_count
from colourize.models.convolution import Convolution2d
from colourize.models.initialisation import initialise
from colourize.models.mirroring import aligned
from colourize.models.resize_convolution import double_and_convolve

ConvType = type[nn.Conv2d] | type[Convolution2d]
AnyConv = nn.Conv2d | nn.ConvTranspose2d | Convolution2d
# The order of the layers after the convolution of a block that pools; the course uses the first.
BLOCK_ORDERS = ("norm_relu_pool", "norm_pool_relu", "pool_norm_relu")
# One filter for each of hundreds of outputs would make the last hidden block the widest one, and at full resolution.
MOST_FILTERS_LAST = 64


class EncoderDecoder(nn.Module):
    """A network that halves a picture twice and doubles it twice, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Pictures of any size are accepted. Subclasses choose the layers; comments have their shapes, where NF is
    `num_filters` and L is `num_filters_last`.

    Args:
        in_channels, out_channels: the channels of the whole network.
        num_filters: the number of filters of the first level; the second has twice as many.
        kernel_size: the size of all kernels, odd.
        num_filters_last: the number of filters of the last hidden block, `up2`. None: one per output but at most 64.
            The course has one per output, a bottleneck of 24, or 3, numbers per pixel.
        block_order: the order of batch norm, ReLU and max-pool in the blocks that pool (question F2), one of
            BLOCK_ORDERS; None: the first. Weights have the same names in all orders, so that each loads the others'.
        middle_blocks: the number of blocks at the lowest resolution, for networks that have any there; None: 1.
        initialisation: the rule for the convolutions' weights, one of `initialisation.RULES`; biases are 0 then. None:
            the layers' own rule, U(-s, s) with s = 1 / sqrt(fan in), for weights and biases.

    Attributes:
        pools: it halves by max-pooling, and doubles by nearest neighbours; otherwise by strided and by transposed
            convolutions.
        has_middle: it has hidden blocks at the lowest resolution.
        has_skips: its decoder also reads the encoder's outputs, and `final` the input.
        folded: compute the last upsampling and the convolution after it as one, see `double_and_convolve`.
    """

    size_multiple = 4  # two halvings
    pools = True
    has_middle = False
    has_skips = False
    conv_type: ConvType = Convolution2d

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_filters: int = 32,
        kernel_size: int = 3,
        num_filters_last: int | None = None,
        block_order: str | None = None,
        middle_blocks: int | None = None,
        initialisation: str | None = None,
    ) -> None:
        super().__init__()
        check_count("model.in_channels", in_channels)
        check_count("model.out_channels", out_channels)
        check_count("model.num_filters", num_filters)
        if num_filters_last is None:
            num_filters_last = min(out_channels, MOST_FILTERS_LAST)
        check_count("model.num_filters_last", num_filters_last)
        if type(kernel_size) is not int or kernel_size < 1 or kernel_size % 2 == 0:
            raise UsageError(f"model.kernel_size={kernel_size}: must be an odd number of at least 1 (1, 3, 5, …)")
        if block_order is not None and block_order not in BLOCK_ORDERS:
            raise UsageError(f"model.block_order={block_order}: must be one of {', '.join(BLOCK_ORDERS)}, or null")
        if not self.pools and block_order not in (None, BLOCK_ORDERS[0]):
            # If it were accepted, one network would have two configurations.
            name = type(self).__name__
            raise UsageError(f"model.block_order={block_order}: {name} has no max-pooling; must be {BLOCK_ORDERS[0]}")
        if not self.has_middle and middle_blocks is not None:
            raise UsageError(f"model.middle_blocks={middle_blocks}: {type(self).__name__} has no middle; must be null")
        check_count("model.middle_blocks", 1 if middle_blocks is None else middle_blocks, least=0)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.num_filters = num_filters
        self.num_filters_last = num_filters_last
        self.kernel_size = kernel_size
        self.block_order = block_order or BLOCK_ORDERS[0]
        self.middle_blocks = 1 if middle_blocks is None else middle_blocks
        self.folded = True
        low, last, beside = 2 * num_filters, num_filters_last, 2 if self.has_skips else 1
        self.down1 = self._halving(in_channels, num_filters)
        self.down2 = self._halving(num_filters, low)
        if self.has_middle:
            self.middle = self._middle(low)
        # A middle's output is read beside its input; without a middle, the deepest level needs no skip.
        self.up1 = self._doubling(beside * low if self.has_middle else low, num_filters)
        self.up2 = self._doubling(beside * num_filters, last)
        self.final = self._conv(last + in_channels if self.has_skips else last, out_channels)
        if initialisation is not None:
            initialise(self, initialisation)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H, W), for any height and width."""
        padded = aligned(inputs, self.size_multiple)
        if padded is inputs:
            return self.forward_aligned(inputs)
        height, width = inputs.shape[-2:]
        return self.forward_aligned(padded)[..., :height, :width]

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        """The network itself, for heights and widths that are multiples of `size_multiple`."""
        down1 = self.down1(inputs)  # (N, NF, H / 2, W / 2)
        down2 = self.down2(down1)  # (N, 2 NF, H / 4, W / 4)
        lowest = self.middle(down2) if self.has_middle else down2
        if self.has_middle and self.has_skips:
            lowest = torch.cat([lowest, down2], dim=1)  # (N, 4 NF, H / 4, W / 4)
        up1 = self.up1(lowest)  # (N, NF, H / 2, W / 2)
        skip = None
        if self.has_skips:
            up1, skip = torch.cat([up1, down1], dim=1), inputs  # (N, 2 NF, H / 2, W / 2)
        # up2: (N, L, H, W); final: that beside the input, if it is a skip -> (N, out_channels, H, W)
        return double_and_convolve(self.up2, self.final, up1, skip, folded=self.folded and self.pools)

    def _conv(self, in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d | Convolution2d:
        """A convolution that keeps the size, or halves it at stride 2."""
        k = self.kernel_size
        return self.conv_type(in_channels, out_channels, k, stride=stride, padding=k // 2)

    def _halving(self, in_channels: int, out_channels: int) -> nn.Sequential:
        if self.pools:
            return conv_block(self._conv(in_channels, out_channels), nn.MaxPool2d(2), self.block_order)
        return conv_block(self._conv(in_channels, out_channels, stride=2))

    def _doubling(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """A hidden block with nearest upsampling, or with a transposed convolution: the gradient of one at stride 2.

        In the latter, each input pixel adds its weighted filter to the output, two pixels apart. At stride 2 a
        convolution maps two sizes to one; output_padding=1 chooses the even one.
        """
        if self.pools:
            return conv_block(self._conv(in_channels, out_channels), nn.Upsample(scale_factor=2, mode="nearest"))
        k = self.kernel_size
        conv = nn.ConvTranspose2d(in_channels, out_channels, k, stride=2, padding=k // 2, output_padding=1)
        return conv_block(conv)

    def _middle(self, channels: int) -> nn.Module:
        """Hidden blocks in sequence, or none; they keep size and width."""
        if not self.middle_blocks:
            return nn.Identity()
        first, *more = (conv_block(self._conv(channels, channels)) for _ in range(self.middle_blocks))
        for number, block in enumerate(more, 2):  # a single block keeps the names of older checkpoints
            first.add_module(f"block{number}", block)
        return first


class RegressionCNN(EncoderDecoder):
    """Question A: an encoder and decoder without skips, from grey to RGB through an 8 x 8 bottleneck.

    It is trained with a squared error. The output layer is a plain convolution, so that outputs may leave [0, 1].
    """

    conv_type: ConvType = nn.Conv2d
    has_middle = True


class CNN(RegressionCNN):
    """Question B: RegressionCNN's layers with our Convolution2d, and one output per palette colour, a logit.

    Our layer computes the same as `nn.Conv2d`, so that the results do not change and each network loads the other's
    weights.
    """

    conv_type = Convolution2d


class UNet(EncoderDecoder):
    """Question C: the CNN whose decoder also sees the encoder's outputs.

    The skips carry what pooling loses (positions and, in the last skip, the input itself) past the bottleneck, and
    shorten the path of the gradients. The last skip goes into one convolution only, `final`.
    """

    has_middle = True
    has_skips = True


class PoolUpsampleNet(EncoderDecoder):
    """The first network of the later editions: the CNN without its middle block.

    Its counterpart, ConvTransposeNet, has as many parameters but learns how to resize.
    """


class ConvTransposeNet(EncoderDecoder):
    """Strided convolutions down, transposed ones up.

    It has as many parameters as PoolUpsampleNet and better results: `up2` computes its output at full resolution,
    while nearest-neighbour upsampling repeats each pixel four times.
    """

    pools = False


class StridedUNet(EncoderDecoder):
    """ConvTransposeNet with skips."""

    pools = False
    has_skips = True


def conv_block(conv: AnyConv, resize: nn.Module | None = None, order: str = BLOCK_ORDERS[0]) -> nn.Sequential:
    """The course's hidden layer: convolution, batch norm, ReLU and, optionally, max-pooling or upsampling.

    (Batch norm's shift makes the convolution's bias superfluous; the course keeps it, and so do we.)

    Args:
        order: the order of the layers after the convolution, one of BLOCK_ORDERS, in which `resize` is the pooling.
            Max-pooling and ReLU commute, as the largest of four numbers stays the largest under an increasing function.
            Batch norm does not commute with max-pooling: a negative scale makes the largest number the smallest, and in
            training its statistics are those of all pixels or of the largest ones only.
    """
    layers: dict[str, nn.Module] = {
        "norm": nn.BatchNorm2d(conv.out_channels),
        "relu": nn.ReLU(),  # not in place, so that hooks still find the batch norm's output
    }
    if resize is not None:
        layers["pool"] = resize
    names = [name for name in order.split("_") if name in layers]
    # The layer that pools or upsamples is called `resize`, wherever it stands.
    following = [(name.replace("pool", "resize"), layers[name]) for name in names]
    return nn.Sequential(OrderedDict([("conv", conv), *following]))

"""The building block that the course's networks share, and their base class, which takes pictures of any size."""

from collections import OrderedDict

from torch import Tensor, nn

from colourize.errors import UsageError, check_count
from colourize.models.convolution import Convolution2d
from colourize.models.initialisation import initialise
from colourize.models.mirroring import aligned
from colourize.models.resize_convolution import double_and_convolve

AnyConv = nn.Conv2d | nn.ConvTranspose2d | Convolution2d
ConvType = type[nn.Conv2d] | type[Convolution2d]
# The order of the layers after the convolution of a block that pools; the course uses the first.
BLOCK_ORDERS = ("norm_relu_pool", "norm_pool_relu", "pool_norm_relu")
# One filter for each of hundreds of outputs would make the last hidden block the widest one, and at full resolution.
MOST_FILTERS_LAST = 64


class EncoderDecoder(nn.Module):
    """The base class of networks that halve a picture twice and double it twice.

    A subclass makes its layers in `build` and connects them in `forward_aligned`, where height and width are multiples
    of 4.

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
        folded: compute the last upsampling and the convolution after it as one, see `double_and_convolve`.
    """

    size_multiple = 4  # two halvings
    pools = True  # it halves by max-pooling
    has_middle = False
    conv_type: ConvType = Convolution2d
    up2: nn.Sequential
    final: AnyConv

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
        self.build(in_channels, out_channels, num_filters, num_filters_last)
        if initialisation is not None:
            initialise(self, initialisation)

    def build(self, in_channels: int, out_channels: int, num_filters: int, last: int) -> None:
        """Make the layers; `last` is `num_filters_last`."""
        raise NotImplementedError

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, in_channels, H, W) -> (N, out_channels, H, W), for any height and width."""
        padded = aligned(inputs, self.size_multiple)
        if padded is inputs:
            return self.forward_aligned(inputs)
        height, width = inputs.shape[-2:]
        return self.forward_aligned(padded)[..., :height, :width]

    def forward_aligned(self, inputs: Tensor) -> Tensor:
        """The network itself, for heights and widths that are multiples of `size_multiple`."""
        raise NotImplementedError

    def conv(self, in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d | Convolution2d:
        """A new convolution that keeps the size, or halves it at stride 2."""
        k = self.kernel_size
        return self.conv_type(in_channels, out_channels, k, stride=stride, padding=k // 2)

    def middle_block(self, channels: int) -> nn.Module:
        """New hidden blocks in sequence, or none; they keep size and width."""
        if not self.middle_blocks:
            return nn.Identity()
        first, *more = (conv_block(self.conv(channels, channels)) for _ in range(self.middle_blocks))
        for number, block in enumerate(more, 2):  # a single block keeps the names of older checkpoints
            first.add_module(f"block{number}", block)
        return first

    def pooled(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """A new hidden block that halves the size by max-pooling, in this network's order of layers."""
        return conv_block(self.conv(in_channels, out_channels), pool(), self.block_order)

    def double_and_finish(self, inputs: Tensor, skip: Tensor | None = None) -> Tensor:
        """`final(up2(inputs))`, where `up2` ends with nearest upsampling; `final` also reads a skip, if any."""
        return double_and_convolve(self.up2, self.final, inputs, skip, folded=self.folded)

    def conv_transpose(self, in_channels: int, out_channels: int) -> nn.ConvTranspose2d:
        """A new transposed convolution, which doubles the size: the gradient of a convolution at stride 2.

        Each input pixel adds its weighted filter to the output, two pixels apart. At stride 2 a convolution maps two
        sizes to one; output_padding=1 chooses the even one.
        """
        k = self.kernel_size
        return nn.ConvTranspose2d(in_channels, out_channels, k, stride=2, padding=k // 2, output_padding=1)


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


def pool() -> nn.Module:
    """Halves height and width: the largest of each 2 x 2 pixels stays."""
    return nn.MaxPool2d(2)


def upsample() -> nn.Module:
    """Doubles height and width: every pixel becomes 2 x 2 equal ones."""
    return nn.Upsample(scale_factor=2, mode="nearest")

"""The project's own convolution layer: it does what `torch.nn.Conv2d` does, and is written to be read.

Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", https://arxiv.org/abs/1603.07285,
derive the sizes, with pictures of every case.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OneOrTwo = int | Sequence[int]  # one number for both directions, or (height, width)


class Convolution2d(nn.Module):
    """A learnt convolution, (N, in_channels, H, W) -> (N, out_channels, H', W'): a drop-in for `nn.Conv2d`.

    Each of the filters is a stack of small pictures, one per input channel (of its group). Laid over the input at one
    place, it gives one number: the sum of the products of filter and picture there, plus a bias. Sliding it over all
    places gives one output channel:

        out[n, o, y, x] = bias[o] + sum over c, i, j of weight[o, c, i, j]
                                                        * padded[n, c, y * s + i * d, x * s + j * d]

    - **Weights are shared**: the same numbers serve every place, so the number of parameters does not depend on the
      picture's size, and a shifted picture gives a shifted output.
    - **padding** p surrounds the picture with p rows and columns of zeros; without it the output would shrink
      by k - 1. 'valid' means none, 'same' as much as keeps the size (at stride 1).
    - **stride** s moves the filter s pixels at a time, so that the output is s times smaller.
    - **dilation** d spreads the filter's taps d pixels apart: a wider view with the same number of weights.
    - **groups** g splits the channels into g groups that do not see each other.

    Together, H' = floor((H + 2 p - d (k - 1) - 1) / s) + 1, and likewise for the width.
    (The filter is not mirrored; mathematicians call this cross-correlation. For learnt weights it is the same.)

    The arguments that it has, attributes, `state_dict`, initial weights (the same draws under the same seed), outputs
    and gradients are those of `torch.nn.Conv2d`, so that weights can move between the two. It has no `padding_mode`
    (the border is always filled with zeros), `device` or `dtype`.

    Parameters: weight (out_channels, in_channels / groups, kh, kw) and bias (out_channels,), that is
    out_channels * (in_channels / groups * kh * kw + 1) numbers:

    >>> layer = Convolution2d(3, 32, kernel_size=3, padding="same")
    >>> sum(parameter.numel() for parameter in layer.parameters())  # 32 * (3 * 3 * 3 + 1)
    896
    >>> layer(torch.zeros(10, 3, 32, 32)).shape
    torch.Size([10, 32, 32, 32])

    A filter that compares each pixel with its left neighbour finds the edge between dark and light:

    >>> layer = Convolution2d(1, 1, kernel_size=(1, 2), bias=False)
    >>> layer.weight.data[:] = torch.tensor([-1.0, 1.0])
    >>> layer(torch.tensor([[[[0.0, 0.0, 5.0, 5.0]]]])).detach()
    tensor([[[[0., 5., 0.]]]])
    """

    weight: Tensor
    bias: Tensor | None
    # Some tools check these two attributes of a convolution.
    transposed = False
    output_padding = (0, 0)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: OneOrTwo,
        stride: OneOrTwo = 1,
        padding: OneOrTwo | str = 0,
        dilation: OneOrTwo = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = _pair(kernel_size)
        self.stride = _pair(stride)
        self.padding = padding if isinstance(padding, str) else _pair(padding)
        self.dilation = _pair(dilation)
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, *self.kernel_size))
        self.register_parameter("bias", nn.Parameter(torch.empty(out_channels)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and bias from U(-s, s), s = 1 / sqrt(in_channels / groups * kh * kw).

        A sum of many terms grows with their number. Dividing by its root keeps a layer's output at about the
        size of its input, so that signals neither explode nor vanish in a deep network.
        """
        fan_in = math.prod(self.weight.shape[1:])
        bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, inputs: Tensor) -> Tensor:
        return F.conv2d(inputs, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                parts.append(f"{name}={getattr(self, name)}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


def _pair(value: OneOrTwo) -> tuple[int, int]:
    height, width = (value, value) if isinstance(value, int) else value
    return height, width

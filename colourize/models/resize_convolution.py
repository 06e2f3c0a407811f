"""Doubles a picture and convolves it, with all computation at the small picture's size.

Doubling by nearest neighbours and then convolving is a *resize-convolution*: Odena, Dumoulin & Olah (2016),
"Deconvolution and checkerboard artifacts", https://doi.org/10.23915/distill.00003. As each group of four equal
pixels meets several taps of a filter, the same result comes from a smaller convolution with those taps added up,
whose outputs are then interleaved: Aitken et al. (2017), "Checkerboard artifact free sub-pixel convolution",
https://arxiv.org/abs/1707.02937. For 3 x 3 taps that takes 4 products instead of 9, and no large intermediate result.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def double_and_convolve(
    block: nn.Sequential, conv: nn.Module, inputs: Tensor, skip: Tensor | None = None, *, folded: bool = True
) -> Tensor:
    """`conv(block(inputs))`, (N, C, H, W) -> (N, out_channels, 2 H, 2 W); `conv` also reads the skip if there is one.

    Args:
        block: layers whose last one doubles the picture by nearest neighbours.
        conv: an ordinary convolution of any odd kernel size that keeps the picture's size.
        inputs: (N, C, H, W), for the block.
        skip: (N, S, 2 H, 2 W), concatenated with the block's output before `conv`.
        folded: convolve at the small size instead of doubling first. This is faster on a CPU; it is not done on other
            devices or while these layers have hooks. Outputs and gradients are the same up to rounding.
    """
    if folded and inputs.device.type == "cpu" and not any(map(_watched, (block, block[-1], conv))):
        low = inputs
        for layer in list(block)[:-1]:
            low = layer(low)
        # Under autocast `low` is bfloat16; concatenating it with a float32 skip would copy it to float32.
        skip = None if skip is None else skip.to(low.dtype)
        return convolve_doubled(low, skip, conv.weight, conv.bias)  # type: ignore[arg-type]
    doubled: Tensor = block(inputs)
    outputs: Tensor = conv(doubled if skip is None else torch.cat([doubled, skip.to(doubled.dtype)], dim=1))
    return outputs


def _watched(layer: nn.Module) -> bool:
    hooks = layer._forward_hooks, layer._forward_pre_hooks, layer._backward_hooks, layer._backward_pre_hooks
    return any(map(bool, hooks))


def convolve_doubled(low: Tensor, high: Tensor | None, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`F.conv2d(torch.cat([doubled low, high], 1), weight, bias, padding="same")`, without the doubled picture.

    Shapes: low (N, C, H, W), high (N, S, 2 H, 2 W), weight (O, C + S, k, k), bias (O,) -> (N, O, 2 H, 2 W).

    In one dimension, for k = 3: two neighbouring outputs look at four large pixels, x[-1] x[0] x[1] x[2],

        w0 x[-1] + w1 x[0] + w2 x[1]    and    w0 x[0] + w1 x[1] + w2 x[2].

    If the first output is at an odd place, then x[-1] = x[0] = a and x[1] = x[2] = b are two small pixels, and the
    outputs are (w0 + w1) a + w2 b and w0 a + (w1 + w2) b. So a window of 2 x 2 small pixels gives 2 x 2 large ones.
    Each channel of the large picture `high` becomes four, its pixels at even and odd places, with one tap each. For
    kernels of 5, 9, … the first output is at an even place.
    """
    size = (weight.shape[-1] + 1) // 2  # s, the size of the window of small pixels
    odd = 1 - size % 2  # whether pairs of outputs start at odd places
    channels = low.shape[1]
    # Each of the 2 x 2 outputs has its k x k taps at its own place among the window's 2 s x 2 s large pixels.
    places = [(row, column) for row in (0, 1) for column in (0, 1)]
    taps = torch.stack([F.pad(weight, (column, 1 - column, row, 1 - row)) for row, column in places])
    taps = taps.unflatten(-1, (size, 2)).unflatten(-3, (size, 2))  # (4, O, C + S, s, 2, s, 2)
    filters = taps[:, :, :channels].sum((-3, -1))  # (4, O, C, s, s)
    if high is not None:
        low = torch.cat([low, F.pixel_unshuffle(high, 2)], dim=1)
        filters_high = taps[:, :, channels:].permute(0, 1, 2, 4, 6, 3, 5).flatten(2, 4)
        filters = torch.cat([filters, filters_high], dim=2)  # (4, O, C + 4 S, s, s)
    bias = None if bias is None else bias.repeat(4)
    outputs = F.conv2d(low, filters.flatten(0, 1), bias, padding=size // 2)  # (N, 4 O, H', W'), H' = H + odd

    # Interleave the 2 x 2 outputs: (N, 2 H', 2 W', O).
    outputs = outputs.permute(0, 2, 3, 1).unflatten(-1, (2, 2, -1)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
    if odd:
        outputs = outputs[:, 1:-1, 1:-1].contiguous()
    return outputs.permute(0, 3, 1, 2)

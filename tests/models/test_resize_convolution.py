"""Doubling and convolving at the small size against doing both literally, and when it is done."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from colourize.models import CNN, Convolution2d, PoolUpsampleNet, RegressionCNN, UNet
from colourize.models.encoder_decoder import conv_block
from colourize.models.resize_convolution import convolve_doubled, double_and_convolve


def layers(skip_channels=0, kernel_size=3, bias=True, dtype=torch.float32):
    """A block that ends with doubling, and a convolution of what it makes beside a skip."""
    padding = kernel_size // 2
    block = conv_block(Convolution2d(2, 3, kernel_size, padding=padding), nn.Upsample(scale_factor=2)).to(dtype)
    return block, Convolution2d(3 + skip_channels, 4, kernel_size, padding=padding, bias=bias).to(dtype)


def with_gradients(block, conv, inputs, skip, folded):
    """The outputs and the gradients of everything that goes in, for the same direction each time."""
    block.train()
    leaves = [inputs, *([] if skip is None else [skip]), *block.parameters(), *conv.parameters()]
    outputs = double_and_convolve(block, conv, inputs, skip, folded=folded)
    direction = torch.randn(outputs.shape, dtype=outputs.dtype, generator=torch.Generator().manual_seed(2))
    return [outputs, *torch.autograd.grad(outputs, leaves, direction)]


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7, 9])
@pytest.mark.parametrize(("skip_channels", "size"), [(0, (5, 4)), (1, (2, 3)), (3, (6, 5))])
def test_both_ways_are_the_same(kernel_size, skip_channels, size):
    torch.manual_seed(0)
    block, conv = layers(skip_channels, kernel_size, bias=skip_channels > 0, dtype=torch.float64)
    inputs = torch.randn(2, 2, *size, dtype=torch.float64, requires_grad=True)
    large = 2, skip_channels, 2 * size[0], 2 * size[1]
    skip = torch.randn(large, dtype=torch.float64, requires_grad=True) if skip_channels else None
    folded = with_gradients(block, conv, inputs, skip, True)
    literal = with_gradients(block, conv, inputs, skip, False)
    expected = conv(block(inputs) if skip is None else torch.cat([block(inputs), skip], 1))
    assert torch.equal(literal[0], expected)
    assert folded[0].is_contiguous(memory_format=torch.channels_last) and literal[0].is_contiguous()
    for ours, theirs in zip(folded, literal, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_single_pixel():
    weight, low = torch.randn(4, 3, 5, 5, dtype=torch.float64), torch.randn(2, 3, 1, 1, dtype=torch.float64)
    expected = F.conv2d(low.expand(2, 3, 2, 2), weight, padding=2)
    torch.testing.assert_close(convolve_doubled(low, None, weight), expected)


@pytest.mark.parametrize("folded", [True, False])
def test_autocast_makes_no_float32_of_a_bfloat16_picture(folded, monkeypatch):
    torch.manual_seed(0)
    block, conv = layers(1)
    inputs, skip = torch.rand(1, 2, 4, 4), torch.rand(1, 1, 8, 8)
    expected = double_and_convolve(block, conv, inputs, skip, folded=False)
    convolve, convolved = F.conv2d, []

    def spy(inputs, *others, **named):
        convolved.append(inputs.dtype)
        return convolve(inputs, *others, **named)

    monkeypatch.setattr(F, "conv2d", spy)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = double_and_convolve(block, conv, inputs, skip, folded=folded)
    assert convolved == [torch.float32, torch.bfloat16] and outputs.dtype == torch.bfloat16
    torch.testing.assert_close(outputs.float(), expected, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("model_class", [RegressionCNN, CNN, UNet, PoolUpsampleNet])
def test_networks_compute_the_same_both_ways(model_class):
    torch.manual_seed(0)
    model = model_class(1, 5, num_filters=8)
    inputs = torch.rand(3, 1, 18, 16)  # a height that is padded, too
    folded = model(inputs)
    model.folded = False
    literal = model(inputs)
    assert folded.stride(1) == 1 != literal.stride(1)  # folded, channels come last
    torch.testing.assert_close(folded, literal, rtol=1e-4, atol=1e-5)


HOOKS = {
    "what comes out": lambda layer, see: layer.register_forward_hook(lambda *_: see()),
    "what goes in": lambda layer, see: layer.register_forward_pre_hook(lambda *_: see()),
    "gradients": lambda layer, see: layer.register_full_backward_hook(lambda *_: see()),
    "gradients before": lambda layer, see: layer.register_full_backward_pre_hook(lambda *_: see()),
}


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
@pytest.mark.parametrize("watched", ["up2", "up2.resize", "final"])
def test_who_looks_sees_the_diagram(watched, hook):
    torch.manual_seed(0)
    model = UNet(1, 5, num_filters=4)
    inputs, seen = torch.rand(2, 1, 8, 12), []
    folded = model(inputs)
    handle = hook(model.get_submodule(watched), lambda: seen.append(watched))
    model(inputs).sum().backward()
    assert seen == [watched]
    handle.remove()
    again = model(inputs)
    assert seen == [watched] and torch.equal(again, folded)

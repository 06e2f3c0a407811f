"""Doubling and convolving at the small size against doing both literally."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from colourize.models import CNN, Convolution2d, PoolUpsampleNet, RegressionCNN, UNet
from colourize.models.resize_convolution import ResizeConvolution2d, convolve_doubled, do_literally


def literally(low, high, weight, bias=None):
    doubled = low.repeat_interleave(2, 2).repeat_interleave(2, 3)
    joined = doubled if high is None else torch.cat([doubled, high], 1)
    return F.conv2d(joined, weight, bias, padding=weight.shape[-1] // 2)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7, 9])
@pytest.mark.parametrize(("high_channels", "size"), [(0, (5, 4)), (1, (1, 1)), (1, (2, 3)), (3, (6, 5))])
def test_outputs_and_gradients_are_those_of_the_literal_way(kernel_size, high_channels, size):
    torch.manual_seed(0)
    height, width = size
    low = torch.randn(2, 3, height, width, dtype=torch.float64, requires_grad=True)
    high = torch.randn(2, high_channels, 2 * height, 2 * width, dtype=torch.float64) if high_channels else None
    weight = torch.randn(4, 3 + high_channels, kernel_size, kernel_size, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(4, dtype=torch.float64, requires_grad=True)
    learnt = [low, weight, bias]
    if high is not None:
        learnt.append(high.requires_grad_())
    outputs, expected = convolve_doubled(low, high, weight, bias), literally(low, high, weight, bias)
    torch.testing.assert_close(outputs, expected)
    assert outputs.is_contiguous(memory_format=torch.channels_last)
    direction = torch.randn_like(expected)
    gradients = (torch.autograd.grad(each, learnt, direction) for each in (outputs, expected))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_layer_gives_the_same_both_ways():
    torch.manual_seed(0)
    layer = ResizeConvolution2d(5, 4, 3)
    low, high = torch.randn(2, 3, 8, 6), torch.randn(2, 2, 16, 12)
    expected = literally(low, high, layer.weight, layer.bias)
    folded = layer(low, high)
    do_literally(nn.Sequential(layer))
    assert torch.equal(layer(low, high), expected)
    torch.testing.assert_close(folded, expected, rtol=1e-4, atol=1e-5)
    assert not torch.equal(folded, expected)  # other sums, other rounding: it was not done literally


def test_it_is_a_convolution_with_its_first_weights():
    layers = []
    for build in (ResizeConvolution2d, lambda *arguments: Convolution2d(*arguments, padding=1)):
        torch.manual_seed(0)
        layers.append(build(5, 4, 3))
    ours, plain = (layer.state_dict() for layer in layers)
    assert list(ours) == list(plain)
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


@pytest.mark.parametrize("folded", [True, False])
def test_autocast_makes_no_float32_of_a_bfloat16_picture(folded, monkeypatch):
    layer = ResizeConvolution2d(4, 2, 3)
    layer.folded = folded
    low, high = torch.rand(1, 3, 4, 4).bfloat16(), torch.rand(1, 1, 8, 8)
    convolve, convolved = F.conv2d, []

    def spy(inputs, *others, **named):
        convolved.append(inputs.dtype)
        return convolve(inputs, *others, **named)

    monkeypatch.setattr(F, "conv2d", spy)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = layer(low, high)
    assert convolved == [torch.bfloat16] and outputs.dtype == torch.bfloat16
    monkeypatch.undo()
    expected = literally(low.float(), high, layer.weight, layer.bias)
    torch.testing.assert_close(outputs.float(), expected, rtol=0.03, atol=0.02)


@pytest.mark.parametrize("model_class", [RegressionCNN, CNN, UNet, PoolUpsampleNet])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_networks_compute_the_same_both_ways(model_class, kernel_size):
    torch.manual_seed(0)
    model = model_class(1, 5, num_filters=8, kernel_size=kernel_size)
    inputs = torch.rand(3, 1, 18, 16)  # a height that is padded, too
    folded = model(inputs)
    model.final.folded = False
    torch.testing.assert_close(folded, model(inputs), rtol=1e-4, atol=1e-5)

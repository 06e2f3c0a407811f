"""The own convolution against torch's, and the reference against torch's and four plain loops."""

import doctest
import itertools
import random
import re

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from colourize.models import Convolution2d, convolution, convolve_by_unfold


def random_cases(count):
    """Random constructor arguments and input shapes that torch allows."""
    draw = random.Random(0)
    for _ in range(count):
        groups = draw.choice([1, 1, 2, 3])
        kernel_size = draw.choice([1, 2, 3, 5, (1, 3), (3, 2), (5, 1)])
        stride = draw.choice([1, 1, 2, (2, 1), (1, 3)])
        same = ["same"] if stride == 1 else []
        arguments = {
            "in_channels": groups * draw.randint(1, 3),
            "out_channels": groups * draw.randint(1, 3),
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": draw.choice([0, 1, 2, (1, 0), (0, 2), "valid", *same, *same]),
            "dilation": draw.choice([1, 1, 2, (1, 2), (2, 1)]),
            "groups": groups,
            "bias": draw.random() < 0.7,
        }
        yield arguments, (draw.randint(1, 3), draw.randint(9, 13), draw.randint(9, 13))


def both(arguments, size, **more):
    """Our layer and torch's with torch's weights, and an input each."""
    theirs = nn.Conv2d(**arguments, **more)
    ours = Convolution2d(**arguments, **more)
    ours.load_state_dict(theirs.state_dict())
    batch, height, width = size
    inputs = torch.randn(batch, arguments["in_channels"], height, width, dtype=theirs.weight.dtype)
    return (ours, inputs.clone().requires_grad_()), (theirs, inputs.clone().requires_grad_())


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
def test_outputs_and_gradients_are_torchs(padding_mode):
    torch.manual_seed(0)
    for arguments, size in random_cases(40):
        (ours, inputs), (theirs, their_inputs) = both(arguments, size, padding_mode=padding_mode)
        outputs, expected = ours(inputs), theirs(their_inputs)
        torch.testing.assert_close(outputs, expected, msg=str(arguments))
        weights = torch.randn_like(expected)
        (outputs * weights).sum().backward()
        (expected * weights).sum().backward()
        torch.testing.assert_close(inputs.grad, their_inputs.grad)
        torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
        if arguments["bias"]:
            torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_reference_equals_torch_in_float64():
    torch.manual_seed(0)
    for arguments, size in random_cases(100):
        _, (layer, inputs) = both(arguments, size, dtype=torch.float64)
        options = {name: arguments[name] for name in ("stride", "padding", "dilation", "groups")}
        expected = F.conv2d(inputs, layer.weight, layer.bias, **options)
        outputs = convolve_by_unfold(inputs, layer.weight, layer.bias, **options)
        torch.testing.assert_close(outputs, expected, rtol=1e-12, atol=1e-12, msg=str(arguments))


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), ((1, 2), (2, 1), (2, 1))])
@pytest.mark.parametrize("groups", [1, 2])
def test_reference_equals_plain_loops(stride, padding, dilation, groups):
    torch.manual_seed(0)
    inputs, bias = torch.randn(2, 4, 5, 4, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    weight = torch.randn(6, 4 // groups, 2, 3, dtype=torch.float64)
    outputs = convolve_by_unfold(inputs, weight, bias, stride, padding, dilation, groups)

    pairs = (value if isinstance(value, tuple) else (value, value) for value in (stride, padding, dilation))
    (sy, sx), (py, px), (dy, dx) = pairs
    height, width = (5 + 2 * py - dy - 1) // sy + 1, (4 + 2 * px - 2 * dx - 1) // sx + 1
    assert outputs.shape == (2, 6, height, width)
    for n, o, y, x in itertools.product(range(2), range(6), range(height), range(width)):
        first_channel = o // (6 // groups) * (4 // groups)
        total = bias[o].item()
        for c, i, j in itertools.product(range(4 // groups), range(2), range(3)):
            row, column = y * sy + i * dy - py, x * sx + j * dx - px
            if 0 <= row < 5 and 0 <= column < 4:
                total += (weight[o, c, i, j] * inputs[n, first_channel + c, row, column]).item()
        assert outputs[n, o, y, x].item() == pytest.approx(total, abs=1e-12)


def test_reference_has_torchs_gradients():
    torch.manual_seed(0)
    inputs = torch.randn(2, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 1, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, w: convolve_by_unfold(x, w, None, 2, 1, 1, 2), (inputs, weight))


def test_same_seed_draws_torchs_weights():
    for arguments, _ in random_cases(20):
        torch.manual_seed(3)
        ours = Convolution2d(**arguments).state_dict()
        torch.manual_seed(3)
        theirs = nn.Conv2d(**arguments).state_dict()
        assert list(ours) == list(theirs)
        for name, value in theirs.items():
            torch.testing.assert_close(ours[name], value, rtol=1e-6, atol=0)


def test_initial_weights_are_uniform():
    torch.manual_seed(0)
    layer = Convolution2d(32, 2000, 3, groups=2)
    bound = (32 / 2 * 9) ** -0.5
    for values in (layer.weight, layer.bias):
        assert 0.99 * bound < values.abs().max() <= bound
        assert values.mean().abs() < 0.05 * bound
        assert values.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_state_dict_loads_both_ways():
    arguments = {"in_channels": 2, "out_channels": 4, "kernel_size": (3, 5), "groups": 2}
    ours, theirs = Convolution2d(**arguments), nn.Conv2d(**arguments)
    theirs.load_state_dict(ours.state_dict())
    assert torch.equal(theirs.weight, ours.weight)
    assert torch.equal(theirs.bias, ours.bias)
    ours.load_state_dict(nn.Conv2d(**arguments).state_dict())
    assert not torch.equal(theirs.weight, ours.weight)


def test_attributes_and_text_are_torchs():
    for arguments, _ in random_cases(20):
        ours, theirs = Convolution2d(**arguments), nn.Conv2d(**arguments)
        for name in ("kernel_size", "stride", "padding", "dilation", "padding_mode", *arguments):
            if name != "bias":
                assert getattr(ours, name) == getattr(theirs, name)
        assert (ours.bias is None) == (theirs.bias is None)
    ours, theirs = (conv(4, 6, 3, 2, 1, 2, 2, False, "reflect") for conv in (Convolution2d, nn.Conv2d))
    assert repr(ours) == repr(theirs).replace("Conv2d", "Convolution2d")


def test_device_and_dtype():
    layer = Convolution2d(1, 2, 3, device="meta", dtype=torch.float64)
    assert layer.weight.dtype == layer.bias.dtype == torch.float64
    assert layer.weight.is_meta
    assert layer.bias.is_meta


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups": 0},
        {"groups": 3},
        {"groups": 2, "out_channels": 3},
        {"padding": "full"},
        {"padding": "same", "stride": 2},
        {"padding_mode": "mirror"},
    ],
)
def test_wrong_arguments_raise_as_in_torch(wrong):
    arguments = {"in_channels": 4, "out_channels": 6, "kernel_size": 3, **wrong}
    with pytest.raises(ValueError, match=r"must|Invalid|not supported") as theirs:
        nn.Conv2d(**arguments)
    beginning = re.escape(str(theirs.value)[:25])  # torch goes on to list what is allowed, in any order
    with pytest.raises(ValueError, match=beginning):
        Convolution2d(**arguments)


def test_three_sizes_are_too_many():
    with pytest.raises(ValueError, match="kernel_size must be one number or two"):
        Convolution2d(1, 1, (3, 3, 3))


def test_examples_in_the_docstrings():
    result = doctest.testmod(convolution)
    assert result.attempted > 0
    assert result.failed == 0

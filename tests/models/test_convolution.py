"""The own convolution against torch's, and the reference against torch's and four plain loops."""

import doctest
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


def test_same_seed_draws_torchs_weights_and_the_text_is_torchs():
    for arguments, _ in random_cases(20):
        torch.manual_seed(3)
        ours = Convolution2d(**arguments)
        torch.manual_seed(3)
        theirs = nn.Conv2d(**arguments)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for name, value in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-6, atol=0)
        assert repr(ours) == repr(theirs).replace("Conv2d", "Convolution2d")


WRONG = [{"groups": 0}, {"groups": 3}, {"groups": 2, "out_channels": 3}, {"padding": "full"},
         {"padding": "same", "stride": 2}, {"padding_mode": "mirror"}]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
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

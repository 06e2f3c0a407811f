"""The own convolution against torch's: outputs, gradients, initial weights, text."""

import doctest
import random

import pytest
import torch
from torch import nn

from colourize.models import Convolution2d, convolution


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


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_outputs_and_gradients_are_torchs():
    torch.manual_seed(0)
    for arguments, (batch, *size) in random_cases(100):
        ours, theirs = Convolution2d(**arguments), nn.Conv2d(**arguments)
        ours.load_state_dict(theirs.state_dict())
        inputs = torch.randn(batch, arguments["in_channels"], *size, requires_grad=True)
        their_inputs = inputs.detach().clone().requires_grad_()
        outputs, expected = ours(inputs), theirs(their_inputs)
        torch.testing.assert_close(outputs, expected, msg=str(arguments))
        weights = torch.randn_like(expected)
        (outputs * weights).sum().backward()
        (expected * weights).sum().backward()
        torch.testing.assert_close(inputs.grad, their_inputs.grad)
        torch.testing.assert_close(ours.weight.grad, theirs.weight.grad)
        if arguments["bias"]:
            torch.testing.assert_close(ours.bias.grad, theirs.bias.grad)


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


def test_examples_in_the_docstrings():
    result = doctest.testmod(convolution)
    assert result.attempted > 0
    assert result.failed == 0

"""Operations per picture, against arithmetic by hand; counting leaves everything as it was."""

import torch
from torch import nn

from colourize.models import CNN, UNet
from colourize.models.flops import flops_per_picture


def convolution(inputs, outputs, size, kernel=3):
    """A multiplication and an addition for each tap, at each place."""
    return 2 * inputs * outputs * kernel**2 * size**2


def test_the_course_network_by_hand():
    # The last upsampling is computed in another way on the CPU; what counts is the diagram.
    expected = (
        convolution(1, 32, 32)
        + convolution(32, 64, 16)
        + convolution(64, 64, 8)
        + convolution(64, 32, 8)
        + convolution(32, 24, 16)
        + convolution(24, 24, 32)
    )
    assert flops_per_picture(CNN(1, 24), 1, (32, 32)) == expected


def test_nothing_is_touched():
    model = UNet(1, 24, num_filters=4).train()
    model.dropout = nn.Dropout()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    assert flops_per_picture(model, 1, (16, 24))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training and model.down1.norm.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_model_that_needs_values():
    class Peeking(nn.Conv2d):
        def forward(self, inputs):
            return super().forward(inputs) if inputs.mean().item() > 0 else inputs

    assert flops_per_picture(Peeking(1, 1, 3), 1, (8, 8)) is None


def test_compiled_model():
    model = CNN(1, 24)
    plain = flops_per_picture(model, 1, (32, 32))
    model.compile()
    assert flops_per_picture(model, 1, (32, 32)) == plain

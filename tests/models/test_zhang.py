"""Zhang's network: the published sizes, its own for small pictures, and what it answers while it trains."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colourize.models import ZhangNet

# Of each group of the paper: output channels, size of 256 pixels, dilation, number of convolutions (table 4).
PUBLISHED = [
    (64, 128, 1, 2), (128, 64, 1, 2), (256, 32, 1, 3), (512, 32, 1, 3), (512, 32, 2, 3), (512, 32, 2, 3),
    (512, 32, 1, 3), (256, 64, 1, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("num_filters", "num_halvings", "side", "divisor", "sizes"),
    [(64, 3, 256, 1, [128, 64, 32, 32, 32, 32, 32, 64]), (8, 2, 32, 8, [16, 8, 8, 8, 8, 8, 8, 16])],
)
def test_its_groups(num_filters, num_halvings, side, divisor, sizes):
    with torch.device("meta"):
        model = ZhangNet(1, 313, num_filters, num_halvings).eval()
        features = torch.empty(1, 1, side, side)
    for number, ((channels, _, dilation, convolutions), size) in enumerate(zip(PUBLISHED, sizes, strict=True), 1):
        block = model.get_submodule(f"conv{number}")
        features = block(features)
        assert features.shape == (1, channels // divisor, size, size)
        layers = [layer for layer in block if isinstance(layer, nn.Conv2d)]
        assert len(layers) == convolutions and {layer.dilation[0] for layer in layers} == {dilation}
        assert [isinstance(layer, nn.BatchNorm2d) for layer in block].count(True) == (number < 8)
        assert isinstance(block[-1], nn.BatchNorm2d if number < 8 else nn.ReLU)
    assert model.final(features).shape == (1, 313, sizes[-1], sizes[-1])
    assert model(torch.empty(1, 1, side, side, device="meta")).shape == (1, 313, side, side)
    if divisor == 1:
        assert sum(parameter.numel() for parameter in model.parameters()) == 32_235_385


@pytest.mark.parametrize("num_halvings", [1, 2, 3])
def test_in_training_it_answers_some_pixels_as_it_would_all(num_halvings):
    torch.manual_seed(0)
    model = ZhangNet(1, 5, 2, num_halvings).eval()
    for size in ((16, 24), (9, 13), (5, 1), (1, 7)):
        inputs = torch.rand(2, 1, *size)
        whole = model(inputs)
        assert whole.shape == (2, 5, *size)
        model.training = True  # and its norms are not
        step = model.training_stride
        torch.testing.assert_close(model(inputs), whole[..., ::step, ::step], atol=1e-5, rtol=1e-4)
        model.training = False


def test_it_enlarges_what_the_last_convolution_gives():
    torch.manual_seed(0)
    model = ZhangNet(1, 5, 2, 3).eval()
    caught: list[torch.Tensor] = []
    model.final.register_forward_hook(lambda module, given, outputs: caught.append(outputs))
    outputs = model(torch.rand(1, 1, 16, 16))
    assert caught[0].shape == (1, 5, 4, 4)
    torch.testing.assert_close(outputs, F.interpolate(caught[0], scale_factor=4, mode="bilinear"))

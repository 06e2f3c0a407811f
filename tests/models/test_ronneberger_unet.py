"""The paper's U-Net: its sizes and weights, the same layers written out, and valid tiles that equal the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.models import RonnebergerUNet, UNet
from colourize.models.mirroring import mirrored


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_papers_sizes():
    """572 pixels become 388, and the widely quoted 31.03 million weights (1 channel in, 2 classes out)."""
    with torch.device("meta"):
        model = RonnebergerUNet(1, 2, num_filters=64, levels=5, padding="valid")
        assert count(model) == 31_030_658
        assert model.forward_unpadded(torch.empty(1, 1, 572, 572)).shape == (1, 2, 388, 388)
    assert model.needed(388) == 572 and model.needed(387) == 572 and model.needed(389) == 588


def test_the_default_has_about_the_weights_of_the_courses_unet():
    assert count(RonnebergerUNet(1, 24)) == pytest.approx(count(UNet(1, 24)), rel=0.05)


@pytest.mark.parametrize("padding", ["reflect", "zeros", "valid"])
@pytest.mark.parametrize("levels", [2, 3, 4])
def test_any_size_of_picture(padding, levels):
    model = RonnebergerUNet(2, 3, num_filters=2, levels=levels, padding=padding).eval()
    for height, width in ((1, 1), (2, 37), (5, 16), (33, 18)):
        assert model(torch.rand(1, 2, height, width)).shape == (1, 3, height, width)


@pytest.mark.parametrize("padding", ["reflect", "zeros", "valid"])
def test_the_layers_are_those_of_the_paper(padding):
    torch.manual_seed(0)
    model = RonnebergerUNet(1, 2, num_filters=3, levels=3, padding=padding).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter)  # He's initialisation has them at 0

    def conv(name: str, x: Tensor) -> Tensor:
        if padding != "valid":
            x = F.pad(x, (1, 1, 1, 1), mode="reflect" if padding == "reflect" else "constant")
        return F.conv2d(x, *(dict(model.named_parameters())[f"{name}.{part}"] for part in ("weight", "bias"))).relu()

    def up(name: str, x: Tensor, skip: Tensor) -> Tensor:
        weight, bias = (dict(model.named_parameters())[f"{name}.{part}"] for part in ("weight", "bias"))
        # Each pixel becomes 2×2: its channels times the filter of each of the four places.
        grown = torch.einsum("nchw,cokl->nohkwl", x, weight).flatten(4, 5).flatten(2, 3) + bias[:, None, None]
        edge = (skip.shape[2] - grown.shape[2]) // 2
        skip = skip[:, :, edge:-edge, edge:-edge] if edge else skip
        return torch.cat([skip, grown], 1)

    picture = torch.rand(1, 1, 52, 60)
    one = conv("down.0.2", conv("down.0.0", picture))
    two = conv("down.1.2", conv("down.1.0", F.max_pool2d(one, 2)))
    three = conv("down.2.2", conv("down.2.0", F.max_pool2d(two, 2)))
    outputs = conv("joined.0.2", conv("joined.0.0", up("up.0", three, two)))
    outputs = conv("joined.1.2", conv("joined.1.0", up("up.1", outputs, one)))
    torch.testing.assert_close(model.forward_unpadded(picture), model.last(outputs))
    if padding == "valid":
        assert outputs.shape[2:] == (52 - 2 * model.margin, 60 - 2 * model.margin)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_valid_tiles_of_a_mirrored_picture_are_the_whole(levels):
    torch.manual_seed(0)
    model = RonnebergerUNet(1, 2, num_filters=2, levels=levels, padding="valid").double().eval()
    side = 5 * model.size_multiple
    picture = torch.rand(1, 1, 2 * side + 3, side + 7, dtype=torch.double)
    whole = model(picture)
    wide = [(0, 0), (0, 0)] + [(model.margin, model.margin + 2 * side)] * 2
    padded = torch.from_numpy(np.pad(picture.numpy(), wide, mode="reflect"))
    length = model.needed(side)
    for top in range(0, picture.shape[2], side):
        for left in range(0, picture.shape[3], side):
            tile = model.forward_unpadded(padded[..., top : top + length, left : left + length])
            wanted = whole[..., top : top + side, left : left + side]
            torch.testing.assert_close(tile[..., : wanted.shape[2], : wanted.shape[3]], wanted)


@pytest.mark.parametrize(("size", "before", "length"), [(5, 3, 12), (5, 20, 60), (1, 4, 9), (2, 3, 9)])
def test_mirrored_as_numpy(size, before, length):
    picture = np.random.default_rng(0).random((1, 1, size, 3))
    padding = ((0, 0), (0, 0), (before, length - size - before), (before, length - 3 - before))
    found = mirrored(torch.from_numpy(picture), before, length, length)
    np.testing.assert_array_equal(found, np.pad(picture, padding, mode="reflect"))


def test_he_initialisation_and_dropout():
    torch.manual_seed(0)
    model = RonnebergerUNet(1, 8, num_filters=32, levels=3)
    for convolution in (model.down[1][0], model.down[2][2], model.joined[0][0]):
        fan_in = convolution.weight[0].numel()
        assert convolution.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.03)
        assert not convolution.bias.any()
    picture = torch.rand(1, 1, 16, 16)
    assert not torch.equal(model(picture), model(picture))
    model.eval()
    assert torch.equal(model(picture), model(picture))
    dropped = RonnebergerUNet(1, 8, dropout=0)
    assert torch.equal(dropped(picture), dropped(picture))

"""The hidden block (and question F2), pictures of any size, and what a wrong setting is told."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from colourize.errors import UsageError
from colourize.models import CNN, Convolution2d, StridedUNet, UNet
from colourize.models.encoder_decoder import conv_block, pool, upsample


def test_block_is_in_the_courses_order():
    block = conv_block(Convolution2d(1, 4, 3, padding=1), pool())
    types = (Convolution2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d)
    for layer, expected in zip(block, types, strict=True):
        assert isinstance(layer, expected)


def test_f2_max_pool_commutes_with_relu_but_not_with_a_falling_batch_norm():
    torch.manual_seed(0)
    block = conv_block(Convolution2d(1, 4, 3, padding=1), pool())
    inputs = torch.randn(2, 1, 8, 8)

    def run(order):
        outputs = inputs
        for name in order.split():
            outputs = getattr(block, name)(outputs)
        return outputs

    block.eval()  # in training, the batch norm's mean also depends on what it is given
    for scale in (1, -1):
        with torch.no_grad():
            block.norm.weight[:] = scale
        assert torch.equal(block(inputs), run("conv norm relu resize"))
        assert torch.equal(block(inputs), run("conv norm resize relu"))
        # Pooled before the batch norm: the same while that rises with its input, another if it falls.
        assert torch.allclose(block(inputs), run("conv resize norm relu")) == (scale > 0)


def test_hook_sees_the_batch_norms_own_output():
    block = conv_block(Convolution2d(1, 4, 3, padding=1))
    seen = []
    block.norm.register_forward_hook(lambda module, inputs, output: seen.append(output))
    block(torch.randn(2, 1, 8, 8))
    assert seen[0].min() < 0


def test_upsampling_repeats_pixels():
    outputs = upsample()(torch.tensor([[[[1.0, 2.0]]]]))
    assert outputs.tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]


@pytest.mark.parametrize(("size", "padded_size", "mode"), [
    ((30, 29), (32, 32), "reflect"),
    ((32, 7), (32, 8), "reflect"),
    ((3, 5), (4, 8), "reflect"),
    ((2, 3), (4, 4), "replicate"),
    ((1, 1), (4, 4), "replicate"),
])  # fmt: skip
def test_other_sizes_are_padded_and_cropped(size, padded_size, mode):
    torch.manual_seed(0)
    model = UNet(1, 3, num_filters=4).eval()
    inputs = torch.randn(2, 1, *size)
    margins = (0, padded_size[1] - size[1], 0, padded_size[0] - size[0])
    expected = model(F.pad(inputs, margins, mode=mode))[..., : size[0], : size[1]]
    assert torch.equal(model(inputs), expected)


def test_multiples_of_four_are_not_padded(monkeypatch):
    model = StridedUNet(1, 3, num_filters=2).eval()
    inputs = torch.randn(1, 1, 8, 12)
    expected = model.forward_aligned(inputs)
    monkeypatch.setattr(F, "pad", None)  # any use of it fails
    assert torch.equal(model(inputs), expected)


@pytest.mark.parametrize("wrong", [0, -3, 4, 2.5, 3.0, "3", None, True])
def test_kernel_size_must_be_odd(wrong):
    with pytest.raises(UsageError) as error:
        CNN(1, 24, kernel_size=wrong)
    expected = f"model.kernel_size={wrong}: must be an odd number of at least 1 (1, 3, 5, …)"
    assert str(error.value) == expected


@pytest.mark.parametrize("key", ["in_channels", "out_channels", "num_filters", "num_filters_last"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, "8", False])
def test_widths_must_be_whole_and_positive(key, wrong):
    arguments = {"in_channels": 1, "out_channels": 24, key: wrong}
    with pytest.raises(UsageError) as error:
        UNet(**arguments)
    assert str(error.value) == f"model.{key}={wrong}: must be a whole number of at least 1"


def test_last_width_is_one_filter_per_output_but_no_more_than_64():
    for outputs, last in ((3, 3), (24, 24), (64, 64), (65, 64), (313, 64)):
        model = UNet(1, outputs, num_filters=2).eval()
        assert model.num_filters_last == model.up2.norm.num_features == last
        assert model(torch.zeros(1, 1, 4, 4)).shape == (1, outputs, 4, 4)
    assert UNet(1, 313, num_filters=2, num_filters_last=100).up2.norm.num_features == 100  # who asks gets more

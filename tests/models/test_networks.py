"""The course's six networks: parameters, shapes, gradients, skips, and the YAML files that name them."""

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from torch import nn

from colourize.models import (
    CNN,
    Convolution2d,
    ConvTransposeNet,
    PoolUpsampleNet,
    RegressionCNN,
    ResidualSR,
    RonnebergerUNet,
    StridedUNet,
    UNet,
    ZhangNet,
)

MODELS = {
    "regression_cnn": RegressionCNN,
    "cnn": CNN,
    "unet": UNet,
    "pool_upsample_net": PoolUpsampleNet,
    "conv_transpose_net": ConvTransposeNet,
    "strided_unet": StridedUNet,
}
every_model = pytest.mark.parametrize("model_class", MODELS.values())


@pytest.mark.parametrize(
    ("name", "in_channels", "out_channels", "expected"),
    [
        ("regression_cnn", 1, 3, 75_549), ("cnn", 1, 24, 86_784), ("cnn", 3, 24, 87_360), ("unet", 1, 24, 112_344),
        ("unet", 3, 24, 113_352), ("pool_upsample_net", 1, 24, 49_728), ("conv_transpose_net", 1, 24, 49_728),
        ("strided_unet", 1, 24, 56_856),
    ],
)  # fmt: skip
def test_options_have_the_courses_settings(compose, name, in_channels, out_channels, expected):
    model = instantiate(compose(f"model={name}").model, in_channels=in_channels, out_channels=out_channels)
    assert type(model) is MODELS[name] and sum(parameter.numel() for parameter in model.parameters()) == expected


@every_model
def test_output_has_the_inputs_size(model_class):
    model = model_class(1, 3, num_filters=2).eval()
    for height in range(1, 38):
        width = height * 17 % 38  # 1 to 37 in another order, so that most pictures are not square
        assert model(torch.randn(1, 1, height, width)).shape == (1, 3, height, width)


@every_model
@pytest.mark.parametrize(("kernel_size", "num_filters_last"), [(1, None), (3, 6), (5, None)])
def test_kernel_size_and_last_width(model_class, kernel_size, num_filters_last):
    model = model_class(2, 5, 4, kernel_size, num_filters_last)
    assert model(torch.randn(2, 2, 12, 8)).shape == (2, 5, 12, 8)
    skipped = 2 if model_class in (UNet, StridedUNet) else 0
    assert model.final.weight.shape == (5, (num_filters_last or 5) + skipped, kernel_size, kernel_size)
    assert model.up2.norm.num_features == (num_filters_last or 5)


@pytest.mark.parametrize("model_class", [*MODELS.values(), ResidualSR, RonnebergerUNet, ZhangNet])
def test_every_parameter_gets_a_gradient(model_class):
    torch.manual_seed(0)
    # In evaluation mode: in training, batch norm subtracts the convolutions' biases again.
    model = model_class(1, 5, num_filters=8).eval()
    outputs = model(torch.randn(2, 1, 16, 16))
    (outputs * torch.randn_like(outputs)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


@every_model
def test_own_convolution_everywhere_but_in_the_regression(model_class):
    model = model_class(1, 3, num_filters=2)
    plain = [module for module in model.modules() if isinstance(module, nn.Conv2d | Convolution2d)]
    assert {type(module) for module in plain} == {nn.Conv2d if model_class is RegressionCNN else Convolution2d}


def inputs_and_outputs(model, inputs):
    """What each named child was given and what it returned."""
    given, returned = {}, {}

    names = {module: name for name, module in model.named_children()}

    def keep(module, args, output):
        given[names[module]], returned[names[module]] = args, output

    handles = [module.register_forward_hook(keep) for module in names]
    model(inputs)
    for handle in handles:
        handle.remove()
    return given, returned


@pytest.mark.parametrize("model_class", [UNet, StridedUNet])
def test_skips_arrive(model_class):
    torch.manual_seed(0)
    inputs = torch.randn(2, 3, 16, 16)
    given, returned = inputs_and_outputs(model_class(3, 5, num_filters=8), inputs)
    expected = {"up1": ["middle", "down2"] if model_class is UNet else ["down2"], "up2": ["up1", "down1"]}
    for name, parts in expected.items():
        assert torch.equal(given[name][0], torch.cat([returned[part] for part in parts], 1))
    assert torch.equal(given["final"][0], torch.cat([returned["up2"], inputs], 1))


@every_model
def test_channels_last_and_bfloat16(model_class):
    torch.manual_seed(0)
    model = model_class(3, 5, num_filters=8).eval()
    inputs = torch.rand(2, 3, 16, 16)
    expected = model(inputs)
    model = model.to(memory_format=torch.channels_last)
    outputs = model(inputs.to(memory_format=torch.channels_last))
    torch.testing.assert_close(outputs, expected)
    assert outputs.is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = model(inputs)
    assert outputs.dtype == torch.bfloat16
    torch.testing.assert_close(outputs.float(), expected, rtol=0.1, atol=0.02)


@pytest.mark.slow
def test_compiles_as_one_graph_at_any_size():
    torch.manual_seed(0)
    model = UNet(1, 5, num_filters=4).eval()
    # No code is generated, but all before is done; from the second size on, sizes are symbols.
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        for size in ((16, 16), (15, 18)):
            inputs = torch.randn(1, 1, *size)
            torch.testing.assert_close(compiled(inputs), model(inputs))


@pytest.mark.parametrize(("size", "padded_size"), [
    ((30, 29), (32, 32)),
    ((32, 7), (32, 8)),
    ((3, 5), (4, 8)),
    ((2, 3), (4, 4)),
    ((1, 1), (4, 4)),
])  # fmt: skip
def test_other_sizes_are_padded_and_cropped(size, padded_size):
    torch.manual_seed(0)
    model = UNet(1, 3, num_filters=4).eval()
    inputs = torch.randn(2, 1, *size)
    margins = [(0, 0), (0, 0), *((0, more - less) for less, more in zip(size, padded_size, strict=True))]
    padded = torch.from_numpy(np.pad(inputs.numpy(), margins, mode="reflect"))
    torch.testing.assert_close(model(inputs), model(padded)[..., : size[0], : size[1]])


def test_last_width_is_one_filter_per_output_but_no_more_than_64():
    for outputs, last in ((3, 3), (24, 24), (64, 64), (65, 64), (313, 64)):
        model = UNet(1, outputs, num_filters=2).eval()
        assert model.num_filters_last == model.up2.norm.num_features == last
        assert model(torch.zeros(1, 1, 4, 4)).shape == (1, outputs, 4, 4)
    assert UNet(1, 313, num_filters=2, num_filters_last=100).up2.norm.num_features == 100  # who asks gets more

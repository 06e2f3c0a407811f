"""The course's six networks: parameters, shapes, gradients, skips, and the YAML files that name them."""

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
    StridedUNet,
    UNet,
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


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("model_class", "in_channels", "out_channels", "expected"),
    [
        (RegressionCNN, 1, 3, 75_549),
        (CNN, 1, 24, 86_784),
        (CNN, 3, 24, 87_360),
        (UNet, 1, 24, 112_344),
        (UNet, 3, 24, 113_352),
        (PoolUpsampleNet, 1, 24, 49_728),
        (ConvTransposeNet, 1, 24, 49_728),
        (StridedUNet, 1, 24, 56_856),
    ],
)
def test_parameter_counts_are_the_courses(model_class, in_channels, out_channels, expected):
    assert count(model_class(in_channels, out_channels)) == expected


@every_model
def test_output_has_the_inputs_size(model_class):
    model = model_class(1, 3, num_filters=2).eval()
    for height in range(1, 38):
        width = height * 17 % 38  # 1 to 37 in another order, so that most pictures are not square
        assert model(torch.randn(1, 1, height, width)).shape == (1, 3, height, width)


@every_model
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize("num_filters_last", [None, 6])
def test_kernel_size_and_last_width(model_class, kernel_size, num_filters_last):
    model = model_class(2, 5, 4, kernel_size, num_filters_last)
    assert model(torch.randn(2, 2, 12, 8)).shape == (2, 5, 12, 8)
    skipped = 2 if model_class in (UNet, StridedUNet) else 0
    assert model.final.weight.shape == (5, (num_filters_last or 5) + skipped, kernel_size, kernel_size)
    assert model.up2.norm.num_features == (num_filters_last or 5)


@every_model
def test_every_parameter_gets_a_gradient(model_class):
    torch.manual_seed(0)
    # In evaluation mode: in training, batch norm subtracts the convolutions' biases again.
    model = model_class(1, 5, num_filters=8).eval()
    outputs = model(torch.randn(2, 1, 16, 16))
    (outputs * torch.randn_like(outputs)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@every_model
def test_own_convolution_everywhere_but_in_the_regression(model_class):
    model = model_class(1, 3, num_filters=2)
    plain = [module for module in model.modules() if isinstance(module, nn.Conv2d | Convolution2d)]
    assert {type(module) for module in plain} == {nn.Conv2d if model_class is RegressionCNN else Convolution2d}


def test_cnn_with_the_regressions_weights_computes_the_same():
    torch.manual_seed(0)
    theirs, ours = RegressionCNN(1, 3), CNN(1, 3)
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(ours(inputs), theirs(inputs))


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


def test_unets_skips_arrive():
    torch.manual_seed(0)
    inputs = torch.randn(2, 3, 16, 16)
    given, returned = inputs_and_outputs(UNet(3, 5, num_filters=8), inputs)
    assert torch.equal(given["up1"][0], torch.cat([returned["middle"], returned["down2"]], 1))
    assert torch.equal(given["up2"][0], torch.cat([returned["up1"], returned["down1"]], 1))
    assert torch.equal(given["final"][0], torch.cat([returned["up2"], inputs], 1))


def test_strided_unets_skips_arrive():
    torch.manual_seed(0)
    inputs = torch.randn(2, 3, 16, 16)
    given, returned = inputs_and_outputs(StridedUNet(3, 5, num_filters=8), inputs)
    assert torch.equal(given["up1"][0], returned["down2"])
    assert torch.equal(given["up2"][0], torch.cat([returned["up1"], returned["down1"]], 1))
    assert torch.equal(given["final"][0], torch.cat([returned["up2"], inputs], 1))


@pytest.mark.parametrize(("model_class", "passes"), [(UNet, True), (CNN, False)])
def test_only_the_unet_keeps_detail_that_the_pooling_drops(model_class, passes):
    """With the way through the bottleneck cut, the input's detail still reaches the U-Net's last layer."""
    model = model_class(1, 3, num_filters=4).eval()
    nn.init.zeros_(model.up2.conv.weight)
    picture = torch.rand(1, 1, 16, 16)
    changed = picture.clone()
    changed[..., 5, 7] += 0.5
    before, _ = inputs_and_outputs(model, picture)
    after, _ = inputs_and_outputs(model, changed)
    # The channels and the places of (H, W) that changed: none in what comes through the bottleneck, one beside it.
    changes = (after["final"][0] - before["final"][0])[0].nonzero().tolist()
    assert changes == ([[3, 5, 7]] if passes else [])


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


@pytest.mark.parametrize(("name", "model_class"), MODELS.items())
def test_yaml_builds_the_model_with_the_courses_settings(compose, name, model_class):
    model = instantiate(compose(f"model={name}").model, in_channels=1, out_channels=24)
    assert type(model) is model_class
    assert count(model) == count(model_class(1, 24))

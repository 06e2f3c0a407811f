"""Question F2: max-pool, ReLU and batch norm in another order; where the outputs are equal, and where they are not."""

import pytest
import torch
from torch.nn import functional as F

from colourize.models import CNN, PoolUpsampleNet, RegressionCNN, UNet
from colourize.models.encoder_decoder import BLOCK_ORDERS

pooling = pytest.mark.parametrize("model_class", [RegressionCNN, CNN, UNet, PoolUpsampleNet])
COURSE, POOL_BEFORE_RELU, POOL_FIRST = BLOCK_ORDERS


def models(model_class, *orders):
    """Networks of the same weights, with batch norms that have seen something and whose scales have both signs."""
    torch.manual_seed(0)
    made = [model_class(1, 5, num_filters=8, block_order=order) for order in orders]
    for name, value in made[0].named_parameters():
        if "norm" in name:
            value.data.copy_(torch.randn_like(value))
    for name, value in made[0].named_buffers():
        if "running" in name:
            value.copy_(torch.rand_like(value) + 0.1)
    for other in made[1:]:
        other.load_state_dict(made[0].state_dict())
    return made


def everything(model, inputs):
    """Outputs, gradients of inputs and weights, and what the batch norms have learnt on the way."""
    inputs = inputs.clone().requires_grad_()
    outputs = model(inputs)
    direction = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(1))
    return [*torch.autograd.grad(outputs, [inputs, *model.parameters()], direction), outputs, *model.buffers()]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (COURSE, ["conv", "norm", "relu", "resize"]),
        (POOL_BEFORE_RELU, ["conv", "norm", "resize", "relu"]),
        (POOL_FIRST, ["conv", "resize", "norm", "relu"]),
    ],
)
def test_layers_stand_in_the_order_of_the_name(order, names):
    model = UNet(1, 5, num_filters=4, block_order=order)
    for block in (model.down1, model.down2):
        assert [name for name, _ in block.named_children()] == names
    assert [name for name, _ in model.up2.named_children()] == ["conv", "norm", "relu", "resize"]


@pooling
@pytest.mark.parametrize("training", [True, False])
def test_max_pool_and_relu_commute_to_the_last_bit(model_class, training):
    """Also in training, gradients and batch norms included: the largest of four stays so under any rising function."""
    course, other = (model.train(training) for model in models(model_class, COURSE, POOL_BEFORE_RELU))
    inputs = torch.randn(3, 1, 16, 12, generator=torch.Generator().manual_seed(2))
    for one, two in zip(everything(course, inputs), everything(other, inputs), strict=True):
        assert torch.equal(one, two)


@pooling
def test_pooling_before_a_batch_norm_differs_where_its_scale_is_negative(model_class):
    course, other = (model.eval() for model in models(model_class, COURSE, POOL_FIRST))
    inputs = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    falling = course.down1.norm.weight < 0
    assert falling.any() and not falling.all()
    one, two = course.down1(inputs), other.down1(inputs)
    torch.testing.assert_close(one[:, ~falling], two[:, ~falling])
    # There the largest before the batch norm is the smallest after it.
    smallest = -F.max_pool2d(-course.down1[:3](inputs), 2)
    torch.testing.assert_close(two[:, falling], smallest[:, falling])
    assert (one - two)[:, falling].abs().max() > 0.1
    assert not torch.allclose(course(inputs), other(inputs), atol=0.01)
    for model in (course, other):
        for block in (model.down1, model.down2):
            block.norm.weight.data.abs_()
    torch.testing.assert_close(course(inputs), other(inputs))


def test_a_new_run_names_no_order_of_its_own(compose):
    """With another default than None, checkpoints of before would differ from it, and could not be trained on."""
    assert compose().model.block_order is None

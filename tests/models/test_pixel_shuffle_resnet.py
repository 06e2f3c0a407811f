"""Residual blocks at a reduced resolution: where they work, what they begin as, their weights, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.models import PixelShuffleResNet
from colourize.tasks import RestorationTask

TaskMaker = Callable[..., RestorationTask]


def awake(model: PixelShuffleResNet) -> PixelShuffleResNet:
    """With a last layer as if it had learnt."""
    nn.init.normal_(model.last.weight, std=0.1)
    return model


@pytest.mark.parametrize("reduction", [1, 2, 4])
def test_blocks_work_at_the_reduced_resolution_and_the_input_is_joined_at_full_size(reduction: int) -> None:
    model = PixelShuffleResNet(3, 5, num_filters=4, num_blocks=2, reduction=reduction)
    given: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(lambda module, args, name=name: given.update({name: args[0]}))
    inputs = torch.rand(2, 3, 16, 24)
    assert model(inputs).shape == (2, 5, 16, 24)
    sizes = {name: tuple(each.shape[1:]) for name, each in given.items()}
    assert sizes.pop("last") == (2 + 3, 16, 24) and torch.equal(given["last"][:, 2:], inputs)
    assert sizes.pop("first.0") == (3 * reduction**2, 16 // reduction, 24 // reduction)
    assert set(sizes.values()) == {(4, 16 // reduction, 24 // reduction)} and len(sizes) == 2 * 2 + 1


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_parameters_by_hand_and_gradients(norm: str) -> None:
    """A norm's scale and shift, or a bias; of the residual blocks two convolutions each."""
    width, blocks, own = 6, 3, 2 if norm == "batch" else 1
    first, block = 9 * 4 * width + own * width, 2 * (9 * width * width + own * width)
    widen, last = 9 * width * 4 * 3 + own * 4 * 3, 9 * (3 + 1) * 5 + 5
    model = awake(PixelShuffleResNet(1, 5, width, blocks, norm=norm))
    assert sum(each.numel() for each in model.parameters()) == first + blocks * block + widen + last
    model(torch.rand(2, 1, 16, 16)).square().sum().backward()
    assert all(each.grad is not None and each.grad.any() for each in model.parameters())


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_with_a_prior_it_begins_as_the_prior_and_then_learns(answer: str, tiny_task: TaskMaker) -> None:
    table = torch.rand(32 * 256, 3 if answer == "regression" else 5)
    colours = {"classification": tiny_task("grey", answer).hparams["fitted"]}.get(answer, {})
    task = tiny_task(
        "grey", answer, model={"_target_": "colourize.models.PixelShuffleResNet", "num_filters": 4, "dropout": 0.5},
        prior={"_target_": "colourize.models.GreyRowLookup"}, fitted={**colours, "prior": {"table": table}},
    )  # fmt: skip
    pair = task.make_pair(torch.randint(0, 256, (3, 9, 14, 3), dtype=torch.uint8))
    outputs = task(pair.inputs)
    torch.testing.assert_close(outputs, task.prior(pair.inputs))
    task.loss(outputs, pair).backward()
    assert task.model.last.weight.grad.abs().sum() > 0


def test_any_size_is_answered_as_the_mirrored_picture() -> None:
    model = awake(PixelShuffleResNet(1, 3, num_filters=4, num_blocks=1, reduction=4)).eval()
    for height in range(1, 14):
        picture = torch.rand(1, 1, height, 5 * height % 14 + 1)
        assert model(picture).shape[2:] == picture.shape[2:]
    picture = torch.rand(1, 1, 7, 10)
    torch.testing.assert_close(model(picture), model(F.pad(picture, (0, 2, 0, 1), mode="reflect"))[..., :7, :10])


def test_equal_pixels_of_a_small_picture_are_all_that_its_blocks_see() -> None:
    """The factor as the reduction: what the blocks are given is a convolution of the small picture itself."""
    model = PixelShuffleResNet(3, 3, num_filters=4, num_blocks=1, reduction=4, norm="none")
    low = torch.rand(1, 3, 6, 5)
    weight = model.first[0].weight.unflatten(1, (3, 16)).sum(2)
    expected = F.conv2d(low, weight, model.first[0].bias, padding=1).relu()
    seen = model.first(model.down(F.interpolate(low, scale_factor=4, mode="nearest")))
    torch.testing.assert_close(seen, expected)


def test_dropout_is_of_training_alone() -> None:
    model, picture = awake(PixelShuffleResNet(1, 3, 4, 1, dropout=0.5, norm="none")), torch.rand(1, 1, 8, 8)
    assert not torch.equal(model(picture), model(picture))
    model.eval()
    assert torch.equal(model(picture), model(picture))


def test_its_reduction_is_the_factor_of_small_pictures(compose: Callable[..., Any]) -> None:
    words = ["model=pixel_shuffle_resnet", "task=super_resolution_regression", "task.degradation.scale_factor=8"]
    assert compose(*words).model.reduction == 8
    assert compose(words[0]).model.reduction == 2

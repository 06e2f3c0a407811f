"""Samples and likelihood against a joint distribution of two pixels that is known exactly."""

import math

import pytest
import torch
from torch import nn

from colourize.data.batches import Batch
from colourize.data.draws import Draws
from colourize.errors import UsageError
from colourize.joint.likelihood import independent_nats, nats_per_pixel
from colourize.joint.sampling import sample
from colourize.tasks import RestorationTask

JOINT = torch.tensor([[0.5, 0.1], [0.15, 0.25]])  # of the classes of the left and the right pixel
COLOURS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # red has a positive a, green a negative one


class ExactConditionals(nn.Module):
    """The logits of both pixels given the hint at the other one: what a perfect network would answer."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        assert (in_channels, out_channels) == (4, 2)

    def forward(self, inputs):
        known, classes = inputs[:, 3, 0] > 0, (inputs[:, 1, 0] < 0).long()
        outputs = torch.empty(len(inputs), 2, 1, 2)
        for place, joint in enumerate((JOINT, JOINT.T)):
            other = 1 - place
            given = joint[:, classes[:, other]].T
            alone = joint.sum(1).expand_as(given)
            outputs[:, :, 0, place] = torch.where(known[:, [other]], given, alone).log()
        return outputs


class Silent(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()


def make_task(degradation="Hints", model=ExactConditionals):
    target = f"{model.__module__}.{model.__qualname__}"
    return RestorationTask(
        model={"_target_": target},
        degradation={"_target_": f"colourize.degradations.{degradation}"},
        answer={"_target_": "colourize.answers.PaletteClasses"},
        loss={"_target_": "colourize.losses.CrossEntropy"},
        fitted={"answer": {"colours": COLOURS}},
        size=[1, 2],
    ).eval()


def draws(count):
    return Draws(torch.arange(count), seed=0, epoch=0, stage="test", purpose="samples")


def test_the_likelihood_bound_of_exact_conditionals_is_the_likelihood():
    classes = torch.tensor([[[i, j]] for i in (0, 1) for j in (0, 1)])
    pictures = (COLOURS[classes] * 255).to(torch.uint8)
    task = make_task()
    found = nats_per_pixel(task, Batch(pictures, torch.arange(4), "test"), orders=4000)
    exact = -JOINT.flatten().log() / 2
    torch.testing.assert_close(found, exact, atol=0.02, rtol=0)
    # Pixels that are taken to be independent are less likely on average.
    alone = independent_nats(task, Batch(pictures, torch.arange(4), "predict"))
    assert (JOINT.flatten() * found).sum() < math.log(2) and alone.shape == (4,)


def shares(classes):
    """How often both pixels had each pair of classes, in the order of JOINT, flattened."""
    return torch.bincount(2 * classes[:, 0, 0] + classes[:, 0, 1], minlength=4) / len(classes)


def test_samples_have_the_joint_distribution_in_as_many_rounds_as_pixels_and_not_in_one():
    task, count = make_task(), 4000
    inputs = task.degradation.inputs_of(torch.full((count, 3, 1, 2), 0.5))
    torch.testing.assert_close(shares(sample(task, inputs, draws(count), rounds=2)), JOINT.flatten(), atol=0.03, rtol=0)
    independent = (JOINT.sum(1)[:, None] * JOINT.sum(0)).flatten()
    torch.testing.assert_close(shares(sample(task, inputs, draws(count), rounds=1)), independent, atol=0.03, rtol=0)


def test_at_temperature_0_the_surest_first_is_the_same_whatever_is_drawn():
    task = make_task()
    inputs = task.degradation.inputs_of(torch.full((8, 3, 1, 2), 0.5))
    other = Draws(torch.arange(8), seed=9, epoch=0, stage="test", purpose="samples")
    first, second = (sample(task, inputs, each, rounds=2, temperature=0, order="surest") for each in (draws(8), other))
    # The left pixel's red (0.6) and the right one's red (0.65) are the likeliest; red follows red (0.5 / 0.65).
    assert torch.equal(first, second) and (first == 0).all()


def test_samples_keep_hints_and_follow_them():
    task, count = make_task(), 2000
    inputs = task.degradation.inputs_of(torch.full((count, 3, 1, 2), 0.5))
    inputs[:, 1, 0, 0], inputs[:, 3, 0, 0] = -80 / 110, 0.5  # the left pixel is green
    passes = []
    task.model.register_forward_pre_hook(lambda *_: passes.append(1))
    classes = sample(task, inputs, draws(count), rounds=10_000)[:, 0]
    assert len(passes) == 1  # there is one pixel to draw
    assert abs((classes[:, 1] == 0).float().mean() - 0.15 / 0.4) < 0.04


def test_what_is_refused():
    task = make_task()
    inputs = task.degradation.inputs_of(torch.zeros(1, 3, 1, 2))
    for key, value in (("temperature", -1), ("order", "last"), ("rounds", 0)):
        with pytest.raises(UsageError, match=f"^{key}={value}: must be"):
            sample(task, inputs, draws(1), **{key: value})
    with pytest.raises(UsageError, match="samples: needs a network that takes hints and answers classes"):
        sample(make_task("Luminance", Silent), torch.zeros(1, 1, 1, 2), draws(1))

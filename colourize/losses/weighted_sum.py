"""Weighted sums of losses: `loss=[mse,features,style,total_variation]`.

A configuration's `task.loss` is one loss, by `_target_` and arguments. It may contain further losses, each under its
name and with a `weight`. They are multiplied by their weights and added to the first one, if there is one:

    _target_: colourize.losses.MeanSquaredError
    features: {_target_: colourize.losses.FeatureLoss, weight: 0.01}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor, nn

from colourize.answers.base import Answer
from colourize.configuration import build_part, part_class
from colourize.data.batches import Pair
from colourize.errors import UsageError, is_number, one_line
from colourize.losses.base import Loss
from colourize.losses.perceptual import PerceptualLoss, frozen_network


class Term(NamedTuple):
    """One term of a weighted sum of losses."""

    key: str  # the key of its configuration
    config: Mapping[str, Any]
    weight: float


class WeightedSum(Loss):
    """Σ weight · loss. Losses on layers of the same frozen network share one pass through it.

    Args:
        losses: the losses by name.
        weights: their weights by name.

    Attributes:
        latest: the unweighted losses of the latest batch, by name.
    """

    latest: dict[str, Tensor]

    def __init__(self, losses: Mapping[str, Loss], weights: Mapping[str, float]) -> None:
        super().__init__()
        self.losses, self.weights = nn.ModuleDict(losses), dict(weights)
        seeing = [each for each in losses.values() if isinstance(each, PerceptualLoss)]
        for vgg16 in {each.vgg16 for each in seeing}:
            sharing = [each for each in seeing if each.vgg16 == vgg16]
            network = frozen_network(list(dict.fromkeys(name for each in sharing for name in each.layers)), vgg16)
            for each in sharing:
                each.network = network

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        terms, seen = {}, {}
        for name, loss in self.losses.items():
            if isinstance(loss, PerceptualLoss):
                if loss.vgg16 not in seen:
                    seen[loss.vgg16] = loss.seen(outputs, pair, answer)
                terms[name] = loss.compare(*seen[loss.vgg16])
            else:
                terms[name] = loss(outputs, pair, answer)
        self.latest = {name: value.detach() for name, value in terms.items()}
        first, *others = (self.weights[name] * value for name, value in terms.items())
        return sum(others, first)


def terms_of(config: Mapping[str, Any]) -> dict[str, Term]:
    """The terms of a configuration's loss, by name; a single loss is one term.

    Raises:
        UsageError: there is no loss, a class cannot be imported, or a weight is not allowed.
    """
    config = config or {}
    below = {
        name: each for name, each in config.items() if isinstance(each, Mapping) and {"_target_", "weight"} <= {*each}
    }
    found = {}
    if "_target_" in config or not below:
        own = {key: value for key, value in config.items() if key not in below}
        loss_class = part_class("task.loss", own)
        found[getattr(loss_class, "name", "") or str(own["_target_"]).rpartition(".")[2]] = Term("task.loss", own, 1.0)
    for name, each in below.items():
        key, weight = f"task.loss.{name}", each["weight"]
        if not (is_number(weight) and 0 <= weight < math.inf):
            raise UsageError(f"{key}.weight={one_line(weight)}: must be a number of at least 0")
        if name in found:
            raise UsageError(f"{key}: is a loss already; it must have another name")
        found[name] = Term(key, {key: value for key, value in each.items() if key != "weight"}, weight)
    if not any(each.weight for each in found.values()):
        raise UsageError("task.loss: all weights are 0; nothing would be learnt")
    return found


def is_sum(config: Mapping[str, Any]) -> bool:
    """Whether the configuration `task.loss` is a weighted sum."""
    return any(each.key != "task.loss" for each in terms_of(config).values())


def build_loss(config: Mapping[str, Any]) -> Loss:
    """Build the loss of a configuration."""
    terms = terms_of(config)
    losses = {name: build_part(each.key, each.config) for name, each in terms.items()}
    if not is_sum(config):
        return next(iter(losses.values()))  # type: ignore[no-any-return]
    return WeightedSum(losses, {name: each.weight for name, each in terms.items()})


def describe_loss(config: Mapping[str, Any]) -> str:
    """Describe a configuration in words: "MeanSquaredError + 0.01 FeatureLoss"."""
    return " + ".join(
        ("" if each.weight == 1 else f"{each.weight:g} ") + str(each.config["_target_"]).rpartition(".")[2]
        for each in terms_of(config).values()
    )

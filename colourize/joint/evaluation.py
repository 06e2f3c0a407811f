"""Measures on test pictures what a network that takes hints can do: hints, likelihood and samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.data.batches import Batch
from colourize.degradations.hints import MOST_POINTS, Hints
from colourize.errors import UsageError, check_count
from colourize.joint.likelihood import independent_nats, nats_per_pixel
from colourize.joint.sampling import check_settings, sample
from colourize.measures.base import PictureBatch, PictureMeasure
from colourize.measures.registry import MEASURES
from colourize.tasks.restoration import RestorationTask

HINT_MEASURES = ("psnr", "delta_e")
MEANS = ("expected", "mean")  # what answers call the mean of their distribution
# The values of one network for each test picture, (N,); nan where a picture has none. The keys are
# - "hints", their number and a measure: this measure with so many hints;
# - "nats" and "joint" or "independent": the negative log-likelihood in nats per pixel, with the pixels taken so;
# - "best" and k: the highest PSNR among the first k samples;
# - "diversity": the root mean squared difference between two samples in RGB.
JointValues = dict[tuple[Any, ...], np.ndarray]


@dataclass(frozen=True)
class JointSettings:
    """What to measure of networks that take hints; the keys of the group `joint`.

    Args:
        hints: the numbers of hints to test. A hint is a square of 6 pixels in a picture of 256 (one pixel in 32),
            placed by a Gaussian around the middle as in Zhang et al. (2017).
        orders: the number of random orders per picture whose mean bounds the likelihood; 0: no bound is computed.
        samples: the number of samples per picture; 0: none.
        rounds, temperature, order: how samples are drawn, see `sample`.

    Raises:
        UsageError: a value that is not allowed.
    """

    hints: Sequence[int] = ()
    orders: int = 0
    samples: int = 0
    rounds: int = 16
    temperature: float = 1.0
    order: str = "random"

    def __post_init__(self) -> None:
        if isinstance(self.hints, (int, float, str)) or self.hints is None:
            raise UsageError(f"joint.hints={self.hints}: must be a list, such as [0,1,10]")
        for number in self.hints:
            check_count("joint.hints", number, least=0)
            if number > MOST_POINTS:
                raise UsageError(f"joint.hints={number}: must be at most {MOST_POINTS}")
        for key in ("orders", "samples"):
            check_count(f"joint.{key}", getattr(self, key), least=0)
        if self.samples == 1:
            raise UsageError("joint.samples=1: must be 0, or at least 2, which can differ")
        check_settings(self.rounds, self.temperature, self.order, "joint.")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to measure."""
        return not (self.hints or self.orders or self.samples)


def takes_hints(task: RestorationTask) -> bool:
    """Whether a task's network takes hints and predicts classes."""
    return isinstance(task.degradation, Hints) and task.answer.kind == "classes" and task.is_trained


def joint_values(task: RestorationTask, batches: Iterable[Batch], settings: JointSettings) -> JointValues:
    """Measure what `settings` asks for; a network without hints has a likelihood only.

    Args:
        task: a task in evaluation mode whose answer predicts classes.
        batches: the test pictures, which are moved to the task's device.
    """
    parts: list[dict[tuple[Any, ...], Tensor]] = []
    for batch in batches:
        batch = batch.to(task.device)
        part: dict[tuple[Any, ...], Tensor] = {}
        with torch.no_grad():
            if takes_hints(task):
                _ask(task, batch, settings, part)
            if settings.orders:
                part["nats", "independent"] = independent_nats(task, batch)
        parts.append(part)
    return {key: torch.cat([part[key] for part in parts]).cpu().numpy() for key in parts[0]}


def _ask(task: RestorationTask, batch: Batch, settings: JointSettings, part: dict[tuple[Any, ...], Tensor]) -> None:
    """Write everything about a batch that needs a network with hints into `part`."""
    for number in settings.hints:
        truth, pictures = pictures_with_hints(task, batch, number)
        for name in HINT_MEASURES:
            part["hints", number, name] = _values(name, pictures, truth)
    if settings.orders:
        part["nats", "joint"] = nats_per_pixel(task, batch, orders=settings.orders)
    if settings.samples:
        pair = task.make_pair(batch)
        drawn = samples_of(task, batch, settings)
        psnr = torch.stack([_values("psnr", each, pair.truth) for each in drawn])
        for k in range(1, len(drawn) + 1):
            part["best", k] = psnr[:k].amax(0)
        differences = [(drawn[i] - drawn[j]).square().mean((1, 2, 3)) for i in range(len(drawn)) for j in range(i)]
        part[("diversity",)] = torch.stack(differences).mean(0).sqrt()


@torch.no_grad()
def pictures_with_hints(task: RestorationTask, batch: Batch, number: int) -> tuple[Tensor, Tensor]:
    """The true pictures and the network's pictures with `number` hints, both (N, 3, H, W).

    The network's picture is the mean of the distribution if there is one.
    """
    pair = task.make_pair(batch)
    hints = Hints("points", number)
    hints.prepare(task.answer)
    inputs = hints(pair.truth, batch.draws("degradation"))
    pictures = task.pictures(task(inputs).float(), inputs)
    return pair.truth, next((pictures[name] for name in MEANS if name in pictures), pictures["prediction"])


def samples_of(task: RestorationTask, batch: Batch, settings: JointSettings) -> list[Tensor]:
    """Coloured samples of each picture, drawn without any hints; each (N, 3, H, W)."""
    inputs = task.degradation.inputs_of(batch.pictures.permute(0, 3, 1, 2).float() / task.divisor)
    draws = batch.draws("samples")
    return [
        task.answer.picture_of_classes(
            sample(task, inputs, draws, rounds=settings.rounds, temperature=settings.temperature, order=settings.order),
            inputs,
        )
        for _ in range(settings.samples)
    ]


def _values(name: str, pictures: Tensor, truth: Tensor) -> Tensor:
    measure = MEASURES[name]
    assert isinstance(measure, PictureMeasure)
    values = measure.values(PictureBatch(pictures), PictureBatch(truth))
    assert values is not None
    return values

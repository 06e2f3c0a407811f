"""Coherent samples: the pixels of a picture are drawn a few at a time, conditional on all pixels drawn before.

The schedule and the order "surest" are those of Chang et al. (2022), "MaskGIT: masked generative image
transformer", https://arxiv.org/abs/2202.04200.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from colourize.colour.chroma import chroma_of
from colourize.data.draws import Draws
from colourize.degradations.hints import Hints, random_ranks, with_hints
from colourize.errors import UsageError, check_count
from colourize.tasks.restoration import RestorationTask

ORDERS = ("random", "surest")


def check_joint(task: RestorationTask, key: str) -> None:
    """Raise a UsageError that names this key unless samples can be drawn from the task's network."""
    if not isinstance(task.degradation, Hints) or task.answer.kind != "classes":
        raise UsageError(
            f"{key}: needs a network that takes hints and answers classes (degradation=hints); this one is given "
            f"{type(task.degradation).__name__} and answers {type(task.answer).__name__}"
        )


def check_settings(rounds: Any, temperature: Any, order: Any = "random", prefix: str = "") -> None:
    """Raise a UsageError for values that `sample` does not take; messages put `prefix` before the keys."""
    check_count(f"{prefix}rounds", rounds)
    if isinstance(temperature, bool) or not isinstance(temperature, (int, float)) or not 0 <= temperature < math.inf:
        raise UsageError(f"{prefix}temperature={temperature}: must be a number, at least 0")
    if order not in ORDERS:
        raise UsageError(f"{prefix}order={order}: must be one of {', '.join(ORDERS)}")


@torch.no_grad()
def sample(
    task: RestorationTask,
    inputs: Tensor,
    draws: Draws,
    *,
    rounds: int = 16,
    temperature: float = 1.0,
    order: str = "random",
) -> Tensor:
    """The class of each pixel, drawn from the network's joint distribution, int64 (N, H, W).

    Pixels that are hints in the inputs stay hints; their classes are drawn in the first round, given the hints.

    Args:
        task: a task in evaluation mode with `degradation=hints`, whose answer predicts classes.
        inputs: (N, 4, H, W), as `Hints` makes them.
        draws: the pictures' random numbers; each call takes further numbers from it.
        rounds: the number of steps in which pixels are drawn. One step per pixel is exact, and more make no
            difference; fewer steps are faster.
        temperature: logits are divided by this; 0: the likeliest class of each pixel, conditional on those before,
            so that all samples are alike with the order "surest".
        order: "random", or "surest": pixels whose drawn classes are the likeliest come first.

    Raises:
        UsageError: a value that is not allowed, or another kind of task.
    """
    check_joint(task, "samples")
    check_settings(rounds, temperature, order)
    count, _, height, width = inputs.shape
    pixels = height * width
    lightness, chroma = inputs[:, :1], task.degradation.chroma_in(inputs)  # type: ignore[operator]
    known = (inputs[:, 3] > 0).flatten(1)
    first_known = known.clone()
    unknown = (~known).sum(1, keepdim=True)  # of each picture
    most = max(int(unknown.max()), 1)
    rounds = min(rounds, most)
    classes = torch.zeros(count, pixels, dtype=torch.int64, device=inputs.device)
    drawn = torch.zeros_like(known)
    ranks = random_ranks(draws, pixels).to(inputs.device)
    for step in range(1, rounds + 1):
        logits = task(with_hints(lightness, chroma, known.view(count, 1, height, width))).float().flatten(2)
        proposed, sureness = _draw(logits, temperature, draws)
        # The share of pixels that is still unknown after this step; hints come first.
        share = math.cos(math.pi / 2 * step / rounds) if step < rounds else 0
        remaining = (unknown * share).floor() if rounds < most else (unknown - step).clamp(min=0)
        score = ranks.float() if order == "random" else -sureness
        score = score.masked_fill(drawn | first_known, -math.inf)
        taken = score.argsort(dim=1, stable=True).argsort(1) < pixels - remaining
        new = taken & ~drawn
        classes = torch.where(new, proposed, classes)
        drawn |= taken
        known = drawn | first_known
        picture = task.answer.picture_of_classes(classes.view(count, height, width), inputs)
        is_drawn = (drawn & ~first_known).view(count, 1, height, width)
        chroma = torch.where(is_drawn, chroma_of(picture), chroma)
    return classes.view(count, height, width)


def _draw(logits: Tensor, temperature: float, draws: Draws) -> tuple[Tensor, Tensor]:
    """A class for each pixel and its log-probability, both (N, pixels), drawn from logits (N, K, pixels)."""
    scaled = (logits / temperature if temperature else logits).log_softmax(1)
    if temperature:
        # Inverse transform sampling by the cumulative distribution.
        cumulative = scaled.exp().cumsum(1)
        uniform = draws.uniform(logits.shape[2]).to(logits.device)
        classes = (cumulative < uniform[:, None] * cumulative[:, -1:]).sum(1).clamp(max=logits.shape[1] - 1)
    else:
        classes = scaled.argmax(1)
    return classes, scaled.gather(1, classes[:, None])[:, 0]

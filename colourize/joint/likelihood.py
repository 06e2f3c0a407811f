"""How likely pictures' true classes are: the order-agnostic bound of Hoogeboom et al. (2021), equation 4."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.data.batches import Batch
from colourize.degradations.hints import random_ranks, with_hints
from colourize.joint.sampling import check_joint
from colourize.tasks.restoration import RestorationTask


@torch.no_grad()
def nats_per_pixel(task: RestorationTask, batch: Batch, *, orders: int = 16) -> Tensor:
    """An upper bound of each picture's negative log-likelihood given its lightness, in nats a pixel, (N,).

    The pixels' classes can be predicted one after another in any order. The mean over all orders is at least the
    negative log-likelihood, and is estimated without bias: with a random number t of pixels known, uniform in
    0 … pixels - 1, which are the first of a random order, the mean cross-entropy of those that are unknown. The
    numbers are stratified over the `orders` draws of each picture, which makes the estimate quieter.

    Args:
        task: a task with `degradation=hints` whose answer says classes, in evaluation mode.
        batch: pictures, with their places, seed and stage, from which the orders follow.
        orders: how many draws of t and of an order each picture has; each costs one pass of the network.

    Raises:
        UsageError: another kind of task.
    """
    check_joint(task, "likelihood")
    pair, draws = task.make_pair(batch), batch.draws("likelihood")
    lightness = pair.inputs[:, :1]
    chroma = task.degradation.known_chroma(pair.truth, lightness)  # type: ignore[operator]
    labels = task.answer.labels(pair.target).flatten(1)
    pixels = labels.shape[1]
    total = torch.zeros(len(labels), device=labels.device)
    for stratum in range(orders):
        known_count = ((stratum + draws.uniform()) / orders * pixels).floor().clamp(max=pixels - 1)
        known = (random_ranks(draws, pixels) < known_count[:, None]).to(labels.device)
        inputs = with_hints(lightness, chroma, known.view(len(labels), 1, *lightness.shape[2:]))
        losses = F.cross_entropy(task(inputs).float().flatten(2), labels, reduction="none")
        total += losses.masked_fill(known, 0).sum(1) / (~known).sum(1)
    return total / orders


@torch.no_grad()
def independent_nats(task: RestorationTask, batch: Batch) -> Tensor:
    """Each picture's negative log-likelihood in nats a pixel where pixels are independent given the input, (N,).

    For tables and for networks that take no hints: their cross-entropy.
    """
    pair = task.make_pair(batch)
    outputs = task.outputs(pair).float()
    return F.cross_entropy(outputs, task.answer.labels(pair.target), reduction="none").mean((1, 2))

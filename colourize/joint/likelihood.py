"""The likelihood of pictures' true classes: the order-agnostic bound of Hoogeboom et al. (2021), equation 4."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.data.batches import Batch
from colourize.degradations.hints import Hints, random_ranks, with_hints
from colourize.joint.sampling import check_joint
from colourize.tasks.restoration import RestorationTask


@torch.no_grad()
def nats_per_pixel(task: RestorationTask, batch: Batch, *, orders: int = 16) -> Tensor:
    """An upper bound of each picture's negative log-likelihood given its lightness, in nats per pixel, (N,).

    The pixels' classes can be predicted one after another in any order. The mean over all orders is at least the
    negative log-likelihood. The estimate of this mean is unbiased: the first t pixels of a random order are known, with
    t uniform in 0 … pixels - 1, and the cross-entropy is averaged over the unknown pixels. The numbers t are stratified
    over the `orders` draws of each picture, which reduces the variance.

    Args:
        task: a task in evaluation mode with `degradation=hints`, whose answer predicts classes.
        batch: pictures, with their indices, seed and stage, which determine the orders.
        orders: the number of draws of t and of an order for each picture; each costs one pass of the network.

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
    """Each picture's negative log-likelihood in nats per pixel, with pixels independent given the lightness, (N,).

    No pixel is a hint. For tables and networks without hints this is their cross-entropy.
    """
    pair = task.make_pair(batch)
    if isinstance(task.degradation, Hints):
        pair = pair._replace(inputs=task.degradation.inputs_of(pair.truth))
    outputs = task.outputs(pair).float()
    return F.cross_entropy(outputs, task.answer.labels(pair.target), reduction="none").mean((1, 2))

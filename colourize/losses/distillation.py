"""Distillation: one network learns the outputs of an ensemble of trained networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError, one_line
from colourize.losses.base import Loss


class Distillation(Loss):
    """The distance to the mean output of several trained networks, the teachers, for the same inputs.

    Hinton, Vinyals & Dean (2015), "Distilling the knowledge in a neural network", https://arxiv.org/abs/1503.02531.
    For classes it is the cross-entropy with the mean of the teachers' distributions as a soft target; for values it is
    the mean squared error to the teachers' mean. It does not use the truth, so that any augmented picture will do. The
    caller that builds the loss for a training reads the files and calls `learn_from`.

    Args:
        teachers: the teachers' checkpoints. They must have the task's degradation, answer and palette.

    Raises:
        UsageError: no files are named.
    """

    name = "distillation"
    needs_files = True

    def __init__(self, teachers: Sequence[str] | None) -> None:
        super().__init__()
        if isinstance(teachers, str) or not teachers or not all(isinstance(each, str) for each in teachers):
            given = "null" if teachers is None else one_line(teachers)
            raise UsageError(f"task.loss.teachers={given}: must be a list of checkpoints, [a.ckpt,b.ckpt]")
        self.teachers, self.networks = list(teachers), nn.ModuleList()

    def learn_from(self, networks: Sequence[nn.Module]) -> None:
        """Take the teachers' tasks, each a function inputs → outputs."""
        self.networks = nn.ModuleList(networks).requires_grad_(False).eval()

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        if not self.networks:
            raise UsageError("task.loss=Distillation: its teachers are not read; learn_from takes them")
        with torch.no_grad():
            target = answer.mean_of(network(pair.inputs).float() for network in self.networks)
        if answer.kind == "values":
            return F.mse_loss(outputs, target)
        return -(target.exp() * outputs.float().log_softmax(1)).sum(1).mean()

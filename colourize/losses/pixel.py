"""Losses that compare pixel by pixel."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.losses.base import Loss


class CrossEntropy(Loss):
    """−log of the right class's probability, in nats, the mean over pixels, or over pictures.

    Targets are class numbers, (N, H, W) or (N,).
    """

    name = "cross_entropy"
    kinds = ("classes", "categories")

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        # Where channels lie last in memory, this is the same memory as a plain (pixels, K) table, and softmax over a
        # table's rows is faster than over the second of four dimensions.
        return F.cross_entropy(outputs.movedim(1, -1).reshape(-1, outputs.shape[1]), pair.target.flatten())


class MeanSquaredError(Loss):
    """The mean of squared differences over pixels and channels."""

    name = "mse"
    kinds = ("values",)

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return F.mse_loss(outputs, pair.target)


class MeanAbsoluteError(Loss):
    """The mean of absolute differences over pixels and channels: less drawn to single large ones than the square."""

    name = "mae"
    kinds = ("values",)

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return F.l1_loss(outputs, pair.target)

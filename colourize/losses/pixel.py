"""Losses that compare pixel by pixel."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.answers.base import Answer, SoftClasses
from colourize.data.batches import Pair
from colourize.losses.base import Loss


class CrossEntropy(Loss):
    """−log of the true class's probability, in nats, the mean over pixels, or over pictures.

    Targets are class indices, (N, H, W) or (N,), or distributions, `SoftClasses`. For a distribution, −log is averaged
    over the classes of each pixel, weighted by their shares.
    """

    name = "cross_entropy"
    kinds: tuple[str, ...] = ("classes", "categories")

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        if isinstance(pair.target, SoftClasses):
            return self.of_pixels(outputs, pair.target).mean()
        return F.cross_entropy(_as_table(outputs), pair.target.flatten())

    def of_pixels(self, outputs: Tensor, target: Tensor | SoftClasses) -> Tensor:
        """The cross-entropy of each pixel, flattened to (N · H · W,), or of each picture, (N,)."""
        rows = _as_table(outputs).float()
        if not isinstance(target, SoftClasses):
            return F.cross_entropy(rows, target.flatten(), reduction="none")
        value: Tensor = _SoftCrossEntropy.apply(rows, _as_table(target.classes), _as_table(target.shares))
        return value


class MeanSquaredError(Loss):
    """The mean of squared differences over pixels and channels."""

    name = "mse"
    kinds = ("values",)

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return F.mse_loss(outputs, pair.target)


class MeanAbsoluteError(Loss):
    """The mean of absolute differences over pixels and channels; large ones weigh less than in the squared error."""

    name = "mae"
    kinds = ("values",)

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return F.l1_loss(outputs, pair.target)


class _SoftCrossEntropy(torch.autograd.Function):
    """−Σ share · log softmax(row)[class] of each row, (P, K) → (P,); classes and shares are (P, k), with k ≪ K.

    Its gradient, softmax − shares, needs one table in memory; torch's autograd needs three.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, classes: Tensor, shares: Tensor) -> Tensor:
        logarithms = rows.log_softmax(1)
        ctx.save_for_backward(logarithms, classes, shares)
        return -(shares * logarithms.gather(1, classes)).sum(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        logarithms, classes, shares = ctx.saved_tensors
        scale = gradients[0][:, None]
        table = logarithms.exp().mul_(scale)
        return table.scatter_add_(1, classes, (-scale * shares).to(table.dtype)), None, None


def _as_table(values: Tensor) -> Tensor:
    """(N, C, H, W) → (N · H · W, C); (N, C) stays as it is.

    Nothing is copied where channels are last in memory, and softmax over the rows of a table is faster than over the
    second of four dimensions.
    """
    return values.movedim(1, -1).reshape(-1, values.shape[1])

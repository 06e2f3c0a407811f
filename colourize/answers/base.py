"""The base class of answers, and what those that predict classes share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from colourize.data.batches import Batch
from colourize.degradations.base import Degradation
from colourize.errors import UsageError, is_number

COLD = 1e-6  # below this temperature only the likeliest class is left, and logits would overflow


class SoftClasses(NamedTuple):
    """A target in which each pixel belongs to k of the classes, in shares; the other classes have a share of 0.

    It is a sparse distribution over all classes; for 313 classes the dense one would be sixty times as large.
    """

    classes: Tensor  # int64 (N, k, H, W), the largest share first
    shares: Tensor  # float32 (N, k, H, W), summing to 1


class Answer(nn.Module):
    """What a network predicts: how a true picture is encoded as a target, and how outputs are decoded to a picture.

    An answer that must be fitted to the training pictures (a palette, frequencies) is `Fitted` as well. The network is
    built before the fit, so `out_channels` must be known when the answer is built, or after `prepare`.

    Attributes:
        kind: "values" (a loss compares them by distance), "classes" (outputs are logits for each pixel) or
            "categories" (outputs are logits for the whole picture).
        out_channels: the number of output channels of the network.
        degradations: the degradations that it supports; empty: any.
        per_pixel: whether outputs are for each pixel and decode to a picture, or for the whole picture at once.
        annealed_picture: the name of the picture that is the mean of the distribution at a `temperature`; None: there
            is no such picture.
        temperature: the temperature of that mean, at least 0, see `annealed`; the caller who decodes
            sets it, and no checkpoint has it.
    """

    kind: Literal["values", "classes", "categories"]
    out_channels: int
    per_pixel = True
    degradations: tuple[type[Degradation], ...] = ()
    annealed_picture: str | None = None
    temperature = 1.0

    def prepare(self, palette: int | str | None) -> None:
        """Take `data.palette` before pictures are read; not called for an answer that is fitted already.

        Raises:
            UsageError, InputError: the answer needs a palette, and none is configured or the file has none.
        """

    def encode(self, truth: Tensor, batch: Batch) -> Any:
        """The target for true pictures (N, 3, H, W), RGB in [0, 1]; only the loss looks into it."""
        raise NotImplementedError

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Outputs (N, out_channels, H, W) for these inputs → the picture that is measured, (N, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    def picture_of_classes(self, classes: Tensor, inputs: Tensor) -> Tensor:
        """Classes of pixels, int64 (N, H, W) → the picture (N, 3, H, W); only for answers that predict classes."""
        raise NotImplementedError

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """All pictures that outputs decode to, by name; "prediction" comes first.

        The measures of the other pictures have their names as a suffix.
        """
        return {"prediction": self.decode(outputs, inputs)}

    def decode_at(self, temperature: Any) -> None:
        """Decode pictures at this temperature from now on; None leaves it as it is.

        Raises:
            UsageError: it is not a number from 0 to 100, or no picture of this answer depends on it.
        """
        if temperature is None:
            return
        if not (is_number(temperature) and 0 <= temperature <= 100):
            raise UsageError(f"temperature={temperature}: must be a number from 0 (the likeliest colour) to 100")
        if self.annealed_picture is None:
            raise UsageError(
                f"temperature={temperature}: the answer {type(self).__name__} is no distribution; must be null"
            )
        self.temperature = float(temperature)

    def class_places(self) -> Tensor:
        """The coordinates of each class in CIE Lab, float64: a and b (K, 2), or L, a and b (K, 3).

        Raises:
            UsageError: the answer has no classes with colours.
        """
        raise UsageError(f"task.answer={type(self).__name__}: its classes have no colours")

    def average_form(self, truth: Tensor) -> Tensor:
        """True pictures in a form that can be averaged over pixels and pictures, (N, out_channels, H, W).

        Values stay as they are. Classes become one-hot, so that their average is the frequency of each class.
        """
        raise NotImplementedError

    def outputs_from(self, average: Tensor) -> Tensor:
        """The outputs that decode to such an average, of any shape whose second dimension is the channels."""
        # A share of 0 would have an infinite logarithm.
        return average if self.kind == "values" else average.clamp(min=torch.finfo(torch.float32).tiny).log()

    def add_by_cell(self, sums: Tensor, cells: Tensor, truth: Tensor) -> None:
        """Add `average_form` of each true pixel (N, 3, H, W) to the row of `sums` (rows, C) in `cells` (N, H, W)."""
        rows = self.average_form(truth).movedim(1, -1).flatten(0, 2)  # (pixels, C)
        sums.index_add_(0, cells.flatten(), rows.to(sums.dtype))

    def outputs_of(self, truth: Tensor) -> Tensor:
        """An oracle's outputs: they decode to these pictures (N, 3, H, W), as nearly as this answer can."""
        return self.outputs_from(self.average_form(truth))

    def mean_of(self, outputs: Iterable[Tensor]) -> Tensor:
        """The mean of several outputs for the same inputs; for logits, the logarithm of the mean distribution."""
        values = self.kind == "values"
        total, count = torch.zeros(()), 0
        for count, each in enumerate(outputs, 1):  # one at a time, to save memory
            output = each if values else each.float().log_softmax(1)
            total = output if count == 1 else total + output if values else torch.logaddexp(total, output)
        return total / count if values else total - math.log(count)

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """The best picture that this answer can express, by name; empty if that is the truth itself."""
        return {}

    def labels(self, target: Any) -> Tensor:
        """The true classes or categories in a target, int64; of soft classes, those with the largest share."""
        labels: Tensor = target.classes[:, 0] if isinstance(target, SoftClasses) else target
        return labels


def annealed(logits: Tensor, temperature: float) -> Tensor:
    """softmax(logits / temperature) over the channels of (N, K, H, W): each probability is raised to 1/temperature.

    Temperature 1 leaves the distribution as it is, and its mean is the plain expectation. Towards 0 the likeliest class
    gets all the probability (at 0, the first of equally likely ones). With 0.38 the mean is the annealed mean of
    Zhang, Isola & Efros (2016), "Colorful image colorization", https://arxiv.org/abs/1603.08511.
    """
    if temperature < COLD:
        return torch.zeros_like(logits).scatter_(1, logits.argmax(1, keepdim=True), 1)
    # Softmax over rows is faster for tensors whose channels are last in memory.
    return (logits.movedim(1, -1) / temperature).softmax(-1).movedim(-1, 1)

"""What every answer offers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from colourize.data.batches import Batch
from colourize.degradations.base import Degradation
from colourize.errors import UsageError, is_number


class SoftClasses(NamedTuple):
    """A target in which each pixel belongs to k of the classes, in shares; all others have none.

    It stands for a distribution over all classes, which nobody has to hold: of 313 classes that would be sixty times
    as large.
    """

    classes: Tensor  # int64 (N, k, H, W), the largest share first
    shares: Tensor  # float32 (N, k, H, W), summing to 1


class Answer(nn.Module):
    """What a network answers at each pixel: how a true picture is written as a target, and outputs read as a picture.

    An answer that must be fitted to the training pictures (a palette, frequencies) is `Fitted` as well. The network is
    built before that: `out_channels` is known when the answer is built, or after `prepare`.

    Attributes:
        kind: "values", which a loss compares by distance, or "classes", whose outputs are logits; "categories" are
            logits of whole pictures.
        out_channels: what the network answers at each pixel.
        degradations: the only degradations that it is for; none: any.
        per_pixel: whether it answers each pixel, and so gives a picture; else a whole picture at once.
        annealed_picture: the name of the picture that is the mean of the outputs' distribution at a `temperature`;
            None: no picture is.
        temperature: of that mean, 0 and more, see `colourize.answers.annealing`; it belongs to whoever decodes, and is
            in no checkpoint.
    """

    kind: Literal["values", "classes", "categories"]
    out_channels: int
    per_pixel = True
    degradations: tuple[type[Degradation], ...] = ()
    annealed_picture: str | None = None
    temperature = 1.0

    def prepare(self, palette: int | str | None) -> None:
        """Take what must be known before pictures are read; an answer that was fitted earlier does not need it.

        Args:
            palette: `data.palette`: how many colours, a file of them, or None.

        Raises:
            UsageError, InputError: the answer needs a palette and there is none, or none in the file.
        """

    def encode(self, truth: Tensor, batch: Batch) -> Any:
        """What the network must answer for true pictures (N, 3, H, W), RGB in [0, 1]; only the loss looks into it."""
        raise NotImplementedError

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Outputs (N, out_channels, H, W) for these inputs as the picture that is measured, (N, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    def picture_of_classes(self, classes: Tensor, inputs: Tensor) -> Tensor:
        """The picture (N, 3, H, W) of the class of each pixel, int64 (N, H, W); only of answers that say classes."""
        raise NotImplementedError

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """All pictures that can be read from outputs, by name; "prediction" comes first.

        The measures of another one have its name as a postfix.
        """
        return {"prediction": self.decode(outputs, inputs)}

    def decode_at(self, temperature: Any) -> None:
        """Read pictures at this temperature from now on; None leaves it as it is.

        Raises:
            UsageError: it is no number of at least 0, or no picture of this answer depends on it.
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
        """Where in CIE Lab each class lies, float64: (K, 2) of a and b, or (K, 3).

        Raises:
            UsageError: it has no classes that lie anywhere.
        """
        raise UsageError(f"task.answer={type(self).__name__}: its classes lie nowhere among the colours")

    def average_form(self, truth: Tensor) -> Tensor:
        """True pictures in a form that can be averaged over pixels and pictures, (N, out_channels, H, W).

        Values stay as they are; classes are one-hot, and their average is the classes' frequencies.
        """
        raise NotImplementedError

    def outputs_from(self, average: Tensor) -> Tensor:
        """The outputs that stand for such an average, of any shape whose second dimension is the channels."""
        raise NotImplementedError

    def add_by_cell(self, sums: Tensor, cells: Tensor, truth: Tensor) -> None:
        """Add `average_form` of each true pixel (N, 3, H, W) to the row of `sums`, (cells, C), that `cells` names.

        Args:
            cells: (N, H, W) int64.
        """
        said = self.average_form(truth).movedim(1, -1).flatten(0, 2)  # (pixels, C)
        sums.index_add_(0, cells.flatten(), said.to(sums.dtype))

    def outputs_of(self, truth: Tensor) -> Tensor:
        """The outputs that decode to given pictures (N, 3, H, W), as nearly as this answer can: an oracle's."""
        return self.outputs_from(self.average_form(truth))

    def mean_of(self, outputs: Iterable[Tensor]) -> Tensor:
        """The mean of several outputs for the same thing: of logits the logarithm of the mean distribution."""
        values = self.kind == "values"
        total, count = torch.zeros(()), 0
        for count, each in enumerate(outputs, 1):  # one after the other, as all together may be large
            said = each if values else each.float().log_softmax(1)
            total = said if count == 1 else total + said if values else torch.logaddexp(total, said)
        return total / count if values else total - math.log(count)

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """The best picture that this answer could give, by name, where that is not the truth itself."""
        return {}

    def labels(self, target: Any) -> Tensor:
        """The right classes or categories, int64; they are the whole target unless `encode` writes more into it."""
        labels: Tensor = target.classes[:, 0] if isinstance(target, SoftClasses) else target
        return labels

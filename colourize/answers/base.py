"""What every answer offers."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from colourize.data.batches import Batch
from colourize.degradations.base import Degradation


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
    """

    kind: Literal["values", "classes", "categories"]
    out_channels: int
    per_pixel = True
    degradations: tuple[type[Degradation], ...] = ()

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

    def average_form(self, truth: Tensor) -> Tensor:
        """True pictures in a form that can be averaged over pixels and pictures, (N, out_channels, H, W).

        Values stay as they are; classes are one-hot, and their average is the classes' frequencies.
        """
        raise NotImplementedError

    def outputs_from(self, average: Tensor) -> Tensor:
        """The outputs that stand for such an average, of any shape whose second dimension is the channels."""
        raise NotImplementedError

    def outputs_of(self, truth: Tensor) -> Tensor:
        """The outputs that decode to given pictures (N, 3, H, W), as nearly as this answer can: an oracle's."""
        return self.outputs_from(self.average_form(truth))

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """The best picture that this answer could give, by name, where that is not the truth itself."""
        return {}

    def labels(self, target: Any) -> Tensor:
        """Of classes and categories the right ones, int64: the whole target, unless `encode` writes more into it."""
        labels: Tensor = target
        return labels

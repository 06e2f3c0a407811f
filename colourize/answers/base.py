"""What every answer offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from colourize.data.batches import Batch
from colourize.degradations.base import Degradation
from colourize.measures.pooled import Pooled


class Answer(nn.Module):
    """What a network answers at each pixel: how a true picture is written as a target, and outputs read as a picture.

    An answer that must be fitted to the training pictures first (a palette, bins, frequencies) is `Fitted` as well; its
    `out_channels` are known after that.

    Attributes:
        kind: "values", which a loss compares by distance, or "classes", whose outputs are logits; "categories" are
            logits of whole pictures.
        out_channels: what the network answers at each pixel.
        given: the only degradations that it is for; none: any.
        per_pixel: whether it answers each pixel, and so gives a picture; else a whole picture at once.
        pooled: measures of all pictures together that only this kind of answer has, from outputs and target.
    """

    kind: Literal["values", "classes", "categories"]
    out_channels: int
    per_pixel = True
    given: tuple[type[Degradation], ...] = ()
    pooled: Mapping[str, Pooled] = {}

    def encode(self, truth: Tensor, batch: Batch) -> Any:
        """What the network must answer for true pictures (N, 3, H, W), RGB in [0, 1]; only the loss looks into it."""
        raise NotImplementedError

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Outputs (N, out_channels, H, W) for these inputs as the picture that is measured, (N, 3, H, W) in [0, 1]."""
        raise NotImplementedError

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """All pictures that can be read from outputs, by name; "prediction" comes first.

        The measures of another one have its name as a postfix.
        """
        return {"prediction": self.decode(outputs, inputs)}

    def average_form(self, truth: Tensor) -> Tensor:
        """True pictures in the form whose mean over pixels or pictures means something, (N, out_channels, H, W).

        That of values is the values, that of classes a 1 in the right channel: its mean is the classes' frequencies.
        """
        raise NotImplementedError

    def outputs_from(self, average: Tensor) -> Tensor:
        """The outputs that say such a mean, in any shape whose second dimension is the channels."""
        raise NotImplementedError

    def outputs_of(self, truth: Tensor) -> Tensor:
        """The outputs that would say a given picture (N, 3, H, W), as nearly as this answer can: an oracle's."""
        return self.outputs_from(self.average_form(truth))

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """The best picture that this answer could give, by name, where that is not the truth itself."""
        return {}

    def measures(self, outputs: Tensor, target: Any, *, quick: bool) -> dict[str, Tensor]:
        """Measures that only this kind of answer has: a value for each picture, (N,), by name.

        Args:
            outputs: of a batch, in float32.
            target: as `encode` wrote it.
            quick: only those for the end of each epoch.
        """
        return {}

"""Pictures by classification: the network predicts a distribution over a palette's colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.answers.base import Answer, annealed
from colourize.colour.lab import rgb_to_lab
from colourize.colour.palette import Palette, cached_palette, load_palette
from colourize.data.batches import Batch
from colourize.data.fitting import Fitted, Training
from colourize.errors import UsageError

# The palette does not depend on the run's seed, so that runs stay comparable.
PALETTE_SEED = 0


class PaletteClasses(Fitted, Answer):
    """The class of every pixel, its nearest palette colour (the assignment's parts B to D).

    Outputs: logits (N, K, H, W). They decode to two pictures: "prediction", the most likely colour, and "expected",
    the mean of the distribution at a temperature (1 leaves it as it is). `data.palette` configures the palette: a
    number of colours, which are fitted to the training pictures, or a file.
    """

    kind = "classes"
    annealed_picture = "expected"

    def prepare(self, palette: int | str | None) -> None:
        if palette is None:
            raise UsageError(
                "data.palette=null: classification needs a palette; give a number of colours, a .npy or a .csv file"
            )
        self._chosen: int | np.ndarray = palette if isinstance(palette, int) else load_palette(palette)
        self.out_channels = self._chosen if isinstance(self._chosen, int) else len(self._chosen)

    def fit(self, training: Training) -> dict[str, Tensor]:
        colours = self._chosen
        if isinstance(colours, int):
            colours = cached_palette(
                training.pictures, colours,
                divisor=training.divisor, seed=PALETTE_SEED, cache_dir=training.cache_dir,
            )  # fmt: skip
        return {"colours": torch.from_numpy(colours)}

    def take(self, fitted: Mapping[str, Tensor]) -> None:
        self.palette = Palette(fitted["colours"].numpy())
        self.out_channels = len(self.palette)

    def encode(self, truth: Tensor, batch: Batch) -> Any:
        """The index of each pixel's nearest colour, (N, H, W) int64."""
        if batch.cache is None or truth.device.type != "cpu":
            return self.palette.labels(truth)
        return batch.cache.labels(self.palette, batch.which, lambda: self.palette.labels(truth))

    def decode(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        return self.picture_of_classes(outputs.argmax(1), inputs)

    def picture_of_classes(self, classes: Tensor, inputs: Tensor) -> Tensor:
        return self.palette.picture(classes)

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        return {
            **super().pictures(outputs, inputs),
            "expected": self.palette.expected(annealed(outputs, self.temperature)),
        }

    def class_places(self) -> Tensor:
        return rgb_to_lab(self.palette.colours[:, :, None, None])[:, :, 0, 0]

    def average_form(self, truth: Tensor) -> Tensor:
        return F.one_hot(self.palette.labels(truth), self.out_channels).movedim(-1, 1).float()

    def ceiling(self, truth: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        return {"quantised truth": self.palette.picture(self.palette.labels(truth))}

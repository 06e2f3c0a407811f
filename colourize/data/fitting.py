"""Parts that must be fitted to the training split before they can be used: palettes, tables, class frequencies.

One protocol for all: `fit` reads the training split once and returns what it found, `take` puts that into use. What was
found travels in the checkpoint, so that nothing is fitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.data.batches import Batch, Pair

PICTURES_AT_ONCE = 250


@dataclass(frozen=True)
class Training:
    """The training split, as the parts of a task are fitted to it.

    Args:
        pictures: uint8 (N, H, W, 3), without augmentation.
        divisor: what a pixel is divided by to lie in [0, 1].
        cache_dir: where what was fitted may be kept; None: nowhere.
        answer, make_pair: the task's `Answer` and its method, for the parts that are fitted to pairs.
    """

    pictures: np.ndarray
    divisor: float = 255
    cache_dir: Path | None = None
    answer: Any = None
    make_pair: Callable[[Batch], Pair] | None = None

    def pairs(self) -> Iterator[Pair]:
        """Inputs and targets of all pictures once, in their own order, some at a time."""
        assert self.make_pair is not None
        for which in torch.arange(len(self.pictures)).split(PICTURES_AT_ONCE):
            yield self.make_pair(Batch(torch.from_numpy(self.pictures[which.numpy()]), which, "train"))


class Fitted:
    """A part of a task that is built, then fitted, then used; it stands before `nn.Module` among the bases."""

    def fit(self, training: Training) -> dict[str, Tensor]:
        """What the part learns from the training split, as tensors by name; it changes nothing yet.

        Raises:
            UsageError: there is nothing to fit it to.
        """
        raise NotImplementedError

    def take(self, fitted: Mapping[str, Tensor]) -> None:
        """Use what `fit` found, now or in an earlier run: each tensor becomes the buffer of its name."""
        for name, value in fitted.items():
            # Not persistent: the checkpoint's hyperparameters carry it, and one truth is enough.
            self.register_buffer(name, value, persistent=False)  # type: ignore[attr-defined]

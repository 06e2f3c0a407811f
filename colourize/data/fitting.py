"""Parts that must be fitted to the training split before they can be used: palettes, tables, class frequencies.

`fit` reads the training split once and returns tensors; `take` uses them. Checkpoints store them, so that nothing is
fitted again.
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
    """The training split to which the parts of a task are fitted."""

    pictures: np.ndarray  # uint8 (N, H, W, 3), without augmentation
    divisor: float = 255  # pixels divided by it lie in [0, 1]
    cache_dir: Path | None = None  # a folder for fitted palettes; None: they are not saved
    # The task's `Answer` and its method `make_pair`, for parts that are fitted to pairs.
    answer: Any = None
    make_pair: Callable[[Batch], Pair] | None = None

    def pairs(self) -> Iterator[Pair]:
        """Inputs and targets of all pictures, in order and in batches."""
        assert self.make_pair is not None
        for which in torch.arange(len(self.pictures)).split(PICTURES_AT_ONCE):
            yield self.make_pair(Batch(torch.from_numpy(self.pictures[which.numpy()]), which, "train"))


class Fitted:
    """A part of a task that is built, then fitted, then used. As a base class it must come before `nn.Module`."""

    def fit(self, training: Training) -> dict[str, Tensor]:
        """Fit tensors to the training split and return them by name, without using them yet.

        Raises:
            UsageError: there is nothing to fit the part to.
        """
        raise NotImplementedError

    def take(self, fitted: Mapping[str, Tensor]) -> None:
        """Use the tensors that `fit` returned, in this or an earlier run, as buffers."""
        for name, value in fitted.items():
            # Not persistent, as the checkpoint's hyperparameters store it already.
            self.register_buffer(name, value, persistent=False)  # type: ignore[attr-defined]

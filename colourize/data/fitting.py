"""Parts that must be fitted to the training split before they can be used: palettes, tables, class frequencies.

One protocol for all: `fit` reads the training split once and returns what it found, `take` puts that into use. What was
found travels in the checkpoint, so that nothing is fitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.data.batches import Batch, Pair
from colourize.errors import UsageError

PICTURES_AT_ONCE = 250


@dataclass(frozen=True)
class Training:
    """The training split, as the parts of a task are fitted to it.

    Args:
        pictures: uint8 (N, H, W, 3), without augmentation.
        divisor: what a pixel is divided by to lie in [0, 1].
        palette: how many colours to fit, or a file of them; None: none are wanted.
        cache_dir: where what was fitted may be kept; None: nowhere.
        answer, make_pair: the task's `Answer` and its method, once they can be used: a table is fitted to pairs.
    """

    pictures: np.ndarray
    divisor: float = 255
    palette: int | str | None = None
    cache_dir: Path | None = None
    answer: Any = None
    make_pair: Callable[[Batch], Pair] | None = None

    def with_task(self, answer: Any, make_pair: Callable[[Batch], Pair]) -> Training:
        """The same for the parts that are fitted to pairs."""
        return replace(self, answer=answer, make_pair=make_pair)

    def pairs(self) -> Iterator[Pair]:
        """Inputs and targets of all pictures once, in their own order, some at a time."""
        if self.make_pair is None:
            raise TypeError("a degradation or an answer is fitted to pictures: there are no pairs before them")
        for which in torch.arange(len(self.pictures)).split(PICTURES_AT_ONCE):
            yield self.make_pair(Batch(torch.from_numpy(self.pictures[which.numpy()]), which, "train"))


class Fitted:
    """A part of a task that is fitted before it can be used; it stands before `nn.Module` among the bases."""

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


def fit_or_take(key: str, part: Any, found: dict[str, dict[str, Tensor]], training: Training | None) -> Any:
    """A part ready for use: `found` is what was fitted so far, by part, and gets what is fitted now.

    Raises:
        UsageError: it must be fitted, and there is no training split.
    """
    if isinstance(part, Fitted):
        if key not in found:
            if training is None:
                raise UsageError(f"{key}: {type(part).__name__} must be fitted to training pictures; give data")
            found[key] = part.fit(training)
        part.take(found[key])
    return part

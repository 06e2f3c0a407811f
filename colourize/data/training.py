"""The training split, as the parts of a task are fitted to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from colourize.data.batches import Batch, Pair

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

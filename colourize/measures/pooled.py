"""What a measure of a whole split offers, that is no mean over pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

Measure = Callable[[np.ndarray], Any]  # weights (..., N) → (...)


class Pooled(NamedTuple):
    """A measure that is computed from all pictures together, such as a distance of two distributions.

    Each picture adds a vector, so that the measure of any resampled set of pictures, and with it an interval, can be
    had from the same vectors.

    Attributes:
        vectors: what a batch adds, (N, D) in float32.
        value: of the vectors of all pictures, (N, D): a function of the pictures' weights (N,), the measure; and of
            several sets of weights, (R, N), their measures, (R,).
        resampled: whether it is quick enough for an interval, which takes hundreds of values.
    """

    vectors: Callable[..., Tensor]
    value: Callable[[np.ndarray], Measure]
    resampled: bool = True

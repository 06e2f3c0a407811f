"""What a measure of a whole split offers, that is no mean over pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import Tensor


class Pooled(NamedTuple):
    """A measure that is computed from all pictures together, such as a distance of two distributions.

    Each picture adds a vector, so that the measure of any resampled set of pictures, and with it an interval, can be
    had from the same vectors.

    Attributes:
        vectors: what a batch adds, (N, D) in float32.
        value: of the vectors of all pictures, (N, D): a function of the pictures' weights (N,), the measure.
    """

    vectors: Callable[..., Tensor]
    value: Callable[[np.ndarray], Callable[[np.ndarray], float]]

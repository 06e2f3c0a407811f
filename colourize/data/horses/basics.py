"""What all parts of the drawing share: random choices, and colours as rows of red, green and blue."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]  # real numbers
Rng = np.random.Generator

WHITE = (228, 224, 216)  # of a horse's markings, and of a painted fence


def choose(rng: Rng, table: Mapping[str, Sequence[Any]]) -> str:
    """A random name from a table whose rows start with a weight; several times faster than `rng.choice`."""
    mark = rng.random() * sum(row[0] for row in table.values())
    for name, row in table.items():
        mark -= row[0]
        if mark < 0:
            return name
    return next(iter(table))  # reached only if rounding makes the weights sum to less than the mark


def vary(rng: Rng, colours: Sequence[ArrayLike], brightness: float, hue: float) -> Array:
    """The colours, in rows, with one common change of brightness and of balance between the channels."""
    factor = np.exp(brightness * rng.standard_normal() + hue * rng.standard_normal(3))
    varied: Array = np.minimum(np.asarray(colours) * factor, 250.0)
    return varied


def ink(colour: Array) -> tuple[int, ...]:
    """The colour as Pillow takes it."""
    return tuple(map(int, colour.tolist()))

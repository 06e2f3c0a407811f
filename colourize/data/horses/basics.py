"""What all parts of the drawing share: random choices, colours as rows of red, green and blue, and smooth lines."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]  # real numbers
Points = NDArray[np.complex128]
Rng = np.random.Generator

WHITE = (228, 224, 216)  # of a horse's markings, and of a painted fence
SPLINE_STEPS = 4  # straight pieces per spline segment: smooth enough for a 512 pixel canvas


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


def from_xy(*xy: float) -> Points:
    """Points from their coordinates x, y, x, y and so on."""
    return np.array(xy).view(np.complex128)


@lru_cache(maxsize=64)
def _basis(count: int, closed: bool) -> Points:
    """The matrix from control points to points of the Catmull-Rom spline through them."""
    t = np.arange(SPLINE_STEPS) / SPLINE_STEPS
    cubic = np.array([(0, -1, 2, -1), (2, 0, -5, 3), (0, 1, 4, -3), (0, 0, -1, 1)]) / 2
    weights = cubic @ np.stack([t**0, t, t**2, t**3])
    segments = count if closed else count - 1
    matrix = np.zeros((segments * SPLINE_STEPS + (not closed), count), complex)
    for segment in range(segments):
        for k in range(4):
            j = segment + k - 1
            j = j % count if closed else min(max(j, 0), count - 1)
            matrix[segment * SPLINE_STEPS : (segment + 1) * SPLINE_STEPS, j] += weights[k]
    if not closed:
        matrix[-1, -1] = 1
    return matrix


@lru_cache(maxsize=64)
def _slope(count: int) -> Points:
    """The matrix from control points to the direction of their open spline."""
    return np.gradient(_basis(count, False), axis=0)


def spline(points: Points, closed: bool = True) -> Points:
    curve: Points = _basis(len(points), closed) @ points
    return curve


def limb(joints: Points, widths: Array) -> Points:
    """The outline of a limb of the given widths along a chain of joints."""
    line, ahead = spline(joints, False), _slope(len(joints)) @ joints
    side = ahead / np.abs(ahead) * spline(widths * 0.5j, False)
    return np.concatenate([line + side, (line - side)[::-1]])

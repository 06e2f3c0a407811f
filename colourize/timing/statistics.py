"""Few repetitions in few numbers: medians, ranges, ratios, and whether a cost is linear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """Repetitions of one measurement: their median and their range."""

    median: float
    least: float
    most: float

    def scaled(self, factor: float) -> Spread:
        """The same in another unit."""
        return Spread(*(value * factor for value in self))


def spread(values: Sequence[float]) -> Spread:
    """Median and range; with so few repetitions a standard deviation would mostly measure its own noise."""
    return Spread(median(values), min(values), max(values))


def ratios(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Median and range of the ratios within each repetition: what slows the machine for a while slows both."""
    return spread([one / other for one, other in zip(above, below, strict=True)])


def exponent(amounts: Sequence[float], costs: Sequence[float]) -> float:
    """The b of cost = a·amountᵇ by least squares in the logarithms; 1 is linear."""
    return slope([math.log(amount) for amount in amounts], [math.log(cost) for cost in costs])[0]


def slope(amounts: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Slope and intercept of the straight line by least squares: the cost of each, and what it costs at all."""
    mean_amount, mean_cost = sum(amounts) / len(amounts), sum(costs) / len(costs)
    variance = sum((amount - mean_amount) ** 2 for amount in amounts)
    together = sum((x - mean_amount) * (y - mean_cost) for x, y in zip(amounts, costs, strict=True))
    steepness = together / variance
    return steepness, mean_cost - steepness * mean_amount


def rotated(things: Sequence[str], by: int) -> list[str]:
    """The same in a cycle, from another start: no path always runs on what another one left in the caches."""
    start = by % len(things)
    return [*things[start:], *things[:start]]

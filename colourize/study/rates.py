"""How often people took a model's pictures for real ones, with intervals.

Answers of one participant are alike, and so are answers to one picture. Therefore both are resampled, independently,
and an answer's weight is the product of the two counts (the "pigeonhole bootstrap", Owen 2007). Its intervals are
rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import binomtest

from colourize.measures.intervals import LEVEL
from colourize.study.participants import Participant
from colourize.study.trials import REAL

RESAMPLES = 1000


class Choices:
    """All answers that count, as tables of participants by items; an item is a picture as a model made it.

    Attributes:
        items: (model, picture) of each item, I of them, by model and picture.
        shown, fooled: (P, I), 1 where the participant saw the item; 1 where it was taken for the real one.
    """

    def __init__(self, participants: Sequence[Participant], seed: int = 0) -> None:
        answers = [(row, each) for row, one in enumerate(participants) for each in one.of_kind(REAL)]
        self.items = sorted({(str(each.model), each.picture) for _, each in answers})
        self.models = sorted({model for model, _ in self.items})
        self.seed = seed
        place = {item: column for column, item in enumerate(self.items)}
        self.shown = np.zeros((len(participants), len(self.items)))
        self.fooled = np.zeros_like(self.shown)
        for row, each in answers:
            column = place[str(each.model), each.picture]
            self.shown[row, column] = 1
            self.fooled[row, column] = each.fooled

    def of(self, model: str) -> np.ndarray:
        """Which items are a model's, (I,) of bool."""
        return np.array([each == model for each, _ in self.items])

    @cached_property
    def picture_weights(self) -> np.ndarray:
        """How often each item's picture was drawn, (RESAMPLES, I); the same for all models."""
        pictures, which = np.unique([picture for _, picture in self.items], return_inverse=True)
        return _drawn(len(pictures), self.seed)[:, which]

    @cached_property
    def resampled(self) -> tuple[np.ndarray, np.ndarray]:
        """`shown` and `fooled` summed over the participants that were drawn, (RESAMPLES, I)."""
        participants = _drawn(len(self.shown), self.seed + 1)
        return participants @ self.shown, participants @ self.fooled


@dataclass(frozen=True)
class Rate:
    """A model's fooling rate, 0…1, with its interval; at 0.5 nobody can distinguish its pictures from real ones."""

    model: str
    participants: int
    pictures: int
    trials: int
    fooled: int
    rate: float
    low: float
    high: float


def fooling_rates(choices: Choices) -> list[Rate]:
    """Each model's rate, the share of all trials in which its picture was taken for the real one.

    The interval is the bootstrap's over participants and pictures, but never narrower than Wilson's (1927), which holds
    for independent answers: resampling a rate of 0 gives only 0. With one participant it is Wilson's.
    """
    found = []
    for model in choices.models:
        mine = choices.of(model)
        shown, fooled = choices.shown[:, mine], choices.fooled[:, mine]
        trials, wins = int(shown.sum()), int(fooled.sum())
        low, high = binomtest(wins, trials).proportion_ci(LEVEL, method="wilson")
        if len(shown) > 1:
            counts, drawn = ((each[:, mine] * choices.picture_weights[:, mine]).sum(1) for each in choices.resampled)
            bounds = quantiles(drawn[counts > 0] / counts[counts > 0])
            low, high = min(low, bounds[0]), max(high, bounds[1])
        people = int(shown.any(1).sum())
        found.append(Rate(model, people, int(mine.sum()), trials, wins, wins / trials, float(low), float(high)))
    return found


def quantiles(draws: np.ndarray) -> tuple[float, float]:
    """The percentile interval of resampled values; nan where less than half of the draws have a value."""
    known = draws[~np.isnan(draws)]
    if 2 * len(known) < len(draws) or not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _drawn(count: int, seed: int) -> np.ndarray:
    """How often each of `count` was drawn, (RESAMPLES, count)."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)

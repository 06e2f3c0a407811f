"""The analysis of a study: how often people took a model's pictures for real, and which measures predict that.

Answers of one participant are correlated, and so are answers to one picture. Therefore participants and pictures are
resampled independently, and an answer's weight is the product of the two counts (the "pigeonhole bootstrap", Owen
2007). Its intervals tend to be too wide rather than too narrow.

A measure has a rank correlation (Spearman) with the fooling rate, over pictures and over models, and an area under the
ROC curve: the probability that a picture that fooled people has a larger value than one that did not (ties count half).
With few participants, a picture's rate is mostly chance, which moves correlations towards 0, but not the area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, norm

from colourize.errors import InputError, UsageError
from colourize.measures.intervals import LEVEL
from colourize.runs.tables import read_numbers
from colourize.study.participants import Participant
from colourize.study.trials import REAL

ALL = "all models"
LEAST_MODELS = 3  # with fewer models, a rank correlation has no meaning
RESAMPLES = 1000


class Choices:
    """All answers that count, as tables of participants by items; an item is a model's version of a picture.

    Attributes:
        items: (model, picture) of the I items, sorted by model and picture.
        shown, fooled: (P, I), 1 if the participant saw the item, and 1 if the participant took it for the real one.
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
        """Which items belong to a model, (I,) of bool."""
        return np.array([each == model for each, _ in self.items])

    @cached_property
    def picture_weights(self) -> np.ndarray:
        """How often each item's picture was drawn, (RESAMPLES, I); the same for all models."""
        pictures, which = np.unique([picture for _, picture in self.items], return_inverse=True)
        return _drawn(len(pictures), self.seed)[:, which]

    @cached_property
    def resampled(self) -> tuple[np.ndarray, np.ndarray]:
        """`shown` and `fooled`, summed over the drawn participants, (RESAMPLES, I)."""
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

    The interval comes from the bootstrap over participants and pictures. It is never narrower than Wilson's (1927) for
    independent answers, because resampling a rate of 0 gives only 0. With one participant it is Wilson's.
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
    """The percentile interval of resampled values; nan if less than half of the draws have a value."""
    known = draws[~np.isnan(draws)]
    if 2 * len(known) < len(draws) or not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _drawn(count: int, seed: int) -> np.ndarray:
    """How often each of `count` things was drawn, (RESAMPLES, count)."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)


@dataclass(frozen=True)
class Agreement:
    """How a measure agrees with people's choices; nan if there is no value, such as for a constant rate."""

    measure: str
    over: str  # what is compared: pictures or models
    model: str  # the model of the pictures; for all models together, the comparison is across models as well
    count: int  # the number of pictures (of a model), or of models
    spearman: float
    spearman_low: float
    spearman_high: float
    auc: float = float("nan")
    auc_low: float = float("nan")
    auc_high: float = float("nan")


def read_measures(files: Mapping[str, str | Path], choices: Choices) -> dict[str, np.ndarray]:
    """The measures of the study's pictures by name, (I,); nan where a model has no value.

    Args:
        files: the `per_picture.csv` of each model, as colourize-evaluate writes it, by the model's label.

    Raises:
        UsageError: a label that the study does not have.
        InputError: a file cannot be read, or lacks a picture of the study.
    """
    values: dict[str, np.ndarray] = {}
    for label, file in files.items():
        if label not in choices.models:
            raise UsageError(f"measures.{label}: the study has no such model; it has {', '.join(choices.models)}")
        rows = {row.get("picture"): row for row in read_numbers(Path(file).expanduser())}
        for place in np.flatnonzero(choices.of(label)):
            picture = choices.items[place][1]
            if picture not in rows:
                raise InputError(f"{file}: has no picture {picture}, which the study showed")
            for name, value in rows[picture].items():
                if name != "picture":
                    values.setdefault(name, np.full(len(choices.items), np.nan))[place] = value
    return values


def agreements(values: Mapping[str, np.ndarray], choices: Choices) -> list[Agreement]:
    """How each measure agrees over all pictures, over each model's pictures, and over at least three models."""
    found = []
    for measure, column in values.items():
        known = ~np.isnan(column)
        models = [model for model in choices.models if (choices.of(model) & known).any()]
        found.append(_over_pictures(measure, ALL, column, known, choices))
        if len(models) > 1:
            found += [_over_pictures(measure, each, column, known & choices.of(each), choices) for each in models]
        if len(models) >= LEAST_MODELS:
            found.append(_over_models(measure, column, models, choices))
    return found


def _over_pictures(measure: str, model: str, column: np.ndarray, mine: np.ndarray, choices: Choices) -> Agreement:
    """The agreement over pictures, with intervals over participants and pictures.

    Resampling participants adds noise to each picture's rate, so that resampled correlations are closer to 0 than the
    observed one. Therefore only their standard deviation is used, on Fisher's scale, where it is nearly constant.
    """
    column = column[None, mine]
    pictures = choices.picture_weights[:, mine]
    all_shown, all_fooled = (each.sum(0)[None, mine] for each in (choices.shown, choices.fooled))
    shown, fooled = (each[:, mine] for each in choices.resampled)
    rho = float(_spearman(column, all_shown, all_fooled, np.ones_like(column))[0])
    draws = _spearman(column, shown, fooled, pictures)
    centre, scaled = (np.arctanh(np.clip(each, -0.999999, 0.999999)) for each in (rho, draws))  # ±1 would be infinite
    half = norm.ppf((1 + LEVEL) / 2) * (np.nan if np.isnan(draws).all() else np.nanstd(scaled))
    low, high = float(np.tanh(centre - half)), float(np.tanh(centre + half))
    auc = float(_auc(column, all_shown, all_fooled)[0])
    areas = quantiles(_auc(column, shown * pictures, fooled * pictures))
    return Agreement(measure, "pictures", model, int(mine.sum()), rho, low, high, auc, *areas)


def _over_models(measure: str, column: np.ndarray, models: list[str], choices: Choices) -> Agreement:
    """How the models' mean values agree with their rates; the interval is over participants and pictures."""

    def correlation(shown: np.ndarray, fooled: np.ndarray, pictures: np.ndarray) -> np.ndarray:
        means, rates = [], []
        for model in models:
            mine = choices.of(model) & ~np.isnan(column)
            weights = pictures[:, mine] * (shown[:, mine] > 0)
            with np.errstate(invalid="ignore", divide="ignore"):
                means.append((weights @ column[mine]) / weights.sum(1))
                trials = (pictures[:, mine] * shown[:, mine]).sum(1)
                rates.append((pictures[:, mine] * fooled[:, mine]).sum(1) / trials)
        count, rate = np.ones((len(shown), len(models))), np.stack(rates, 1)
        return _spearman(np.stack(means, 1), count, rate, count)

    observed = (choices.shown.sum(0)[None], choices.fooled.sum(0)[None], np.ones((1, len(column))))
    draws = correlation(*choices.resampled, choices.picture_weights)
    return Agreement(measure, "models", ALL, len(models), float(correlation(*observed)[0]), *quantiles(draws))


def _spearman(values: np.ndarray, shown: np.ndarray, fooled: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlation of values with rates for each draw, (R,); nan if one of them is constant.

    All arguments are (R, I); `values` may be (1, I) for all draws. An item that was shown counts by its weight.
    """
    weights = weights * (shown > 0)
    rates = np.divide(fooled, shown, out=np.zeros_like(fooled), where=shown > 0)
    ranks = [_weight_below(each, weights) for each in (values, rates)]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(1, keepdims=True)
        one, other = (each - (weights * each).sum(1, keepdims=True) / total for each in ranks)
        deviations = np.sqrt((weights * one**2).sum(1) * (weights * other**2).sum(1))
        return np.asarray((weights * one * other).sum(1) / deviations)


def _auc(values: np.ndarray, shown: np.ndarray, fooled: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of "fooled" from the values, for each draw, (R,)."""
    recognised = shown - fooled
    with np.errstate(invalid="ignore"):
        below = _weight_below(values, recognised)
        return np.asarray((fooled * below).sum(1) / (fooled.sum(1) * recognised.sum(1)))


def _weight_below(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each item, the weight of all items with smaller values plus half the weight of equal ones, (R, I)."""
    found = np.empty_like(weights)
    for row, (own, weight) in enumerate(zip(np.broadcast_to(values, weights.shape), weights, strict=True)):
        places = np.unique(own, return_inverse=True)[1]
        equal = np.bincount(places, weight)
        found[row] = (np.cumsum(equal) - equal / 2)[places]
    return found

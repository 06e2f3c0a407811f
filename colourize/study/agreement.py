"""How well a measure predicts what people take for real.

Of each measure: the rank correlation (Spearman) with the fooling rate, over pictures and over models; and the area
under the ROC curve, the chance that a picture which was taken for the real one has the larger value than one which was
not (ties count half). A correlation above 0 and an area above 0.5 mean that larger values fool more: so it should be
for PSNR, and the other way round for errors. A picture's rate from few participants is mostly chance, which draws every
correlation over pictures towards 0; the area is free of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from colourize.errors import InputError, UsageError
from colourize.measures.intervals import LEVEL
from colourize.runs.tables import read_numbers
from colourize.study.analysis import Choices, quantiles

ALL = "all models"
LEAST_MODELS = 3  # fewer have no rank correlation to speak of


@dataclass(frozen=True)
class Agreement:
    """How a measure goes with people's choices; nan where there is no answer, such as for a rate that never varies.

    Attributes:
        over: what was compared, pictures or models.
        model: whose pictures; of all models together they are compared across models as well.
        count: how many pictures (of a model), or models.
    """

    measure: str
    over: str
    model: str
    count: int
    spearman: float
    spearman_low: float
    spearman_high: float
    auc: float = float("nan")
    auc_low: float = float("nan")
    auc_high: float = float("nan")


def read_measures(files: Mapping[str, str | Path], choices: Choices) -> dict[str, np.ndarray]:
    """The measures of the study's pictures: by name (I,), nan for items whose model has no value of it.

    Args:
        files: by the label of a model its `per_picture.csv`, as colourize-evaluate writes it.

    Raises:
        UsageError: a label that the study does not have.
        InputError: a file cannot be read, or lacks a picture that the study showed.
    """
    values: dict[str, np.ndarray] = {}
    for label, file in files.items():
        if label not in choices.models:
            raise UsageError(f"measures.{label}: the study has no such model; it has {', '.join(choices.models)}")
        rows = {row.get("picture"): row for row in read_numbers(Path(file).expanduser())}
        for place, (model, picture) in enumerate(choices.items):
            if model != label:
                continue
            if picture not in rows:
                raise InputError(f"{file}: has no picture {picture}, which the study showed")
            for name, value in rows[picture].items():
                if name != "picture":
                    values.setdefault(name, np.full(len(choices.items), np.nan))[place] = value
    return values


def agreements(values: Mapping[str, np.ndarray], choices: Choices) -> list[Agreement]:
    """Each measure's: over all pictures, over those of each model, and over models where there are three."""
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
    """Observed values, and intervals over participants and pictures.

    Resampled participants add to the noise of each picture's rate, so that resampled correlations lie nearer to 0 than
    the observed one. Of these only the deviation is taken, on Fisher's scale; areas are resampled without such a shift.
    """
    column = column[None, mine]
    all_shown, all_fooled = (each.sum(0)[None, mine] for each in (choices.shown, choices.fooled))
    rho = float(_spearman(column, all_shown, all_fooled, np.ones_like(column))[0])
    auc = float(_auc(column, all_shown, all_fooled)[0])
    pictures = choices.picture_weights[:, mine]
    shown, fooled = (each[:, mine] for each in choices.resampled)
    deviations = _fisher(_spearman(column, shown, fooled, pictures))
    half = norm.ppf((1 + LEVEL) / 2) * (np.nanstd(deviations) if (~np.isnan(deviations)).any() else np.nan)
    bounds = float(np.tanh(_fisher(rho) - half)), float(np.tanh(_fisher(rho) + half))
    areas = quantiles(_auc(column, shown * pictures, fooled * pictures))
    return Agreement(measure, "pictures", model, int(mine.sum()), rho, *bounds, auc, *areas)


def _fisher(correlation: np.ndarray | float) -> np.ndarray:
    """On a scale without ends, where a correlation's deviation is much the same everywhere; ±1 is not infinite."""
    return np.asarray(np.arctanh(np.clip(correlation, -0.999999, 0.999999)))


def _over_models(measure: str, column: np.ndarray, models: list[str], choices: Choices) -> Agreement:
    """Of each model's mean over the pictures that were shown, and its rate.

    The interval is over participants and pictures, these models given.
    """

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
    """Spearman's correlation of values with rates, for each draw, (R,); nan where either is the same everywhere.

    Args:
        values: (R, I), or (1, I) where they are those of all draws.
        shown, fooled: (R, I); an item that was not shown does not count.
        weights: (R, I), how often an item counts.
    """
    weights = weights * (shown > 0)
    rates = np.divide(fooled, shown, out=np.zeros_like(fooled), where=shown > 0)
    # Ranks with ties in the middle, without the half that is the same for all.
    ranks = [_weight_below(each, weights) for each in (values, rates)]
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weights.sum(1, keepdims=True)
        one, other = (each - (weights * each).sum(1, keepdims=True) / total for each in ranks)
        deviations = np.sqrt((weights * one**2).sum(1) * (weights * other**2).sum(1))
        return np.asarray((weights * one * other).sum(1) / deviations)


def _auc(values: np.ndarray, shown: np.ndarray, fooled: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of "fooled" from the values, for each draw, (R,)."""
    told = shown - fooled
    with np.errstate(invalid="ignore"):
        return np.asarray((fooled * _weight_below(values, told)).sum(1) / (fooled.sum(1) * told.sum(1)))


def _weight_below(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each item the weight of all with a smaller value, and half of that with the same one; (R, I).

    Args:
        values: (R, I) or (1, I).
        weights: (R, I).
    """
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, 1)
    new = np.ones(ordered.shape, dtype=bool)  # where a run of equal values begins
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    last = np.roll(new, -1, axis=1)
    order = np.broadcast_to(order, weights.shape)
    heaped = np.cumsum(np.take_along_axis(weights, order, 1), axis=1)
    before = np.concatenate([np.zeros_like(heaped[:, :1]), heaped[:, :-1]], axis=1)
    # Both only grow along a row: the largest start so far is that of this run, the least end ahead likewise.
    start = np.maximum.accumulate(np.where(new, before, 0), axis=1)
    end = np.minimum.accumulate(np.where(last, heaped, np.inf)[:, ::-1], axis=1)[:, ::-1]
    below = np.empty_like(heaped)
    np.put_along_axis(below, order, (start + end) / 2, 1)
    return below

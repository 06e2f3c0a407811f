"""Bootstrap intervals of means over pictures, and the spread over seeds.

The same pictures are resampled for every method and measure, so that differences are paired (Efron & Tibshirani 1993,
"An introduction to the bootstrap", percentile intervals). Two to five seeds are too few to resample. Their contribution
to an interval follows Student's t distribution, with one degree of freedom less than there are seeds.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from colourize.measures.base import SetMeasure

LEVEL = 0.95
RESAMPLES = 4000
RESAMPLES_OF_SETS = 200  # for measures of all pictures together, whose values take milliseconds each
AT_ONCE = 500
SEED = 0


@dataclass(frozen=True)
class Estimate:
    """A measure of one method, with its uncertainty.

    Attributes:
        by_seed: the value for each seed, (S,).
        draws: the mean over seeds for each resampled set of pictures, (R,).
    """

    by_seed: np.ndarray
    draws: np.ndarray

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(self.by_seed.mean())

    @property
    def seed_deviation(self) -> float:
        """The standard deviation over seeds; nan for one seed."""
        return float(self.by_seed.std(ddof=1)) if len(self.by_seed) > 1 else float("nan")

    def interval(self) -> tuple[float, float]:
        """The interval for the choice of pictures alone, with these seeds."""
        return _interval(self.draws)

    def less(self, reference: Estimate) -> tuple[float, float, float]:
        """The difference to a reference on the same pictures, and its interval for the choice of pictures and seeds."""
        own, other = self._over_seeds(SEED + 1), reference._over_seeds(SEED + 2)
        return (self.mean - reference.mean, *_interval(own - other))

    def farther_from_zero(self, reference: Estimate) -> tuple[float, float]:
        """The interval of |own| − |reference|, how much farther from zero this is, computed as in `less`."""
        own, other = self._over_seeds(SEED + 1), reference._over_seeds(SEED + 2)
        return _interval(np.abs(own) - np.abs(other))

    def _over_seeds(self, seed: int) -> np.ndarray:
        """The draws plus a contribution of the choice of seeds, (R,)."""
        count = len(self.by_seed)
        if count < 2:
            return self.draws
        # Quantiles in random order, as random draws would miss the tails of so few degrees of freedom.
        shares = (np.arange(len(self.draws)) + 0.5) / len(self.draws)
        t = np.random.default_rng(seed).permutation(stats.t.ppf(shares, count - 1))
        return np.asarray(self.draws + t * self.seed_deviation / np.sqrt(count))


def estimate_means(columns: np.ndarray) -> list[Estimate]:
    """An estimate for each of K measures, from values (K, S, N) for S seeds and N pictures; means leave out nan."""
    measures, seeds, pictures = columns.shape
    flat = columns.reshape(-1, pictures).T  # (N, K·S)
    known = ~np.isnan(flat)
    complete = known.all()
    flat = np.where(known, flat, 0.0)
    with np.errstate(invalid="ignore"):  # a measure may have no value for any picture
        by_seed = (flat.sum(0) / known.sum(0)).reshape(measures, seeds)
        parts = [
            (weights @ flat / (pictures if complete else weights @ known)).reshape(-1, measures, seeds).mean(2)
            for weights in resampled(pictures, RESAMPLES)
        ]
    draws = np.concatenate(parts)  # (R, K)
    return [Estimate(by_seed[k], draws[:, k]) for k in range(measures)]


def estimate_set(measure: SetMeasure, vectors: list[np.ndarray]) -> Estimate:
    """The estimate of a measure of all pictures together, from its vectors (N, D) for each seed.

    Repeating pictures biases a distance of distributions; the draws are therefore centred on the value itself. With an
    influence function they are linear in the pictures' weights (the infinitesimal jackknife, Efron 1981), and one
    decomposition is enough for all draws.
    """
    pictures = len(vectors[0])
    if not all(np.isfinite(each).all() for each in vectors):  # the network's outputs are NaN
        return Estimate(np.full(len(vectors), np.nan), np.full(RESAMPLES_OF_SETS, np.nan))
    values = [measure.value(each) for each in vectors]
    by_seed = np.array([value(np.ones(pictures)) for value in values])
    influences = [measure.influence(each) for each in vectors] if pictures > 1 else [None]
    if influences[0] is not None:  # the draws are the means of resampled pseudo-values
        return estimate_means(np.stack([[value + each for value, each in zip(by_seed, influences, strict=True)]]))[0]
    (weights,) = resampled(pictures, RESAMPLES_OF_SETS)
    draws = np.mean([value(weights) for value in values], axis=0)
    return Estimate(by_seed, draws - draws.mean() + by_seed.mean())


def resampled(pictures: int, count: int) -> Iterator[np.ndarray]:
    """How often each picture is drawn, in blocks (R, N); the same number of pictures has the same draws."""
    for drawn in _drawn(pictures, count):
        yield drawn.astype(float)


@functools.lru_cache(maxsize=2)
def _drawn(pictures: int, count: int) -> list[np.ndarray]:
    generator, shares = np.random.default_rng(SEED), np.full(pictures, 1 / pictures)
    sizes = (min(AT_ONCE, count - start) for start in range(0, count, AT_ONCE))
    return [generator.multinomial(pictures, shares, size).astype(np.uint16) for size in sizes]


def _interval(draws: np.ndarray) -> tuple[float, float]:
    if np.isnan(draws).any():
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)

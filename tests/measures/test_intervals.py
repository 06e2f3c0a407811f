"""Intervals: against SciPy's bootstrap, and by how often they hold the truth in a simulation."""

import numpy as np
import pytest
import scipy.stats

from colourize.measures import intervals
from colourize.measures.base import SetMeasure
from colourize.measures.intervals import Estimate, estimate_means, estimate_set


def test_an_interval_over_pictures_is_scipys() -> None:
    values = np.random.default_rng(0).gamma(2.0, 3.0, 300)
    found = estimate_means(values[None, None])[0]
    expected = scipy.stats.bootstrap((values,), np.mean, method="percentile", random_state=np.random.default_rng(1))
    assert found.mean == pytest.approx(values.mean())
    width = expected.confidence_interval.high - expected.confidence_interval.low
    np.testing.assert_allclose(found.interval(), expected.confidence_interval, atol=0.04 * width)


def test_a_paired_difference_leaves_out_what_both_share() -> None:
    rng = np.random.default_rng(0)
    hard = 10 * rng.normal(size=500)  # how hard a picture is, for everybody
    one, other = (estimate_means((hard + rng.normal(size=500))[None, None])[0] for _ in range(2))
    expected = scipy.stats.norm.ppf(0.975) * np.sqrt(2 / 500)
    _, low, high = one.less(other)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)


def test_pictures_without_a_value_are_left_out_and_one_picture_has_no_spread() -> None:
    values = np.array([1.0, np.nan, 3.0])
    assert estimate_means(values[None, None])[0].mean == 2.0
    nothing = estimate_means(np.full((1, 1, 3), np.nan))[0]
    assert np.isnan(nothing.mean) and np.isnan(nothing.interval()).all()


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with three seeds, each lucky or not: resampling them would give intervals that are far too narrow."""
    monkeypatch.setattr(intervals, "RESAMPLES", 1000)  # enough for a share of simulations

    def holds(rng: np.random.Generator) -> bool:
        pictures = rng.normal(size=100)
        luck, noise = 0.3 * rng.normal(size=(3, 1)), rng.normal(size=(3, 100))
        network = estimate_means((0.5 + pictures + luck + noise)[None])[0]
        _, low, high = network.less(estimate_means(pictures[None, None])[0])
        return low <= 0.5 <= high

    assert 0.92 <= np.mean([holds(np.random.default_rng(run)) for run in range(400)]) <= 0.98


class RootMeanSquare(SetMeasure, abstract=True):
    def value(self, vectors):
        return lambda weights: np.sqrt((weights @ vectors)[..., 0] / weights.sum(-1))


class Linear(RootMeanSquare, abstract=True):
    def influence(self, vectors):
        return (vectors[:, 0] - vectors.mean()) / (2 * np.sqrt(vectors.mean()))


@pytest.mark.parametrize("measure", [RootMeanSquare(), Linear()])
def test_a_measure_of_sets_is_resampled_with_its_pictures(measure: SetMeasure) -> None:
    values = np.random.default_rng(0).normal(size=400)
    found = estimate_set(measure, [values[:, None] ** 2])
    assert found.mean == pytest.approx(np.sqrt((values**2).mean()))
    expected = scipy.stats.norm.ppf(0.975) * (values**2).std() / np.sqrt(400) / (2 * found.mean)
    low, high = found.interval()
    assert (high - low) / 2 == pytest.approx(expected, rel=0.2)


def test_seeds_and_pictures_are_kept_apart() -> None:
    draws = np.zeros(4000)
    found = Estimate(np.array([1.0, 2.0, 3.0]), draws + 2)
    assert found.interval() == (2.0, 2.0) and found.seed_deviation == 1.0
    _, low, high = found.less(Estimate(np.array([0.0]), draws))
    assert (high - low) / 2 == pytest.approx(scipy.stats.t.ppf(0.975, 2) / np.sqrt(3), rel=0.1)

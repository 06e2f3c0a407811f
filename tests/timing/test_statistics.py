"""Medians, ranges, ratios and fits on values that are known."""

from __future__ import annotations

import pytest

from colourize.timing.part import columns, pick, shown
from colourize.timing.statistics import Spread, exponent, ratios, rotated, slope, spread


def test_spread_is_median_and_range() -> None:
    assert spread([3.0, 1.0, 2.0]) == (2, 1, 3)
    assert spread([4.0, 1.0, 2.0, 3.0]) == (2.5, 1, 4)
    assert spread([7.0]) == (7, 7, 7)
    assert spread([1.0, 2.0]).scaled(1000) == (1500, 1000, 2000)


def test_ratios_are_taken_within_each_repetition() -> None:
    # The machine was ten times slower in the third repetition: the ratio of the medians would be 2 / 3.
    assert ratios([2.0, 4.0, 20.0], [1.0, 2.0, 10.0]) == (2, 2, 2)
    assert ratios([1.0, 3.0], [2.0, 2.0]) == (1, 0.5, 1.5)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power_law(power: float) -> None:
    amounts = [1_000, 10_000, 50_000]
    assert exponent(amounts, [0.3 * amount**power for amount in amounts]) == pytest.approx(power)


def test_a_fixed_cost_lowers_the_exponent() -> None:
    assert exponent([1, 10, 100], [11, 20, 110]) < 0.6


def test_slope_and_what_it_costs_at_all() -> None:
    assert slope([1, 2, 4], [5, 7, 11]) == pytest.approx((2, 3))


def test_every_path_has_every_turn_once() -> None:
    orders = [rotated("abc", by) for by in range(3)]
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]
    assert rotated("abc", 3) == orders[0]


def test_words_and_columns() -> None:
    values = Spread(2.3456, 1.0, 30.0)
    assert shown(values) == "2.35 (1.00–30.00)"
    assert shown(values, 0) == "2 (1–30)"
    assert columns("ms", values) == {"ms": 2.3456, "ms_min": 1.0, "ms_max": 30.0}


def test_pick_orders_by_repetition() -> None:
    raw = [
        {"path": "bare", "repetition": 2, "seconds": 20},
        {"path": "course", "repetition": 1, "seconds": 5},
        {"path": "bare", "repetition": 1, "seconds": 10},
    ]
    assert pick(raw, "seconds", path="bare") == [10, 20]

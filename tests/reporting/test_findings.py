"""Findings: made-up numbers in, one right sentence out."""

from __future__ import annotations

import numpy as np
import pytest

from colourize.measures.intervals import Estimate, estimate_means
from colourize.reporting.findings import finding, number, percent

PICTURES = 400


def estimate(mean: float, seeds: int = 3, spread: float = 0.001) -> Estimate:
    """Of pictures that differ much, and in the same way for every setting; its seeds differ by `spread`."""
    pictures = np.random.default_rng(0).normal(0, 0.3, PICTURES)
    shifts = np.linspace(-spread, spread, seeds) if seeds > 1 else np.zeros(1)
    columns = mean + pictures - pictures.mean() + shifts[:, None]
    return estimate_means(columns[None])[0]


def test_the_best_setting_and_by_how_much() -> None:
    text = finding("cross_entropy", {"cnn": estimate(1.5), "unet": estimate(1.25)})
    assert text == "By cross-entropy the best is unet, 1.25: 17 % lower than cnn."
    text = finding("accuracy", {"cnn": estimate(0.40), "unet": estimate(0.48)})  # more is better, in its own unit
    assert text == "By accuracy the best is unet, 0.480: 0.0800 higher than cnn."


def test_no_difference_that_the_seeds_show() -> None:
    text = finding("cross_entropy", {"a": estimate(1.5, spread=0.4), "b": estimate(1.4, spread=0.4)})
    assert text.startswith("These 3 seeds show no difference in cross-entropy between these settings")
    unsure = {str(place): Estimate(np.array([value]), np.array([np.nan])) for place, value in enumerate((0.1, 0.9))}
    assert finding("calibration_error", unsure).startswith("One seed shows no difference")
    text = finding("mse", {"a": estimate(1.0), "b": estimate(1.0001), "c": estimate(2.0)})
    assert text == "By mean squared error the best is a, 1.00; these 3 seeds show no difference from b."


def test_nearest_to_zero_is_best() -> None:
    text = finding("colourfulness_gap", {"faint": estimate(-20.0), "strong": estimate(5.0)})
    assert text == "By colourfulness gap the best is strong, 5.00: 15.0 nearer to 0 than faint."


def test_whether_the_best_beats_its_baseline() -> None:
    table = ("table", estimate(0.9, seeds=1))
    for mean, spread, verb in (
        (0.8, 0.001, "beats"),
        (1.2, 0.001, "does worse than"),
        (0.9, 0.1, "cannot be told from"),
    ):
        text = finding("cross_entropy", {"cnn": estimate(mean, spread=spread)}, {"cnn": table})
        assert text.endswith(f"; it {verb} its baseline, table (0.900).")
    assert finding("mse", {"cnn": estimate(1.0)}) == ""


@pytest.mark.parametrize(("value", "text"), [(0.012345, "0.0123"), (123.4, "123"), (1.5, "1.50"), (0.0, "0")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_percents() -> None:
    assert [percent(share) for share in (0.0123, 0.08, 0.123, 1.5)] == ["1.2 %", "8 %", "12 %", "150 %"]

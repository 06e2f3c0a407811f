"""Findings: one right sentence from made-up numbers."""

from __future__ import annotations

import numpy as np
import pytest

from colourize.measures.intervals import Estimate, estimate_means
from colourize.reporting.comparison_tables import interval_text, with_spread
from colourize.reporting.findings import best, number, trend


def estimate(mean: float, seeds: int = 3, spread: float = 0.001) -> Estimate:
    """Pictures differ much, and in the same way for every setting; seeds differ by `spread`."""
    pictures = np.random.default_rng(0).normal(0, 0.3, 400)
    shifts = np.linspace(-spread, spread, seeds) if seeds > 1 else np.zeros(1)
    return estimate_means((mean + pictures - pictures.mean() + shifts[:, None])[None])[0]


ALIKE = {"a": estimate(1.0), "b": estimate(1.0001), "c": estimate(2.0)}
UNSURE = {name: Estimate(np.array([value]), np.array([np.nan])) for name, value in (("a", 0.1), ("b", 0.9))}


@pytest.mark.parametrize(
    ("measure", "estimates", "text"),
    [
        ("cross_entropy", {"cnn": estimate(1.5), "unet": estimate(1.25)},
         "By cross-entropy the best is unet, 1.25: 0.250 (95 % interval 0.246 … 0.254) lower than cnn."),
        ("psnr", {"cnn": estimate(20.0), "unet": estimate(22.0)},
         "By PSNR the best is unet, 22.0 dB: 2.00 dB (95 % interval 2.00 … 2.00) higher than cnn."),
        ("colourfulness_gap", {"faint": estimate(-20.0), "strong": estimate(5.0)},
         "By colourfulness gap the best is strong, 5.00: 15.0 (95 % interval 14.9 … 15.1) nearer to 0 than faint."),
        ("mse", ALIKE, "By MSE the best is a, 1.00, but 3 seeds show no difference from b "
                       "(95 % interval -0.00391 … 0.00384)."),
        ("mse", UNSURE, "By MSE the best is a, 0.100, but one seed shows no difference from b."),
        ("mse", {"cnn": estimate(1.0)}, ""),
    ],
)  # fmt: skip
def test_the_best_setting(measure: str, estimates: dict[str, Estimate], text: str) -> None:
    assert best(measure, estimates) == text


@pytest.mark.parametrize(
    ("mean", "spread", "verb"),
    [(0.8, 0.001, "beats"), (1.2, 0.001, "does worse than"), (0.9, 0.1, "cannot be told from")],
)
def test_whether_the_best_beats_its_baseline(mean: float, spread: float, verb: str) -> None:
    rivals = {"unet": ("bicubic", estimate(2.0, seeds=1)), "cnn": ("table", estimate(0.9, seeds=1))}
    text = best("cross_entropy", {"cnn": estimate(mean, spread=spread)}, rivals)
    assert (
        text
        == f"The cross-entropy of cnn is {number(mean)}; it {verb} the table, which needs no network and reaches 0.900."
    )


def test_the_best_of_several_baselines_is_named() -> None:
    rivals = {"a": ("bicubic", estimate(0.9, seeds=1)), "b": ("Lanczos", estimate(0.5, seeds=1))}
    text = best("mse", {"a": estimate(0.8), "b": estimate(0.81)}, rivals)
    assert "it does worse than Lanczos, which needs no network and reaches 0.500" in text


@pytest.mark.parametrize(
    ("means", "text"),
    [
        ([1.2, 1.3, 1.5], "From batch size 20 to 200, the cross-entropy rises from 1.20 to 1.50, a difference of "
                          "+0.300 (95 % interval 0.296 … 0.304)."),
        ([1.5, 1.2, 1.3], "From batch size 20 to 200, the cross-entropy falls from 1.50 to 1.30, a difference of "
                          "-0.200 (95 % interval -0.204 … -0.196); it is best at 50, 1.20."),
    ],
)  # fmt: skip
def test_what_more_of_a_setting_does(means: list[float], text: str) -> None:
    points = [(value, estimate(mean)) for value, mean in zip((20, 50, 200), means, strict=True)]
    assert trend("batch size", points, "cross_entropy") == text


@pytest.mark.parametrize(("value", "text"), [(0.012345, "0.0123"), (123.4, "123"), (1.5, "1.50"), (0.0, "0")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text == with_spread([value]) == interval_text(value, np.nan, np.nan, np.nan)


def test_a_mean_is_as_precise_as_its_deviation() -> None:
    assert with_spread([17.8622, 17.9622]) == "17.912 (± 0.071)"
    assert interval_text(17.8622, 17.0, 18.4, 0.0712) == "17.86 ±\u00a00.70 (±\u00a00.07)"

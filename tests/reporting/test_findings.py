"""Findings: made-up numbers in, right words out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from colourize.measures.intervals import Estimate, estimate_means
from colourize.reporting.findings import Outcome, against_baseline, finding, number, percent, ranked_effects

PICTURES = 400


def outcome(label: str, mean: float, seeds: int = 3, spread: float = 0.001, **values: Any) -> Outcome:
    """A setting whose pictures differ much, and in the same way as those of all others; its seeds by `spread`."""
    pictures = np.random.default_rng(0).normal(0, 0.3, PICTURES)
    shifts = np.linspace(-spread, spread, seeds) if seeds > 1 else np.zeros(1)
    columns = mean + pictures - pictures.mean() + shifts[:, None]
    (estimate,) = estimate_means(columns[None])
    return Outcome(label, {key.replace("__", "."): value for key, value in values.items()}, estimate)


def epochs(*means: float, **more: Any) -> list[Outcome]:
    places = (5, 10, 25, 100)
    return [
        outcome(str(place), mean, trainer__max_epochs=place, **more) for place, mean in zip(places, means, strict=False)
    ]


KEY = ["trainer.max_epochs"]


def test_along_a_number_a_gain_and_then_no_more() -> None:
    text = finding("cross_entropy", epochs(1.50, 1.25, 1.2499, 1.2500), KEY, {})
    assert text == "17 % lower cross-entropy from max_epochs 5 to 25, beyond the seeds' spread; no further gain at 100."


def test_along_a_number_that_gets_worse_again() -> None:
    text = finding("cross_entropy", epochs(1.50, 1.25, 1.35), KEY, {})
    told = "17 % lower cross-entropy from max_epochs 5 to 10, beyond the seeds' spread"
    assert text == f"{told}; 8 % higher again at 25."


def test_no_difference_that_seeds_can_show() -> None:
    """The means differ by more than in the test above, the seeds by more still."""
    text = finding("cross_entropy", epochs(1.50, 1.40, spread=0.4), KEY, {})
    assert text == "No difference in cross-entropy between max_epochs 5 and 10 that three seeds can show."


def test_accuracy_is_told_in_its_own_units_and_more_is_better() -> None:
    cells = [outcome("cnn", 0.40, model="cnn"), outcome("unet", 0.48, model="unet")]
    text = finding("accuracy", cells, ["model"], {"model": "cnn"})
    assert text == "Accuracy is best with unet, 0.480; with cnn it is 0.0800 lower, beyond the seeds' spread."


def test_one_seed_says_nothing_of_others() -> None:
    cells = [outcome("cnn", 1.6, seeds=1, model="cnn"), outcome("unet", 1.3, seeds=1, model="unet")]
    assert "one seed: nothing is known of others" in finding("cross_entropy", cells, ["model"], {})


def test_settings_that_cannot_be_told_from_the_best_are_named() -> None:
    cells = [outcome(name, mean, model=name) for name, mean in (("a", 1.0), ("b", 1.0001), ("c", 2.0))]
    text = finding("mse", cells, ["model"], {})
    assert "with c it is 100 % higher" in text and text.endswith("that three seeds can show: b.")


def test_one_at_a_time_ranks_the_keys_by_their_effect() -> None:
    usual = {"lr": 1, "width": 32, "kernel": 3}
    cells = [
        outcome("usual", 1.0, **usual),
        outcome("lr=2", 1.3, **{**usual, "lr": 2}),
        outcome("width=64", 0.9, **{**usual, "width": 64}),
        outcome("kernel=5", 1.0002, **{**usual, "kernel": 5}),
        outcome("both", 0.2, **{**usual, "lr": 2, "width": 64}),  # departs in two keys: no effect of either
    ]
    assert [key for key, _, _ in ranked_effects("mse", cells, list(usual), usual)] == ["lr", "width", "kernel"]
    text = finding("mse", cells, list(usual), usual)
    assert "lr (2: 30 % higher), width (64: 10 % lower)" in text
    assert "No difference that three seeds can show: kernel." in text
    assert text.endswith("Better than the usual setting: both (80 % lower), width=64 (10 % lower).")


def test_nearest_to_zero_is_best() -> None:
    cells = [outcome("faint", -20.0, model="faint"), outcome("strong", 5.0, model="strong")]
    text = finding("colourfulness_gap", cells, ["model"], {})
    assert text.startswith("Colourfulness gap is best with strong, 5.00; with faint it is 15.0 farther from 0")


def test_against_baselines() -> None:
    table, good, bad = outcome("table", 0.9, seeds=1), outcome("good", 0.8), outcome("bad", 1.2)
    rival = "table, which has no network (cross-entropy 0.900)"
    assert against_baseline("cross_entropy", [(bad, table)]) == f"bad is worse than {rival}."
    assert (
        against_baseline("cross_entropy", [(good, table), (bad, table)])
        == f"Better than {rival}: good; not so the other one."
    )
    assert against_baseline("accuracy", [(bad, table)]).startswith("bad is better than table")
    close = outcome("close", 0.9001, spread=0.1)
    assert against_baseline("cross_entropy", [(close, table)]) == f"None is better than {rival}."


def test_a_measure_without_values_of_single_pictures_is_never_sure() -> None:
    means = [Estimate(np.array([value]), np.array([np.nan])) for value in (0.1, 0.9)]
    cells = [Outcome(str(place), {"model": place}, mean) for place, mean in enumerate(means)]
    assert finding("calibration_error", cells, ["model"], {}).startswith("No difference")


@pytest.mark.parametrize(("value", "text"), [(0.012345, "0.0123"), (123.4, "123"), (1.5, "1.50"), (0.0, "0")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_percents() -> None:
    assert [percent(share) for share in (0.0123, 0.08, 0.123, 1.5)] == ["1.2 %", "8 %", "12 %", "150 %"]

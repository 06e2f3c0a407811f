"""Question F4: what is made of a table with a row a picture, and its sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from colourize.comparison.results import Comparison
from colourize.reporting.parts.larger_pictures import (
    JOINED,
    LARGEST,
    SIZES,
    WHOLE,
    estimates_by_case,
    larger_finding,
)
from colourize.reporting.results import Results
from colourize.reporting.settings import Setting, Settings
from colourize.runs.folders import Run

RUN = Run(Path("nowhere"), {}, OmegaConf.create(), [])
NOISE = np.random.default_rng(0).normal(0, 0.002, 24)
NOISE -= NOISE.mean()


def rows(network: str, way: str, mse: float, seeds: int = 3, spread: float = 1e-4) -> list[dict[str, str]]:
    """A network's pictures of two sizes; the larger the worse by a half, test pictures as drawn ones."""
    return [
        {"network": network, "seed": str(seed), "way": way, "pictures": kind, "pixels": str(size),
         "picture": str(place), "mse": str(mse * (1.5 if size == LARGEST else 1) + noise + seed * spread),
         "delta_e": "10.0", "ssim": "0.9"}
        for seed in range(seeds)
        for kind in ("drawn", "test")
        for size in (SIZES[0], LARGEST)
        for place, noise in enumerate(NOISE)
    ]  # fmt: skip


def results(*labels: str) -> Results:
    """Of networks beside one baseline, `table`."""
    settings = [Setting(label, label, {}, {0: RUN}, label == "table") for label in labels]
    return Results(Settings(settings, [], {}), Comparison([], {}, {}), {}, {label: "table" for label in labels}, [])


def test_each_case_is_the_mean_over_its_own_pictures_and_seeds() -> None:
    table = [*rows("cnn", JOINED, 0.01), *rows("cnn", WHOLE, 0.02)]
    np.random.default_rng(0).shuffle(table)  # type: ignore[arg-type]
    estimates = estimates_by_case(table)
    assert len(estimates) == 8
    for case, own in estimates.items():
        by_hand = [
            float(row["mse"]) for row in table
            if (row["way"], row["pixels"]) == (case.way, str(case.size))
        ]  # fmt: skip
        assert own["mse"].mean == pytest.approx(np.mean(by_hand))
        assert own["mse"].seed_deviation == pytest.approx(1e-4)
        assert own["ssim"].mean == pytest.approx(0.9)


def test_the_finding_says_which_way_is_better_by_how_much_and_whether_the_table_is_beaten() -> None:
    table = [*rows("cnn", JOINED, 0.01), *rows("cnn", WHOLE, 0.02), *rows("table", JOINED, 0.005, seeds=1)]
    text = larger_finding(results("cnn", "table"), estimates_by_case(table))
    start = f"On drawn pictures of {LARGEST}×{LARGEST} pixels: cnn: Mean squared error is best with {JOINED}"
    assert text.startswith(start), text
    assert text.count("cnn: Mean squared error is best") == 2  # of test pictures as well
    assert f"with {WHOLE} it is 99 % higher, beyond the seeds' spread." in text
    assert text.endswith(f"With {JOINED}: cnn is worse than table, which has no network (mean squared error 0.00750).")


def test_the_finding_of_seeds_that_disagree_shows_no_difference() -> None:
    table = [*rows("cnn", JOINED, 0.010, spread=0.004), *rows("cnn", WHOLE, 0.011, spread=0.004)]
    text = larger_finding(results("cnn"), estimates_by_case(table))
    assert "No difference in mean squared error that three seeds can show" in text

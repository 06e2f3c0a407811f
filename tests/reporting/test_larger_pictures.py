"""Question F4: what is made of a table with a row a picture, and its sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from colourize.methods.grouping import Setting, Settings
from colourize.methods.results import Comparison, Results
from colourize.reporting.parts.larger_pictures import DOWN, FULL, LARGEST, SIZES, columns_by_case, larger_finding
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


def test_each_case_has_the_values_of_its_own_pictures_and_seeds_whatever_their_order() -> None:
    table = [*rows("cnn", DOWN, 0.01), *rows("cnn", FULL, 0.02)]
    np.random.default_rng(0).shuffle(table)  # type: ignore[arg-type]
    columns = columns_by_case(table)
    assert len(columns) == 8
    for case, values in columns.items():
        usual = (0.01 if case.way == DOWN else 0.02) * (1.5 if case.size == LARGEST else 1)
        for seed in range(3):
            np.testing.assert_allclose(values[0, seed], usual + NOISE + seed * 1e-4)
    assert (
        columns_by_case(table[1:])
    ).keys() == columns.keys()  # a picture that one seed lacks costs that picture alone
    shapes = sorted(values.shape for values in columns_by_case(table[1:]).values())
    assert shapes == [(3, 3, 23), *[(3, 3, 24)] * 7]


def test_the_finding_says_which_way_is_best_and_whether_the_table_is_beaten() -> None:
    table = [*rows("cnn", DOWN, 0.01), *rows("cnn", FULL, 0.02), *rows("table", DOWN, 0.005, seeds=1)]
    text = larger_finding(results("cnn", "table"), columns_by_case(table))
    told = (
        f"By mean squared error the best is cnn, {DOWN}, 0.0151: 50 % lower than cnn, {FULL}; "
        f"it does worse than its baseline, table, {DOWN} (0.00750)."
    )
    kinds = [f"On {kind} pictures of {LARGEST}×{LARGEST} pixels: {told}" for kind in ("drawn", "test")]
    assert text == " ".join(kinds)
    assert larger_finding(results("cnn"), columns_by_case(rows("cnn", FULL, 0.01))) == ""

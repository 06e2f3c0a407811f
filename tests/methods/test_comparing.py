"""A comparison of made-up values has the right intervals, differences and marks."""

from dataclasses import replace

import numpy as np
import pytest

from colourize.measures.base import MORE, SetMeasure
from colourize.methods.comparison import Evaluated, compare
from colourize.reporting.agreement import rank_correlations
from colourize.reporting.comparison_tables import show_comparison, write_comparison
from colourize.reporting.picture_sheets import contrasting_pictures
from colourize.runs.tables import read_table

PICTURES = 400
HARD = np.random.default_rng(9).gamma(2.0, 1.0, PICTURES)


class Total(SetMeasure, name="auc_balanced", direction=MORE):
    """A mean of vectors."""

    def value(self, vectors):
        return lambda weights: (weights @ vectors)[..., 0] / weights.sum(-1)


def method(label: str, seed: int | None, offset: float, **more: np.ndarray) -> Evaluated:
    """One whose squared error is `offset` above the difficulty of each picture, up to a little noise."""
    noise = 0.2 * np.random.default_rng([seed or 0, len(label)]).normal(size=PICTURES)
    table = {"picture": np.arange(PICTURES), "mse": HARD + offset + noise, **more}
    logged = {f"test/{name}": float(column.mean()) for name, column in table.items()}
    logged["test/auc_balanced"] = -logged["test/mse"]
    return Evaluated(label, seed, table, logged, {"auc_balanced": -table["mse"][:, None]}, {"auc_balanced": Total()})


@pytest.fixture(scope="module")
def comparison():
    evaluated = [
        *(method("worse", seed, 1.0 + 0.1 * seed) for seed in range(3)),
        *(method("lucky", seed, -0.3 + 0.6 * seed) for seed in range(2)),
        method("same", 0, 0.0),
        method("table", None, 0.0, colourfulness_gap=HARD - 5),
    ]
    return compare(evaluated, dict.fromkeys(("worse", "lucky", "same", "table"), "table"), {"lpips": "needs a file"})


def test_marks_stand_where_the_interval_excludes_zero(comparison) -> None:
    marks = {row.method: row.mark for row in comparison.of("mse")}
    # Two seeds of which one is lucky prove nothing, however many pictures there are.
    assert marks == {"worse": "worse", "lucky": "", "same": "", "table": ""} and list(marks)[-1] == "worse"
    assert comparison.row("auc_balanced", "worse").mark == "worse"  # more is better there
    row, table = comparison.row("mse", "worse"), comparison.row("mse", "table")
    assert row.difference == pytest.approx(1.1, abs=0.05)
    assert row.difference_low > 0.8 and row.difference_high < 1.4
    assert (row.seeds, row.pictures, table.seeds) == (3, PICTURES, 0)
    assert row.seed_deviation == pytest.approx(0.1, abs=0.05) and np.isnan(table.seed_deviation)
    # The interval is over pictures alone: as wide as that of one seed.
    assert row.high - row.low == pytest.approx(2 * 1.96 * HARD.std() / PICTURES**0.5, rel=0.1)
    # A measure that only one method has.
    (row,) = comparison.of("colourfulness_gap")
    assert row.method == "table" and comparison.row("colourfulness_gap", "same") is None


def test_where_zero_is_best_distances_from_it_are_compared() -> None:
    """Equally far from zero on its two sides is neither better nor worse."""
    shifts = {"table": -5.0, "opposite": 5.0, "near": 1.0, "far": 9.0}
    noise = np.random.default_rng(0).normal(size=PICTURES)
    evaluated = [method(label, 0, 0.0, colourfulness_gap=noise + shift) for label, shift in shifts.items()]
    # Its two seeds lie on different sides of the reference's distance.
    evaluated += [method("seeds", seed, 0.0, colourfulness_gap=noise + 5 + 3 * (2 * seed - 1)) for seed in range(2)]
    rows = compare(evaluated, dict.fromkeys((*shifts, "seeds"), "table"), {}).of("colourfulness_gap")
    marks = {row.method: row.mark for row in rows}
    assert marks == {"table": "", "opposite": "", "near": "better", "far": "worse", "seeds": ""}


def test_all_formats_have_the_comparison(comparison, tmp_path, capsys) -> None:
    write_comparison(tmp_path, comparison)
    rows = read_table(tmp_path / "comparison.csv")
    assert len(rows) == len(comparison.rows)
    assert float(rows[0]["mean"]) == comparison.rows[0].mean and rows[0]["method"] == comparison.rows[0].method
    for ending in ("md", "txt"):
        text = (tmp_path / f"comparison.{ending}").read_text()
        assert text.count("▼") > 1 and text.count("▲") == 1 and "lpips: needs a file" in text  # one each explains them
    show_comparison(comparison)
    printed = capsys.readouterr().out
    unnamed = next(name for name in comparison.measures if name not in printed)
    show_comparison(comparison, named=[unnamed])
    assert unnamed in capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80 and "reference" in printed and "(less is better)" in printed


def test_one_picture_or_a_failed_one_has_no_interval() -> None:
    table = {"picture": np.arange(1), "mse": np.array([0.5])}
    row = compare([Evaluated(name, None, table) for name in ("a", "b")], {"a": "b"}, {}).row("mse", "a")
    assert row is not None and row.mean == 0.5 and row.mark == ""
    assert np.isnan([row.low, row.high, row.difference_low, row.difference_high]).all()
    broken = method("one", 0, 0.0, psnr=np.where(np.arange(PICTURES) == 3, np.nan, 1.0))
    row = compare([broken], {}, {}).row("psnr", "one")
    assert row is not None and np.isnan(row.mean) and np.isnan(row.low)


def test_a_measure_of_all_pictures_needs_no_other_measure() -> None:
    whole = method("one", 0, 0.0)
    alone = replace(whole, table={"picture": whole.table["picture"]})
    row, beside = (compare([each], {}, {}).row("auc_balanced", "one") for each in (alone, whole))
    assert (row.mean, row.low, row.high) == (beside.mean, beside.low, beside.high)
    assert row.mean == pytest.approx(-whole.table["mse"].mean()) and row.low < row.mean < row.high


def test_rank_correlations_are_signed_by_what_is_better() -> None:
    evaluated = [
        method("x" * (n + 1), 0, n, psnr=np.full(PICTURES, -float(n)), colourfulness_gap=np.full(PICTURES, gap))
        for n, gap in enumerate((1.0, -2.0, 3.0, -4.0))
    ]
    names, found = rank_correlations([each.means for each in evaluated])
    assert names == ["mse", "psnr", "colourfulness_gap", "auc_balanced"]
    np.testing.assert_allclose(found, 1)


def test_pictures_on_which_methods_differ_most() -> None:
    errors, numbers = np.linspace(1, 2, 30), np.arange(30) + 100
    tables = [{"picture": numbers, "mse": errors}, {"picture": numbers, "mse": errors + np.linspace(0, 1, 30)}]
    found = contrasting_pictures([Evaluated("", 0, table) for table in tables], 3)
    assert found["differ most"].tolist() == [129, 128, 127] and found["agree best"].tolist() == [102, 101, 100]
    assert len(found["middle"]) == 3

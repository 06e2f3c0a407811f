"""`compare_checkouts.py`: which differences between two tables count."""

from __future__ import annotations

import math
from pathlib import Path

import compare_checkouts
import pytest
from compare_checkouts import compare_numbers, difference, differences


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0.5", "0.5", 0),
        ("1", "1.0", 0),
        ("inf", "inf", 0),
        ("2.0", "2.5", 0.25),
        ("-2.0", "-2.5", 0.25),
        ("0.0", "0.5", 0.5),
        *((cell, other, math.inf) for cell, other in (("1", "nan"), ("inf", "1"), ("", "1"), ("1", "horse"))),
    ],
)
def test_cells(old: str, new: str, expected: float) -> None:
    assert difference(old, new) == expected


def test_differences_of_columns(tmp_path: Path) -> None:
    tables = {
        "old": "epoch,loss\n1,4.0\n2,2.0\n",
        "new": "epoch,loss\n1,4.0\n2,2.5\n",
        "longer": "epoch,loss\n1,4.0\n2,2.0\n3,1.0\n",
        "wider": "epoch,loss,psnr\n1,4.0,9\n2,2.0,9\n",
    }
    for name, text in tables.items():
        (tmp_path / name).write_text(text)
    assert differences(tmp_path / "old", tmp_path / "new") == {"loss": 0.25}
    for name in ("longer", "wider"):
        assert differences(tmp_path / "old", tmp_path / name) == {"other rows or columns": math.inf}


@pytest.mark.parametrize(
    ("new", "rounding", "equal", "told"),
    [
        ("loss\n4.0\n", 0, True, "equal, byte for byte"),
        ("loss\n4.00\n", 0, True, "the same numbers"),
        ("loss\n4.5\n", 0.1, False, "loss 1e-01"),
        ("loss\n4.5\n", 0.2, True, "loss 1e-01"),
    ],
)
def test_whether_all_is_equal(
    new: str, rounding: float, equal: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: object
) -> None:
    def train(checkout: Path, work: Path, folder: Path, overrides: list[str]) -> Path:
        assert "model=cnn" in overrides and overrides[-1] == "seed=3"
        folder.mkdir()
        (folder / "metrics.csv").write_text(new if checkout.name == "new" else "loss\n4.0\n")
        return folder

    monkeypatch.setattr(compare_checkouts, "train", train)
    monkeypatch.setattr(compare_checkouts, "MODELS", ("cnn",))
    checkouts = {name: tmp_path / name for name in ("old", "new")}
    assert compare_numbers(checkouts, tmp_path, rounding, ["seed=3"]) is equal
    assert capsys.readouterr().out.count(told) == 4  # type: ignore[attr-defined]

"""`compare_checkouts.py`: which differences between two tables count."""

from __future__ import annotations

from pathlib import Path

import compare_checkouts
import pytest
from compare_checkouts import compare_numbers


@pytest.mark.parametrize(
    ("new", "rounding", "equal", "told"),
    [
        ("loss\n4.0\n", 0, True, "equal, byte for byte"),
        ("loss\n4.00\n", 0, True, "the same numbers"),
        ("loss\n4.5\n", 0.1, False, "loss 1e-01"),
        ("loss\n4.5\n", 0.2, True, "loss 1e-01"),
        ("loss\nnan\n", 0.2, False, "loss inf"),
        ("loss\n4.0\n5.0\n", 0.2, False, "other rows or columns inf"),
    ],
)
def test_whether_all_is_equal(new, rounding, equal, told, tmp_path, monkeypatch, capsys):
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

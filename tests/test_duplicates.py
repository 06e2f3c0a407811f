"""`colourize-duplicates` writes the pairs, and an evaluation leaves them out."""

from __future__ import annotations

from pathlib import Path

import console
import numpy as np
import pytest

from colourize.runs.tables import read_numbers


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    words = [*console.TINY_DATA, "data.num_train=400", "correlation=0.75", "output=pairs.csv"]
    outcome = console.succeed("duplicates", words, tmp_path)
    rows = read_numbers(tmp_path / "pairs.csv")
    assert rows and set(rows[0]) == {"test", "train", "mirrored", "correlation"}
    assert min(row["correlation"] for row in rows) >= 0.75 and [*rows] == sorted(rows, key=lambda r: -r["correlation"])
    count = len({row["test"] for row in rows})
    assert 0 < count < 10
    assert f"{count} of 10 test pictures correlate 0.75 or more with one of 410 training pictures" in outcome.stdout
    assert console.run("duplicates", words, tmp_path).code == 2  # the table is there already
    return tmp_path / "pairs.csv"


def test_an_evaluation_leaves_pictures_out_and_keeps_the_others_numbers(pairs: Path, tmp_path: Path) -> None:
    best = console.trained("colour_classification").best
    words = [f"checkpoint={best}", "baselines=[]", "measures=quick"]
    console.succeed("evaluate", [*words, "hydra.run.dir=all"], tmp_path)
    console.succeed("evaluate", [*words, f"without={pairs}", "hydra.run.dir=without"], tmp_path)
    whole, kept = (read_numbers(tmp_path / name / "per_picture.csv") for name in ("all", "without"))
    left_out = {row["test"] for row in read_numbers(pairs)}
    expected = [row for row in whole if row["picture"] not in left_out]
    assert [row["picture"] for row in kept] == [row["picture"] for row in expected]
    np.testing.assert_allclose([row["mse"] for row in kept], [row["mse"] for row in expected], rtol=1e-4)
    pairs.write_text("test\n10\n")
    outcome = console.run("evaluate", [*words, f"without={pairs}", "hydra.run.dir=wrong"], tmp_path)
    assert outcome.code == 2 and "there is no test picture 10" in outcome.stderr


def test_pictures_of_extra_categories_are_compared_as_well(tmp_path: Path) -> None:
    horses, deer = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "cifar10-horse.npz", train=horses, test=deer[1:2, :, ::-1])
    np.savez(tmp_path / "cifar10-deer.npz", train=deer, test=horses)
    console.succeed("duplicates", ["data=cifar10", "data.root=.", "data.extra_categories=[deer]"], tmp_path)
    assert read_numbers(tmp_path / "duplicates.csv") == [{"test": 0, "train": 4, "mirrored": 1, "correlation": 1.0}]

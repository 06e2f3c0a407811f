"""`colourize-search`: trials in folders of their own, a search that goes on, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from console import TINY, run, succeed

from colourize.runs.tables import read_table
from colourize.search import with_training

SMALL = [*(word for word in TINY if not word.startswith(("trainer.max", "model"))), "trainer.max_epochs=1", "model=cnn"]
SPACE = "space={task.optimizer.lr:{low:1e-4,high:1e-2,log:true},model.num_filters:{choices:[2,4]}}"


def test_words_that_are_no_keys_of_a_search_are_those_of_its_trainings() -> None:
    words = ["model=cnn", "trials=3", "seed=1", "hydra.verbose=true", "+trainer.x=1"]
    assert with_training(words) == ["trials=3", "hydra.verbose=true", 'train=["model=cnn","seed=1","+trainer.x=1"]']


@pytest.mark.slow
def test_a_search_goes_on_and_leaves_out_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    first = succeed("search", [*with_training([*SMALL, SPACE, "trials=1"])], tmp_path)
    assert "Best of 1 trials" in first.stdout
    again = succeed("search", [*with_training([*SMALL, SPACE, "trials=2"])], tmp_path)
    rows = read_table(tmp_path / "search" / "trials.csv")
    assert [row["state"] for row in rows] == ["complete"] * 2
    best = min(rows, key=lambda row: float(row["val/loss"]))
    assert (
        f"task.optimizer.lr={best['task.optimizer.lr']} model.num_filters={best['model.num_filters']}" in again.stdout
    )
    for row in rows:  # each is a run that a report reads
        assert 1e-4 <= float(row["task.optimizer.lr"]) <= 1e-2 and row["model.num_filters"] in ("2", "4")
        assert (tmp_path / "search" / f"trial-00{row['trial']}" / "metrics.json").is_file()
    failing = run("search", with_training([*SMALL, "model=nope", SPACE, "trials=1", "output=failing"]), tmp_path)
    assert failing.code == 2 and "no trial finished" in failing.stderr

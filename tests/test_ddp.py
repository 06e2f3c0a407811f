"""trainer=ddp: two processes train as one would."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TINY = [
    "data=synthetic", "data.num_train=64", "data.num_val=21", "data.num_test=11", "data.batch_size=16",
    "data.eval_batch_size=8", "data.palette=4", "model.num_filters=4", "trainer.max_epochs=2",
    "trainer.accelerator=cpu", "trainer.precision=32-true", "hydra.run.dir=.",
]  # fmt: skip


def train(folder: Path, *overrides: str) -> list[dict[str, str]]:
    """Run the app in a process of its own, since it starts a second one; returns the rows of metrics.csv."""
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-m", "colourize.train", *TINY, *overrides]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2000:]
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_two_processes_agree_with_one(tmp_path: Path) -> None:
    weights = ["+callbacks.weights._target_=rank_weights.RankWeights", f"+callbacks.weights.folder={tmp_path}"]
    alone, together = train(tmp_path / "one"), train(tmp_path / "two", "trainer=ddp", *weights)
    assert [row["step"] for row in together] == [row["step"] for row in alone] == ["4", "8"]
    for one, two in zip(alone, together, strict=True):
        # Not equal: batch normalisation sees a process's own share of the batch.
        for measure in ("train/loss", "val/loss"):
            assert float(two[measure]) == pytest.approx(float(one[measure]), abs=0.1)
    # They saw different pictures; only gradients that are shared leave the same weights.
    first, second = (torch.load(tmp_path / f"rank-{rank}.pt") for rank in (0, 1))
    assert torch.equal(first, second)
    assert len(list((tmp_path / "two" / "samples").glob("epoch-*.png"))) == 2
    assert (tmp_path / "two" / "metrics.json").exists()
    assert (tmp_path / "two" / "checkpoints" / "best.ckpt").exists()


def test_measures_of_two_processes_are_those_of_one(tmp_path: Path) -> None:
    """Exact over the whole split, whose parts and last batches are uneven: the same weights, tested both ways."""
    train(tmp_path / "one")
    checkpoint = tmp_path / "one" / "checkpoints" / "last.ckpt"
    alone = evaluate(tmp_path / "alone", checkpoint)
    together = evaluate(tmp_path / "together", checkpoint, "trainer.devices=2", "+trainer.strategy=ddp")
    assert alone == pytest.approx(together, rel=1e-5)


def evaluate(folder: Path, checkpoint: Path, *overrides: str) -> dict[str, float]:
    """The test measures that colourize-evaluate writes."""
    folder.mkdir()
    command = [sys.executable, "-m", "colourize.evaluate", f"checkpoint={checkpoint}", "hydra.run.dir=.",
               "trainer.accelerator=cpu", *overrides]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads((folder / "metrics.json").read_text())

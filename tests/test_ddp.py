"""trainer=ddp: two processes train and test as one would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import console
import numpy as np
import pytest
import torch

from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers

pytestmark = pytest.mark.slow

# Neither batches nor splits can be shared out evenly: of the last batches one process has 7, 3 and 2 pictures, the
# other 6, 2 and 1.
TINY = [
    "data=synthetic", "data.num_train=61", "data.num_val=21", "data.num_test=11", "data.batch_size=16",
    "data.eval_batch_size=8", "data.palette=4", "model.num_filters=4", "trainer.max_epochs=2",
    "trainer.accelerator=cpu", "trainer.precision=32-true",
]  # fmt: skip


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two processes, with what each of them noted (see `rank_weights`)."""
    folder = tmp_path_factory.mktemp("together")
    notes = ["+callbacks.weights._target_=rank_weights.RankWeights", f"+callbacks.weights.folder={folder}"]
    in_new_processes("train", folder, *TINY, "trainer=ddp", *notes)
    return folder


def in_new_processes(door: str, folder: Path, *overrides: str) -> None:
    """Run a console script in a process of its own, since it starts a second one."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-m", f"colourize.{door}", *overrides, "hydra.run.dir=."]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""  # neither process warns of anything


def test_two_processes_train_as_one(together: Path, tmp_path: Path) -> None:
    two, one = Run.read(together), Run.read(console.succeed("train", TINY, tmp_path).folder)
    assert [row["step"] for row in two.metrics()] == [row["step"] for row in one.metrics()] == [4, 8]
    for mine, theirs in zip(two.metrics(), one.metrics(), strict=True):
        # Not equal: batch normalisation sees a process's own share of the batch.
        for measure in ("train/loss", "val/loss"):
            assert mine[measure] == pytest.approx(theirs[measure], abs=0.1)
    assert (two.status, two.record["devices"]) == ("completed", 2)
    assert len(list((together / "samples").glob("epoch-*.png"))) == 2

    # They saw different pictures, each once an epoch; only gradients that are shared leave the same weights.
    first, second = (torch.load(together / f"rank-{rank}.pt") for rank in (0, 1))
    assert torch.equal(first["weights"], second["weights"])
    steps = [*first["steps"], *second["steps"]]
    assert sorted(len(which) for _, which, _ in steps) == sorted([8] * 12 + [7, 6] * 2)
    for epoch, row in enumerate(two.metrics()):
        seen = [(which, loss) for of, which, loss in steps if of == epoch]
        assert sorted(number for which, _ in seen for number in which) == list(range(61))
        exact = sum(len(which) * loss for which, loss in seen) / 61
        assert row["train/loss"] == pytest.approx(exact, rel=1e-6)


def test_two_processes_measure_as_one(together: Path, tmp_path: Path) -> None:
    """Exact over a whole split and picture by picture, in either way: one checkpoint, tested by both."""
    checkpoint = f"checkpoint={together / 'checkpoints' / 'best.ckpt'}"
    words = [checkpoint, "trainer.accelerator=cpu"]
    (tmp_path / "two").mkdir()
    in_new_processes("evaluate", tmp_path / "two", *words, "trainer.devices=2", "+trainer.strategy=ddp")
    two, one = tmp_path / "two", console.succeed("evaluate", words, tmp_path / "one").folder
    ours, alone = (json.loads((folder / "metrics.json").read_text()) for folder in (two, one))
    assert ours == pytest.approx(alone, rel=1e-5)
    rows, those_alone = (read_numbers(folder / "per_picture.csv") for folder in (two, one))
    assert [row["picture"] for row in rows] == list(range(11))
    for row, other in zip(rows, those_alone, strict=True):
        assert row == pytest.approx(other, rel=1e-5)
    # The training's own test, by two processes as well, and so the means of these rows.
    trained = Run.read(together).measures()
    for name in ("mse", "ssim", "accuracy"):
        assert trained[f"test/{name}"] == pytest.approx(np.mean([row[name] for row in those_alone]), rel=1e-5)

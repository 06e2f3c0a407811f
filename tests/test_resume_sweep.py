"""A sweep that was stopped goes on: only what is missing runs, and every job is in the table once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from console import TINY, run, succeed, wait_for

from colourize.runs.folders import Run
from colourize.runs.resuming import state
from colourize.runs.tables import read_table

WORDS = (*TINY, "trainer.enable_progress_bar=false")


def table(sweep: Path) -> list[tuple[str, str, str]]:
    return [(row["job"], row["folder"], row["status"]) for row in read_table(sweep / "results.csv")]


def files(folder: Path, *names: str) -> list[bytes]:
    return [(folder / name).read_bytes() for name in names]


NUMBERS = ("metrics.json", "metrics.csv")


@pytest.mark.slow
def test_only_what_is_missing_runs_and_nothing_is_renumbered(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    into = f"hydra.sweep.dir={sweep}"
    succeed("train", ["-m", *WORDS, "seed=1,2", into], tmp_path)
    before = {path: path.stat().st_mtime_ns for path in sweep.rglob("*.ckpt")}
    original = files(sweep / "seed-2", *NUMBERS)
    # As if the second job had been killed before its end.
    (sweep / "seed-2" / "metrics.json").unlink()
    assert state(sweep / "seed-2") == "unfinished"
    # A grown grid, in another order, on another launcher's command line.
    outcome = succeed("train", ["-m", "launcher=basic", "seed=0,2,1", *WORDS, into], tmp_path)
    assert table(sweep) == [("0", "seed-1", "completed"), ("1", "seed-2", "completed"), ("2", "seed-0", "completed")]
    assert files(sweep / "seed-2", *NUMBERS) == original
    for path, modified in before.items():
        if "seed-1" in path.parts:
            assert path.stat().st_mtime_ns == modified
    assert outcome.stdout.count("this job is finished") == 1
    finished = table(sweep)
    (sweep / "sweep.json").unlink()  # as another version left it: no row of a finished job is lost
    succeed("train", ["-m", *WORDS, "seed=1,2,1", into], tmp_path)  # a repeated value is one job
    assert table(sweep) == finished
    # Another key that varies: the old jobs keep their folders.
    succeed("train", ["-m", *WORDS, "seed=1", "model=unet,cnn", into], tmp_path)
    assert [row[:2] for row in table(sweep)] == [
        ("0", "seed-1"), ("1", "seed-2"), ("2", "seed-0"), ("3", "model-unet"), ("4", "model-cnn"),
    ]  # fmt: skip
    # Another setting for all: other jobs, under other names.
    succeed("train", ["-m", *WORDS, "trainer.max_epochs=1", "seed=1,2", into], tmp_path)
    assert len(table(sweep)) == 7 and len({row[1] for row in table(sweep)}) == 7


OWN_SWEEP = """# @package _global_
hydra:
  mode: MULTIRUN
  sweeper:
    params: {data.num_val: "10,12", data.num_test: "${data.num_val}"}
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["typed", "file"])
def test_what_an_override_refers_to_is_its_own_jobs(place: str, tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text(OWN_SWEEP)
    varied = {
        "typed": ["-m", "data.num_val=10,12", "data.num_test=${data.num_val}"],
        "file": [f"--config-dir={tmp_path}/own", "experiment=mine"],
    }
    others = [word for word in WORDS if not word.startswith(("data.num_val=", "data.num_test="))]
    words = [*varied[place], *others, f"hydra.sweep.dir={sweep}"]
    succeed("train", words, tmp_path)
    finished = (sweep / "results.csv").read_bytes()
    assert [row["data.num_test"] for row in read_table(sweep / "results.csv")] == ["${data.num_val}"] * 2
    for count in (10, 12):
        assert len(read_table(sweep / f"num_val-{count}" / "per_picture.csv")) == count
    own = [word for word in words if word.startswith("--")]
    for again in (words, [*own, f"resume={sweep}"]):
        assert succeed("train", again, tmp_path).stdout.count("this job is finished") == 2
        assert (sweep / "results.csv").read_bytes() == finished
    job = f"resume={sweep / 'num_val-12'}"
    assert "this run is finished" in succeed("train", [job, "data.num_test=${data.num_val}"], tmp_path).stdout
    assert "data.num_test=${data.num_val}" in Run.read(sweep / "num_val-12").overrides


@pytest.mark.slow
def test_a_folder_that_is_named_after_a_setting_holds_the_whole_sweep(tmp_path: Path) -> None:
    words = ["-m", *WORDS, "model=cnn,unet", "hydra.sweep.dir=of-${hydra.runtime.choices.model}"]
    outcome = succeed("train", words, tmp_path)
    assert not {"of-cnn"} & set(outcome.left) and [row[1:] for row in table(tmp_path / "of-unet")] == [
        ("model-cnn", "completed"), ("model-unet", "completed"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_sweeps_folder_is_resumed_as_it_was_typed(tmp_path: Path) -> None:
    first = succeed("train", ["-m", *WORDS, "seed=1,2"], tmp_path / "whole").sweep
    stopped = succeed("train", ["-m", *WORDS, "seed=1,2"], tmp_path / "stopped").sweep
    (stopped / "seed-1" / "metrics.json").unlink()
    shutil.rmtree(stopped / "seed-2")
    changed = run("train", [f"resume={stopped}", "trainer.max_epochs=9"], tmp_path)
    assert changed.code == 2 and "trainer.max_epochs=9: a resumed sweep keeps its settings" in changed.stderr
    outcome = run("train", [f"resume={stopped}"], tmp_path)
    assert outcome.code == 0, outcome.stderr
    assert outcome.left == ["stopped", "whole"] or not (tmp_path / "multirun").exists()
    assert [row[1:] for row in table(stopped)] == [("seed-1", "completed"), ("seed-2", "completed")]
    for seed in (1, 2):
        assert files(stopped / f"seed-{seed}", *NUMBERS) == files(first / f"seed-{seed}", *NUMBERS)


def launch(words: list[str], cwd: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "COLOURIZE_DATA": str(cwd / "data"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "colourize.train", "-m", *WORDS, *words]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def processes_of(marker: str) -> list[int]:
    """Processes with a text in their command line or environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_killing_the_parent_of_parallel_jobs_leaves_no_workers_and_the_sweep_goes_on(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    words = [f"hydra.sweep.dir={sweep}", "seed=0,1,2", "launcher=joblib", "trainer.max_epochs=40"]
    parent = launch(words, tmp_path)
    wait_for(lambda: len(list(sweep.glob("*/checkpoints/last.ckpt"))) >= 2)
    assert len(processes_of(str(tmp_path))) > 1
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not processes_of(str(tmp_path)), 20)
    assert {row[2] for row in table(sweep)} <= {"running", "pending"} and len(table(sweep)) == 3
    succeed("train", [f"resume={sweep}", "launcher=basic"], tmp_path)
    assert [row[2] for row in table(sweep)] == ["completed"] * 3
    whole = succeed("train", ["-m", *WORDS, "seed=0,1,2", "trainer.max_epochs=40"], tmp_path / "whole").sweep
    for seed in range(3):
        assert files(sweep / f"seed-{seed}", *NUMBERS) == files(whole / f"seed-{seed}", *NUMBERS)


@pytest.mark.slow
def test_stopped_sweeps_say_how_they_go_on(tmp_path: Path) -> None:
    parent = launch(["seed=0,1", "hydra.sweep.dir=a sweep", "trainer.max_epochs=200"], tmp_path)
    wait_for(lambda: any(tmp_path.glob("a sweep/*/checkpoints/last.ckpt")))
    parent.send_signal(signal.SIGTERM)
    shown, _ = parent.communicate(timeout=60)
    assert parent.returncode == 143
    assert "2 of 2 jobs are not finished. To go on: colourize-train 'resume=\"a sweep\"'" in shown
    assert [row[2] for row in table(tmp_path / "a sweep")] == ["interrupted", "pending"]


@pytest.mark.slow
def test_a_sweep_of_submitits_goes_on(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    words = [*WORDS, "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5", f"hydra.sweep.dir={sweep}"]
    succeed("train", ["-m", *words, "seed=0"], tmp_path)
    modified = (sweep / "0" / "metrics.json").stat().st_mtime_ns
    succeed("train", ["-m", *words, "seed=0,1"], tmp_path)
    assert [row[1:] for row in table(sweep)] == [("0", "completed"), ("seed-1", "completed")]
    assert (sweep / "0" / "metrics.json").stat().st_mtime_ns == modified

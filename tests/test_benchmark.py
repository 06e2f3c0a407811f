"""`colourize-benchmark`: tiny runs of its parts end to end. Nothing here says how fast anything is."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from console import TINY_DATA, Outcome, run, succeed

from colourize.benchmark import PARTS, chosen_parts
from colourize.errors import ColourizeError, UsageError
from colourize.runs.tables import read_table
from colourize.timing import programs

CASE = "unet/super_resolution"
TINY = (*TINY_DATA, "model.num_filters=4", "device=cpu", "benchmark.repeats=1", f"benchmark.cases=[{CASE}]")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return succeed("benchmark", [*TINY, "benchmark.parts=[threads,steps]"], tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def saved(measured: Outcome) -> dict[str, Any]:
    contents = json.loads((measured.folder / "benchmark.json").read_text())
    assert isinstance(contents, dict)
    return contents


@pytest.mark.slow
def test_a_benchmark_leaves_its_files_and_nothing_else(measured: Outcome) -> None:
    files = {path.name for path in measured.folder.iterdir()}
    assert files == {".hydra", "benchmark.log", "benchmark.json", "steps.csv", "threads.csv"}


@pytest.mark.slow
def test_the_machine_is_described_without_date_or_folder(measured: Outcome, saved: dict[str, Any]) -> None:
    machine = saved["machine"]
    assert {"versions", "commit", "machine", "threads"} <= set(machine)
    assert machine["device"] == "cpu" and machine["precision"] in ("32-true", "bf16-mixed")
    assert list(saved["parts"]) == ["steps", "threads"]  # in their own order
    text = (measured.folder / "benchmark.json").read_text()
    assert time.strftime("%Y-%m-%d") not in text and str(measured.cwd) not in text


@pytest.mark.slow
def test_steps_has_a_row_for_each_path_and_ratio(measured: Outcome, saved: dict[str, Any]) -> None:
    rows = read_table(measured.folder / "steps.csv")
    assert [row["path"] for row in rows] == ["project", "bare", "project/bare"]
    repetitions = saved["parts"]["steps"]["repetitions"]
    assert [each["repetition"] for each in repetitions] == [1, 1]  # the warm-up is not among them
    by_path = {each["path"]: each for each in repetitions}
    for row in rows[:2]:
        once = by_path[row["path"]]
        assert row["case"] == CASE and float(row["step_ms_min"]) == float(row["step_ms"]) == once["step_ms"]
        assert 2 * once["step_ms"] / 1000 + 0 < once["epoch_s"]  # two steps, and validation
    for row in rows[2:]:
        above, below = row["path"].split("/")
        assert float(row["epoch_s_ratio"]) == by_path[above]["epoch_s"] / by_path[below]["epoch_s"]


@pytest.mark.slow
def test_threads_has_a_row_for_each_way_and_neighbour(saved: dict[str, Any]) -> None:
    rows = saved["parts"]["threads"]["rows"]
    ways = ["1 thread", "2 threads", "2 threads that spin", "2 threads/1 thread", "2 threads/2 threads that spin"]
    assert [(row["beside"], row["threads"]) for row in rows] == [
        (beside, way) for beside in ("idle cores", "a busy process") for way in ways
    ]


@pytest.mark.slow
def test_tables_and_progress_are_shown_within_100_columns(measured: Outcome) -> None:
    for title in (f"steps: {CASE}, median", "steps: .*ratios", "threads: An epoch beside a busy process"):
        assert re.search(title, measured.stdout)
    tables = [line for line in measured.stdout.splitlines() if line.startswith(("│", "┃", "┏"))]
    assert tables and max(map(len, tables)) <= 100
    log = (measured.folder / "benchmark.log").read_text()
    assert f"{CASE}, project: warming up" in log and f"{CASE}, project: repetition 1 of 1" in log


# ------------------------------------------------------------------------------------ processes and programs


def test_a_training_is_stamped_after_its_first_step_and_each_epoch(tmp_path: Path, monkeypatch: Any) -> None:
    before = time.time()

    def run_here(command: list[str], variables: None) -> float:
        succeed("train", command[len(programs.TRAIN) :], tmp_path / "here")
        return 0.0

    monkeypatch.setattr(programs, "run", run_here)
    overrides = [*TINY_DATA, "model.num_filters=4", "trainer.max_epochs=2", "trainer.accelerator=cpu"]
    first_step, *epochs = programs.train(overrides, tmp_path)
    assert len(epochs) == 2
    assert 0 < first_step <= epochs[0] <= epochs[1] <= time.time() - before
    assert not list(tmp_path.glob("here/*"))  # where the user stands


def test_a_failed_command_is_told_with_its_last_words() -> None:
    with pytest.raises(ColourizeError, match="code 3: no such horse"):
        programs.run([sys.executable, "-c", "import sys; print('no such horse'); sys.exit(3)"])


def test_a_command_inherits_nothing_of_hydra(monkeypatch: Any) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    programs.run([sys.executable, "-c", "import os; assert 'HYDRA_FULL_ERROR' not in os.environ"])


# ----------------------------------------------------------------------------------------- bad values


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("benchmark.parts=[steps,stop]", "must be all, or some of steps, threads"),
        ("benchmark.repeats=0", "benchmark.repeats=0: must be a whole number"),
        ("benchmark.pictures=0", "benchmark.pictures=0: must be a whole number"),
        ("benchmark.cases=[unet]", "must be model/task"),
        ("benchmark.cases=[vgg/super_resolution]", "model=vgg: must be one of"),
        ("device=tpu", "device=tpu: must be one of cpu, cuda, auto"),
        ("model=cnn", "the benchmark has benchmark.cases"),
        ("trainer.limit_val_batches=1", "the benchmark has benchmark.cases"),
        ("trainer.precision=64-true", "compares 32-true, bf16-mixed and auto only"),
    ],
)
def test_values_that_are_not_allowed(override: str, words: str, tmp_path: Path) -> None:
    outcome = run("benchmark", [*TINY, "benchmark.parts=[steps]", override], tmp_path)
    assert outcome.code == 2
    assert words in outcome.stderr and outcome.stderr.count("\n") <= 2


def test_parts_keep_their_order() -> None:
    assert chosen_parts("all") == list(PARTS)
    assert chosen_parts(["startup", "steps"]) == ["steps", "startup"]
    assert chosen_parts("threads") == ["threads"]
    for nothing in ([], ["all", "steps"]):
        with pytest.raises(UsageError):
            chosen_parts(nothing)


def test_a_sweeping_experiment_gives_its_settings_only(tmp_path: Path) -> None:
    outcome = run("benchmark", ["experiment=course", "--cfg", "hydra", "-p", "hydra.mode"], tmp_path)
    assert outcome.code == 0 and "RUN" in outcome.stdout and "MULTIRUN" not in outcome.stdout

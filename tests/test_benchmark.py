"""`colourize-benchmark`: tiny runs of its parts end to end. Nothing here says how fast anything is."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from console import TINY_DATA, Outcome, run, succeed
from omegaconf import DictConfig

from colourize.benchmark import PARTS, chosen_parts
from colourize.errors import ColourizeError, UsageError
from colourize.runs.tables import read_table
from colourize.timing import data, programs

CASE = "unet/super_resolution"
TINY = (*TINY_DATA, "model.num_filters=4", "device=cpu", "benchmark.repeats=1", f"benchmark.cases=[{CASE}]")
SCALING = [f"benchmark.scaling.{key}" for key in ("counts=[20,40]", "sizes=[16,32]", "count_of_sizes=20")]
REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The parts that need no commands of their own."""
    return succeed("benchmark", [*TINY, *SCALING, "benchmark.parts=[scaling,steps]"], tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def saved(measured: Outcome) -> dict[str, Any]:
    contents = json.loads((measured.folder / "benchmark.json").read_text())
    assert isinstance(contents, dict)
    return contents


@pytest.mark.slow
def test_a_benchmark_leaves_its_files_and_nothing_else(measured: Outcome) -> None:
    files = {path.name for path in measured.folder.iterdir()}
    assert files == {".hydra", "benchmark.log", "benchmark.json", "steps.csv", "scaling.csv"}


@pytest.mark.slow
def test_the_machine_is_described_without_date_or_folder(measured: Outcome, saved: dict[str, Any]) -> None:
    machine = saved["machine"]
    assert {"versions", "commit", "machine", "threads"} <= set(machine)
    assert machine["device"] == "cpu" and machine["precision"] in ("32-true", "bf16-mixed")
    assert list(saved["parts"]) == ["steps", "scaling"]  # in their own order
    text = (measured.folder / "benchmark.json").read_text()
    assert time.strftime("%Y-%m-%d") not in text and str(measured.cwd) not in text


@pytest.mark.slow
def test_steps_has_a_row_for_each_path_and_ratio(measured: Outcome, saved: dict[str, Any]) -> None:
    rows = read_table(measured.folder / "steps.csv")
    assert [row["path"] for row in rows] == ["project", "bare", "course", "project/bare", "course/project"]
    repetitions = saved["parts"]["steps"]["repetitions"]
    assert [each["repetition"] for each in repetitions] == [1, 1, 1]  # the warm-up is not among them
    by_path = {each["path"]: each for each in repetitions}
    for row in rows[:3]:
        once = by_path[row["path"]]
        assert row["case"] == CASE and float(row["step_ms_min"]) == float(row["step_ms"]) == once["step_ms"]
        assert 2 * once["step_ms"] / 1000 + 0 < once["epoch_s"]  # two steps, and validation
    for row in rows[3:]:
        above, below = row["path"].split("/")
        assert float(row["epoch_s_ratio"]) == by_path[above]["epoch_s"] / by_path[below]["epoch_s"]


@pytest.mark.slow
def test_scaling_has_a_row_for_each_number_and_size(saved: dict[str, Any]) -> None:
    rows = saved["parts"]["scaling"]["rows"]
    points = [(row["axis"], row["amount"]) for row in rows if "axis" in row]
    assert points == [("pictures", 20), ("pictures", 40), ("size", 256), ("size", 1024)]
    exponents = [row for row in rows if "against" in row]
    assert [row["against"] for row in exponents] == ["pictures", "size"]
    assert all(math.isfinite(row["training_s"]) and math.isfinite(row["epoch_s"]) for row in exponents)


@pytest.mark.slow
def test_tables_and_progress_are_shown_within_100_columns(measured: Outcome) -> None:
    for title in (f"steps: {CASE}, median", "steps: .*ratios", "scaling: An epoch against size", "scaling: Exponents"):
        assert re.search(title, measured.stdout)
    tables = [line for line in measured.stdout.splitlines() if line.startswith(("│", "┃", "┏"))]
    assert tables and max(map(len, tables)) <= 100
    log = (measured.folder / "benchmark.log").read_text()
    assert f"{CASE}, project: warming up" in log and f"{CASE}, project: repetition 1 of 1" in log


@pytest.mark.slow
def test_figures_and_tables_for_the_documents(measured: Outcome, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra docs")
    specification = importlib.util.spec_from_file_location("figures", REPOSITORY / "docs" / "performance_figures.py")
    assert specification and specification.loader
    figures = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(figures)
    arguments = ["figures", str(measured.folder / "benchmark.json"), "--figures", str(tmp_path / "new")]
    monkeypatch.setattr(sys, "argv", arguments)
    figures.main()
    shown = capsys.readouterr().out
    assert "| course/project | " in shown and "| 40 | " in shown
    assert (tmp_path / "new" / "scaling.png").stat().st_size > 1000


# ------------------------------------------------------------------------------------ processes and programs


def test_a_training_is_stamped_after_its_first_step_and_each_epoch(tmp_path: Path, monkeypatch: Any) -> None:
    before = time.time()

    def run_here(command: list[str]) -> float:
        succeed("train", command[len(programs.TRAIN) :], tmp_path / "here")
        return 0.0

    monkeypatch.setattr(programs, "run", run_here)
    overrides = [*TINY_DATA, "model.num_filters=4", "trainer.max_epochs=2", "trainer.accelerator=cpu"]
    first_step, *epochs = programs.train(overrides, tmp_path)
    assert "val_loss" not in first_step and len(epochs) == 2
    assert 0 < first_step["seconds"] <= epochs[0]["seconds"] <= epochs[1]["seconds"] <= time.time() - before
    assert not list(tmp_path.glob("here/*"))  # where the user stands


def test_a_failed_command_is_told_with_its_last_words() -> None:
    with pytest.raises(ColourizeError, match="code 3: no such horse"):
        programs.run([sys.executable, "-c", "import sys; print('no such horse'); sys.exit(3)"])


def test_a_command_inherits_nothing_of_hydra(monkeypatch: Any) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    programs.run([sys.executable, "-c", "import os; assert 'HYDRA_FULL_ERROR' not in os.environ"])


@pytest.mark.slow
def test_data_are_made_ready_in_a_new_process(compose: Callable[..., DictConfig]) -> None:
    config = compose(*TINY_DATA)
    with programs.another_process() as elsewhere:
        answer = elsewhere.submit(data.ready, config).result()
    assert set(answer) == {"ready_s", "added_mb", "added_peak_mb", "imports_mb"}
    assert list(Path(config.data.root).glob("palette-4-*"))  # the palette is made ready as well


# ----------------------------------------------------------------------------------------- bad values


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("benchmark.parts=[steps,stop]", "must be all, or some of steps, choices"),
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
    assert chosen_parts(["data", "steps"]) == ["steps", "data"]
    assert chosen_parts("sweep") == ["sweep"]
    for nothing in ([], ["all", "steps"]):
        with pytest.raises(UsageError):
            chosen_parts(nothing)


def test_a_sweeping_experiment_gives_its_settings_only(tmp_path: Path) -> None:
    outcome = run("benchmark", ["experiment=course", "--cfg", "hydra", "-p", "hydra.mode"], tmp_path)
    assert outcome.code == 0 and "RUN" in outcome.stdout and "MULTIRUN" not in outcome.stdout

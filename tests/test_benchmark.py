"""`colourize-benchmark`: tiny runs of its parts end to end. Nothing here says how fast anything is."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
import torch
from console import TINY_DATA, Outcome, run, succeed
from hydra.core.global_hydra import GlobalHydra

from colourize.benchmark import PARTS, chosen_parts
from colourize.errors import ColourizeError, UsageError
from colourize.timing import course_loop, data, processes, stamps

CASE = "unet/super_resolution"
TINY = (*TINY_DATA, "model.num_filters=4", "device=cpu", "benchmark.repeats=1", f"benchmark.cases=[{CASE}]")
SMALL_SCALING = ("benchmark.scaling.counts=[20,40]", "benchmark.scaling.sizes=[16,32]")
REPOSITORY = Path(__file__).parent.parent


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------------------------------- end to end


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The parts that need no processes of their own."""
    overrides = [*TINY, *SMALL_SCALING, "benchmark.scaling.count_of_sizes=20", "benchmark.parts=[scaling,steps]"]
    return succeed("benchmark", overrides, tmp_path_factory.mktemp("benchmark"))


@pytest.fixture(scope="module")
def saved(measured: Outcome) -> dict[str, Any]:
    contents = json.loads((measured.folder / "benchmark.json").read_text())
    assert isinstance(contents, dict)
    return contents


def test_a_benchmark_leaves_its_files_and_nothing_else(measured: Outcome) -> None:
    files = {path.name for path in measured.folder.iterdir()}
    assert files == {".hydra", "benchmark.log", "benchmark.json", "steps.csv", "scaling.csv"}


def test_the_machine_is_described_without_date_or_folder(measured: Outcome, saved: dict[str, Any]) -> None:
    machine = saved["machine"]
    assert {"processor", "cores", "threads", "torch", "precision", "device"} <= set(machine)
    assert machine["device"] == "cpu" and machine["precision"] in ("32-true", "bf16-mixed")
    assert list(saved["parts"]) == ["steps", "scaling"]  # in their own order
    text = json.dumps([machine, saved["overrides"]])
    assert "/" not in text and time.strftime("%Y-%m-%d") not in text
    assert str(measured.cwd) not in (measured.folder / "benchmark.json").read_text()


def test_steps_has_a_row_for_each_path(measured: Outcome, saved: dict[str, Any]) -> None:
    rows = rows_of(measured.folder / "steps.csv")
    assert [(row["case"], row["path"]) for row in rows] == [(CASE, path) for path in ("project", "bare", "course")]
    for row in rows:
        assert 0 < float(row["step_ms_min"]) <= float(row["step_ms"]) <= float(row["step_ms_max"])
        assert float(row["epoch_s"]) * 1000 > 2 * float(row["step_ms"])
    repetitions = saved["parts"]["steps"]["repetitions"]
    assert [each["repetition"] for each in repetitions] == [1, 1, 1]  # the warm-up is not among them
    for each in repetitions:
        assert (each["steps"], each["pictures"], each["val_pictures"]) == (2, 40, 10)
        assert 0 < each["training"] < each["epoch"]
    by_path = {each["path"]: each for each in repetitions}
    figures = saved["parts"]["steps"]["figures"]
    assert figures[f"step project/bare, {CASE}"] == by_path["project"]["training"] / by_path["bare"]["training"]
    assert figures[f"epoch course/project, {CASE}"] == by_path["course"]["epoch"] / by_path["project"]["epoch"]


def test_scaling_has_a_row_for_each_number_and_size(measured: Outcome, saved: dict[str, Any]) -> None:
    rows = rows_of(measured.folder / "scaling.csv")
    assert [(row["axis"], row["pictures"], row["size"]) for row in rows] == [
        ("pictures", "20", "32"),
        ("pictures", "40", "32"),
        ("size", "20", "16"),
        ("size", "20", "32"),
    ]
    figures = saved["parts"]["scaling"]["figures"]
    assert len(figures) == 4 and all(math.isfinite(value) for value in figures.values())


def test_tables_and_progress_are_shown_within_100_columns(measured: Outcome) -> None:
    for title in ("steps: Training", "steps: Pictures a second", "scaling: One epoch", "scaling: Exponents"):
        assert title in measured.stdout
    tables = [line for line in measured.stdout.splitlines() if line.startswith(("│", "┃", "┏"))]
    assert tables and max(map(len, tables)) <= 100
    log = (measured.folder / "benchmark.log").read_text()
    assert f"{CASE} (1 of 1), warming up" in log and "repetition 1 of 1" in log


def test_figures_and_tables_for_the_documents(measured: Outcome, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra docs")
    specification = importlib.util.spec_from_file_location("figures", REPOSITORY / "docs" / "performance_figures.py")
    assert specification and specification.loader
    figures = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(figures)
    monkeypatch.setattr(
        sys, "argv", ["figures", str(measured.folder / "benchmark.json"), "--figures", str(tmp_path / "new")]
    )
    figures.main()
    shown = capsys.readouterr().out
    assert f"| {CASE} | project | " in shown and "| 40 | 32×32 | " in shown
    assert (tmp_path / "new" / "scaling.png").stat().st_size > 1000


# ------------------------------------------------------------------------------ processes of their own


def test_a_first_step_is_stamped_and_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    task: Any = types.SimpleNamespace(device=torch.device("cpu"))
    trainer: Any = None
    before = time.time()
    stamps.EndAfterFirstStep(str(tmp_path / "stamp")).on_train_batch_end(trainer, task)
    assert before <= float((tmp_path / "stamp").read_text()) <= time.time()
    assert ended == [0]


def test_epoch_stamps_come_back(tmp_path: Path) -> None:
    stamps.add_stamp(tmp_path / "stamps", 1, 2.5)
    stamps.add_stamp(tmp_path / "stamps", 2, 1.5)
    first, second = stamps.read_stamps(tmp_path / "stamps")
    assert (first["epoch"], first["val_loss"], second["epoch"], second["val_loss"]) == (1, 2.5, 2, 1.5)
    assert first["time"] <= second["time"]


def test_a_failed_process_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ColourizeError, match="code 3: no such horse"):
        processes.run([sys.executable, "-c", "import sys; print('no such horse'); sys.exit(3)"], tmp_path)


def test_threads_reach_the_processes() -> None:
    assert processes.environment(1)["OMP_NUM_THREADS"] == "1"
    assert not any(key.startswith("HYDRA_") for key in processes.environment(None))


def test_every_console_script_is_timed() -> None:
    assert set(processes.console_scripts()) >= {"colourize-train", "colourize-evaluate", "colourize-benchmark"}


def test_the_data_process_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    node = {"_target_": "colourize.data.synthetic.SyntheticData", "root": str(tmp_path), "num_train": 20}
    node |= {"num_val": 1, "num_test": 1, "size": 8, "palette": 3, "batch_size": 5}
    monkeypatch.setattr(sys, "argv", ["data", json.dumps(node)])
    data.main()
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["pictures"], answer["colours"]) == (20, 3)
    assert answer["seconds"] > 0


def test_the_course_loop_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    overrides = [*TINY_DATA, f"data.root={tmp_path}", "model.num_filters=4", "trainer.precision=32-true"]
    monkeypatch.setattr(sys, "argv", ["course_loop", str(tmp_path / "stamps"), "--epochs", "2", *overrides])
    GlobalHydra.instance().clear()
    course_loop.main()
    assert [each["epoch"] for each in stamps.read_stamps(tmp_path / "stamps")] == [1, 2]
    assert "epoch 2: loss " in capsys.readouterr().out


# ----------------------------------------------------------------------------------------- bad values


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("benchmark.parts=[steps,stop]", "must be all, or some of steps, choices"),
        ("benchmark.repeats=0", "benchmark.repeats=0: must be a whole number"),
        ("benchmark.num_threads=0", "benchmark.num_threads=0: must be a whole number"),
        ("benchmark.cases=[unet]", "must be model/task"),
        ("benchmark.cases=[vgg/super_resolution]", "model=vgg: must be one of"),
        ("device=tpu", "device=tpu: must be one of cpu, cuda, auto"),
        ("model=cnn", "the benchmark's models and tasks are benchmark.cases"),
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

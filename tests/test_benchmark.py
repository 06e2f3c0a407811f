"""`colourize-benchmark`: tiny runs of its parts end to end. Nothing here says how fast anything is."""

from __future__ import annotations

import json
import re
import sys
import time

import pytest
from console import TINY_DATA, run, succeed

from colourize.errors import ColourizeError
from colourize.runs.tables import read_table
from colourize.timing import parts

CASE = "unet/super_resolution"
TINY = (*TINY_DATA, "model.num_filters=4", "device=cpu", "benchmark.repeats=1", f"benchmark.cases=[{CASE}]")


@pytest.mark.slow
def test_steps(tmp_path):
    outcome = succeed("benchmark", [*TINY, "benchmark.parts=[steps]"], tmp_path)
    files = {path.name for path in outcome.folder.iterdir()}
    assert files == {".hydra", "benchmark.log", "benchmark.json", "steps.csv"}
    text = (outcome.folder / "benchmark.json").read_text()
    assert time.strftime("%Y-%m-%d") not in text and str(outcome.cwd) not in text  # it may be published
    saved = json.loads(text)
    assert {"versions", "commit", "machine", "threads", "device", "precision"} <= set(saved["machine"])

    rows = read_table(outcome.folder / "steps.csv")
    assert [row["path"] for row in rows] == ["project", "bare", "project/bare"]
    repetitions = saved["parts"]["steps"]["repetitions"]
    assert [each["repetition"] for each in repetitions] == [1, 1]  # the warm-up is not among them
    by_path = {each["path"]: each for each in repetitions}
    for row in rows[:2]:
        once = by_path[row["path"]]
        assert row["case"] == CASE and float(row["step_ms_min"]) == float(row["step_ms"]) == once["step_ms"]
        assert 2 * once["step_ms"] / 1000 < once["epoch_s"]  # two steps, and validation
    for title in (f"steps: {CASE}, median", "steps: .*ratios"):
        assert re.search(title, outcome.stdout)
    tables = [line for line in outcome.stdout.splitlines() if line.startswith(("│", "┃", "┏"))]
    assert tables and max(map(len, tables)) <= 100


def test_a_training_is_stamped_after_its_first_step(tmp_path, monkeypatch):
    before = time.time()

    def run_here(command: list[str]) -> float:
        succeed("train", command[len(parts.TRAIN) :], tmp_path / "here")
        return 0.0

    monkeypatch.setattr(parts, "run", run_here)
    overrides = [*TINY_DATA, "model.num_filters=4", "trainer.max_epochs=2", "trainer.accelerator=cpu"]
    assert 0 < parts.train(overrides, tmp_path) <= time.time() - before
    assert not list(tmp_path.glob("here/*"))  # where the user stands


def test_a_failed_command_is_told_with_its_last_words():
    with pytest.raises(ColourizeError, match="code 3: no such horse"):
        parts.run([sys.executable, "-c", "import sys; print('no such horse'); sys.exit(3)"])


def test_a_command_inherits_nothing_of_hydra(monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    parts.run([sys.executable, "-c", "import os; assert 'HYDRA_FULL_ERROR' not in os.environ"])


def test_a_sweeping_experiment_gives_its_settings_only(tmp_path):
    outcome = run("benchmark", ["experiment=course", "--cfg", "hydra", "-p", "hydra.mode"], tmp_path)
    assert outcome.code == 0 and "RUN" in outcome.stdout and "MULTIRUN" not in outcome.stdout

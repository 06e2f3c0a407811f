"""What a report reads: sweeps and runs in any state, what they vary, and what each setting is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_up_runs import write_run, write_sweep

from colourize.errors import InputError
from colourize.methods.grouping import read_settings
from colourize.methods.results import read_results
from colourize.methods.sources import read_sources
from colourize.reporting.parts.training import _varied_together
from colourize.reporting.provenance import provenance
from colourize.reporting.questions import questions

NARROW = "cnn (num_filters=16, lr=0.001)"


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two widths with two seeds each, a learning rate, and a baseline."""
    folder = tmp_path / "multirun" / "mine"
    write_sweep(folder)
    return folder


def test_settings_are_what_varies_and_seeds_are_not(sweep: Path) -> None:
    (source,) = read_sources([sweep]).sources
    settings = read_settings(source.runs)
    assert settings.varied == ["model.num_filters", "task.optimizer.lr"]
    assert settings.usual == {"model.num_filters": 32, "task.optimizer.lr": 0.001}
    assert {each.label: list(each.runs) for each in settings.settings} == {
        "cnn (num_filters=32, lr=0.1)": [0], NARROW: [0, 1], "cnn (num_filters=32, lr=0.001)": [0, 1],
        "grey_lookup": [0],
    }  # fmt: skip
    assert [each.label for each in settings.baselines] == ["grey_lookup"]


def test_the_heat_map_is_of_the_keys_that_vary_together_whatever_comes_first(tmp_path: Path) -> None:
    width, rate, model = {"model.num_filters": 16}, {"task.optimizer.lr": 0.1}, {"model": "unet"}
    cells: list[dict[str, Any]] = [{}, model, width, rate, width | rate, width | {"task.optimizer.lr": 0.2}]
    for number, typed in enumerate(cells):
        write_run(tmp_path / str(number), typed | {"seed": 0}, [1.0])
    (source,) = read_sources([tmp_path]).sources
    settings = read_settings(source.runs)
    assert settings.varied[0] == "model" and _varied_together(settings) == ["model.num_filters", "task.optimizer.lr"]


def test_where_more_keys_vary_settings_are_told_by_what_is_not_usual(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [
        {"model.num_filters": 16}, {}, {"task.optimizer.lr": 0.1}, {"trainer.max_epochs": 9},
    ]  # fmt: skip
    for number, typed in enumerate(cells):
        write_run(tmp_path / str(number), {"trainer.max_epochs": 5} | typed | {"seed": 0}, [1.0])
    (source,) = read_sources([tmp_path]).sources
    settings = read_settings(source.runs)
    assert settings.usual == {"model.num_filters": 32, "task.optimizer.lr": 0.001, "trainer.max_epochs": 5}
    labels = [each.label for each in settings.settings]
    assert labels == ["cnn (num_filters=16)", "cnn (usual)", "cnn (lr=0.1)", "cnn (max_epochs=9)"]


def test_a_key_that_is_null_is_called_default(tmp_path: Path) -> None:
    cells: list[dict[str, Any]] = [{}, {"model.block_order": "norm_pool_relu"}]
    for number, typed in enumerate(cells):
        write_run(tmp_path / str(number), typed | {"seed": 0}, [1.0])
    (source,) = read_sources([tmp_path]).sources
    labels = [each.label for each in read_settings(source.runs).settings]
    assert labels == ["cnn (block_order=default)", "cnn (block_order=norm_pool_relu)"]


def test_the_training_is_told_with_all_values_that_it_had(sweep: Path) -> None:
    (source,) = read_sources([sweep]).sources
    assert "Training: optimizer Adam; learning rate 0.1, 0.001" in provenance(source.runs)


def test_results_have_intervals_seeds_and_a_baseline_to_stand_against(sweep: Path) -> None:
    (source,) = read_sources([sweep]).sources
    results = read_results(read_settings(source.runs))
    row = results.comparison.row("mse", NARROW)
    assert row is not None and row.mean == pytest.approx(1.6 + 0.005 + 1.5) and row.seeds == 2
    assert row.low < row.mean < row.high and row.seed_deviation == pytest.approx(0.01 / 2**0.5)
    assert results.reference[NARROW] == "grey_lookup" and row.difference == pytest.approx(3.105 - 2.5)
    # What has no value for each picture has no interval, and is there all the same.
    pooled = results.comparison.row("fid", NARROW)
    assert pooled is not None and pooled.mean == 3.0 and pooled.low != pooled.low and pooled.mark == ""


def test_unfinished_broken_and_foreign_folders_are_named_and_passed_over(sweep: Path) -> None:
    write_run(sweep / "stopped", {"seed": 3}, [], status="interrupted")
    (sweep / "broken" / ".hydra").mkdir(parents=True)
    (sweep / "broken" / "run.json").write_text('{"status": "comp')
    (sweep / "torn").mkdir()
    write_run(sweep / "torn" / "run", {"seed": 4}, [1.0])
    (sweep / "torn" / "run" / "metrics.json").write_text('{"test/mse": ')
    foreign = sweep.parent / "holiday"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("Dear all")
    found = read_sources([sweep.parent])
    (source,) = [each for each in found.sources if each.path == sweep]
    assert source.unfinished == {"stopped": "interrupted"} and len(source.runs) == 6
    assert {path.name for path in found.skipped} == {"broken", "run", "holiday"}
    with pytest.raises(InputError, match="runs=nowhere: there is no such folder"):
        read_sources(["nowhere"])


def test_jobs_that_have_not_begun_are_unfinished(sweep: Path) -> None:
    jobs = [{"folder": name, "overrides": []} for name in ("lr", "later")]
    (sweep / "sweep.json").write_text(json.dumps({"jobs": jobs}))
    (source,) = read_sources([sweep]).sources
    assert source.unfinished == {"later": "pending"}
    assert source.resume.startswith("colourize-train resume=") and source.resume.endswith("multirun/mine")


def test_a_second_run_of_a_setting_and_seed_is_named_and_left_out(sweep: Path) -> None:
    write_run(sweep / "num_filters-16+seed-1-again", {"model.num_filters": 16, "seed": 1}, [5.0] * 4)
    (source,) = read_sources([sweep]).sources
    results = read_results(read_settings(source.runs))
    row = results.comparison.row("mse", NARROW)
    assert row is not None and row.seeds == 2 and row.mean == pytest.approx((3.1 + 5.0) / 2)
    assert any("left out, as another run has its setting and seed" in note for note in results.notes)


def test_a_damaged_table_of_pictures_costs_the_interval_alone(sweep: Path) -> None:
    (sweep / "lr" / "per_picture.csv").write_text("picture,mse\n0,1.0\n1\n")
    (source,) = read_sources([sweep]).sources
    results = read_results(read_settings(source.runs))
    row = results.comparison.row("mse", "cnn (num_filters=32, lr=0.1)")
    assert row is not None and row.mean == pytest.approx(8.875) and row.low != row.low
    assert any("no interval over pictures" in note for note in results.notes)


def test_every_question_of_the_assignment_has_a_file_and_papers_come_after() -> None:
    found = questions()
    assert [each.number for each in found.values()] == [
        "A1", "A2–A3", "A4", "A5", "B1–B2", "C1–C2", "C3", "D1–D2", "E1–E3", "F1", "F2", "F3", "F4",
        "Johnson 2016", "Ronneberger 2015",
    ]  # fmt: skip
    for question in found.values():
        assert question.text.endswith("?") and "experiment=" not in question.text and question.measures

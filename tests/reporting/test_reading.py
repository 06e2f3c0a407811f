"""What a report reads: sweeps and runs in any state, what varies between them, and their names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_runs import write_run, write_sweep

from colourize.errors import InputError
from colourize.methods.comparison import Results, Row, read_results
from colourize.methods.grouping import Settings, read_settings
from colourize.methods.sources import read_sources
from colourize.reporting.comparison_tables import show_sweep
from colourize.reporting.context import Context, Text
from colourize.reporting.findings import findings
from colourize.reporting.parts import PARTS
from colourize.reporting.parts.epochs_and_batches import batches
from colourize.reporting.parts.larger_pictures import columns_by_case
from colourize.reporting.picture_sheets import Pictures
from colourize.reporting.plots import draw_effects
from colourize.reporting.provenance import provenance
from colourize.reporting.questions import questions

NARROW = "CNN (filters 16, learning rate 0.001)"


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two widths with two seeds each, a learning rate, and a baseline."""
    folder = tmp_path / "multirun" / "mine"
    write_sweep(folder)
    return folder


def settings_in(folder: Path) -> Settings:
    ((source,), _) = read_sources([folder])
    return read_settings(source.runs)


def row_of(results: Results, measure: str, method: str) -> Row:
    row = results.comparison.row(measure, method)
    assert row is not None
    return row


FIVE = {"trainer.max_epochs": 5}


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (
            [FIVE | {"model.num_filters": 16}, FIVE, FIVE | {"task.optimizer.lr": 0.1}, {"trainer.max_epochs": 9}],
            ["CNN (filters 16)", "CNN (usual)", "CNN (learning rate 0.1)", "CNN (epochs 9)"],
        ),
        (
            [{}, {"model.block_order": "norm_pool_relu"}],
            ["CNN (order default)", "CNN (order norm, pool, ReLU)"],
        ),
        (  # a grid of three keys has no usual setting; one of two is ordered by value
            [{"model.num_filters": n, "task.optimizer.lr": lr} for n in (32, 8, 100) for lr in (0.1, 0.01)],
            [f"CNN (filters {n}, learning rate {lr})" for n in (8, 32, 100) for lr in (0.01, 0.1)],
        ),
    ],
)
def test_names_have_what_is_unusual(cells: list[dict[str, Any]], labels: list[str], tmp_path: Path) -> None:
    for number, typed in enumerate(cells):
        write_run(tmp_path / str(number), typed | {"seed": 0}, [1.0])
    assert [each.label for each in settings_in(tmp_path).settings] == labels


def test_more_of_a_setting_is_told_along_its_axis(tmp_path: Path) -> None:
    """As batch sizes are compared in C3: the rows ascend, and what else changes with the size stands apart."""
    width, rate = "model.num_filters", "task.optimizer.lr"
    cells = [{}, {width: 100}, {width: 8}, {width: 8, rate: 0.1}, {width: 100, rate: 0.1}]
    for number, typed in enumerate(cells):
        middle = typed.get(width, 32) * (-1 if rate in typed else 1)
        write_run(tmp_path / str(number), typed | {"seed": 0}, [middle + 500.0, middle + 500.5, middle + 501.0])
    settings = settings_in(tmp_path)
    assert settings.axis == width and settings.usual == {width: 32, rate: 0.001}
    assert [(each.values[width], each.values[rate]) for each in settings.networks] == [
        (8, 0.001), (32, 0.001), (100, 0.001), (8, 0.1), (100, 0.1),
    ]  # fmt: skip
    first, second, last = findings(read_results(settings), settings.networks, "mse")
    assert first.startswith(
        "From 8 to 100 filters, the MSE rises from 508 to 600, a difference of +92.0 (95 % interval "
    )
    assert second.startswith("From 8 to 100 filters with other values of learning rate, the MSE falls from 492 to 400")
    assert last.startswith("By MSE the best is CNN (filters 100, learning rate 0.1), 400")


def test_results_have_intervals_seeds_and_a_reference(sweep: Path) -> None:
    settings = settings_in(sweep)
    results = read_results(settings)
    assert settings.usual == {"model.num_filters": 32, "task.optimizer.lr": 0.001}
    assert {each.label: list(each.runs) for each in settings.settings} == {
        "CNN (filters 32, learning rate 0.1)": [0], NARROW: [0, 1], "CNN (filters 32, learning rate 0.001)": [0, 1],
        "grey look-up table": [0],
    }  # fmt: skip
    assert "Training: optimizer Adam; learning rate 0.1, 0.001" in provenance(read_sources([sweep])[0][0].runs)
    row = row_of(results, "mse", NARROW)
    assert row.mean == pytest.approx(1.6 + 0.005 + 1.5) and row.seeds == 2
    assert row.low < row.mean < row.high and row.seed_deviation == pytest.approx(0.01 / 2**0.5)
    assert results.comparison.reference[NARROW] == "grey look-up table" and row.difference == pytest.approx(3.105 - 2.5)
    pooled = row_of(results, "fid", NARROW)  # without a value for each picture there is no interval
    assert pooled.mean == 3.0 and pooled.low != pooled.low and pooled.mark == ""


def test_a_baseline_that_varies_with_the_networks_is_each_ones_own_reference(tmp_path: Path) -> None:
    """As the learning curve has it: each network beside the table that was fitted to as many pictures."""
    for number in (50, 500, 4500):
        for model, middle in (("cnn", 1.0), ("grey_lookup", 2.0)):
            typed = {"model": model, "data.num_train": number, "seed": 0}
            values = [middle - number / 9000, middle + 0.5, middle]
            write_run(tmp_path / f"{model}-{number}", typed, values, data={"num_train": number})
    results = read_results(settings_in(tmp_path))
    pairs = {each.label: results.comparison.reference[each.label] for each in results.settings.networks}
    assert pairs == {
        f"CNN (training pictures {number})": f"grey look-up table (training pictures {number})"
        for number in (50, 500, 4500)
    }
    assert draw_effects(tmp_path / "effects", results, "mse")
    assert "grey look-up table" in (tmp_path / "effects.svg").read_text()


def test_a_sweep_ends_with_its_table_best_first(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    show_sweep(sweep)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines[:-1])) <= 80 and "Best first by MSE, less is better" in printed
    places = [
        printed.index(each) for each in ("look-up table °", "(filters 16,", "(filters 32, learning rate 0.001", "0.1)")
    ]
    assert places == sorted(places) and "3.1 ±" in printed
    assert "(±\u00a0" in printed and "in parentheses ± the standard deviation over seeds" in " ".join(printed.split())
    write_run(sweep / "other", {"model": "grey_lookup", "model.num_filters": 8, "seed": 0}, [1.0])
    (sweep / "other" / "per_picture.csv").unlink()
    (sweep / "other" / "metrics.json").write_text('{"test/fid": 2.0}')
    show_sweep(sweep)  # a method without the measure that decides the order is the last
    assert "(filters 8)" in " ".join(capsys.readouterr().out.split())
    low = {"degradation": {"_target_": "colourize.degradations.LowResolution"}, "answer": {}, "optimizer": {}}
    write_run(sweep / "low", {"task": "super_resolution_regression", "seed": 0}, [0.1, 0.2, 0.3, 0.4], task=low)
    show_sweep(sweep)  # another input has its own table, though it has the least MSE
    detail, colours = capsys.readouterr().out.split("Best first")[0].strip().split("\n\n")
    assert "0.25" in detail and "MSE" in detail and "0.25" not in colours


def test_unfinished_broken_and_foreign_folders_are_listed(sweep: Path) -> None:
    write_run(sweep / "stopped", {"seed": 3}, [], status="interrupted")
    (sweep / "broken" / ".hydra").mkdir(parents=True)
    (sweep / "broken" / "run.json").write_text('{"status": "comp')
    write_run(sweep / "torn" / "run", {"seed": 4}, [1.0])
    (sweep / "torn" / "run" / "metrics.json").write_text('{"test/mse": ')
    (sweep.parent / "holiday").mkdir()
    (sweep.parent / "holiday" / "letter.txt").write_text("Dear all")
    jobs = [{"folder": name, "overrides": []} for name in ("lr", "later")]
    (sweep / "sweep.json").write_text(json.dumps({"jobs": jobs}))
    sources, skipped = read_sources([sweep.parent])
    (source,) = [each for each in sources if each.path == sweep]
    assert source.unfinished == {"stopped": "interrupted", "later": "pending"} and len(source.runs) == 6
    assert source.resume.startswith("colourize-train resume=") and source.resume.endswith("multirun/mine")
    assert {path.name for path in skipped} == {"broken", "run", "holiday"}
    with pytest.raises(InputError, match="runs=nowhere: there is no such folder"):
        read_sources(["nowhere"])


def test_repeated_runs_and_damaged_tables_are_noted(sweep: Path) -> None:
    write_run(sweep / "num_filters-16+seed-1-again", {"model.num_filters": 16, "seed": 1}, [5.0] * 4)
    (sweep / "lr" / "per_picture.csv").write_text("picture,mse\n0,1.0\n1\n")
    results = read_results(settings_in(sweep))
    row, damaged = row_of(results, "mse", NARROW), row_of(results, "mse", "CNN (filters 32, learning rate 0.1)")
    assert row.seeds == 2 and row.mean == pytest.approx((3.1 + 5.0) / 2)
    assert damaged.mean == pytest.approx(8.875) and damaged.low != damaged.low
    assert sorted(note.partition(": ")[2] for note in results.notes) == [
        "left out, as another run has its setting and seed", "no per_picture.csv, and so no interval over pictures",
    ]  # fmt: skip


def test_a_question_names_its_own_reference(sweep: Path) -> None:
    results = read_results(settings_in(sweep))
    named = {reference: findings(results, results.settings.networks, "mse", reference)[-1]
             for reference in ("", "grey_lookup", "bicubic")}  # fmt: skip
    assert "needs no network" in named[""] and named["grey_lookup"] == named[""]
    assert "needs no network" not in named["bicubic"]  # the sweep has no such baseline


def test_a_copy_of_a_run_is_no_repetition(sweep: Path) -> None:
    original = sweep / "num_filters-16+seed-1"
    shutil.copytree(original, sweep / "copy")
    assert len(read_results(settings_in(sweep)).notes) == 1  # it might as well be a second training
    record = {**json.loads((original / "run.json").read_text()), "taken_from": str(original)}
    (sweep / "copy" / "run.json").write_text(json.dumps(record))
    assert not read_results(settings_in(sweep)).notes


def test_losses_after_the_last_epoch_are_compared_along_the_batch_size(tmp_path: Path) -> None:
    for size, loss in ((20, 0.3), (50, 0.4), (100, 0.5)):
        for seed in (0, 1):
            run = tmp_path / f"{size}-{seed}"
            write_run(run, {"seed": seed} if size == 50 else {"data.batch_size": size, "seed": seed}, [1.0, 2.0],
                      data={"batch_size": size})  # fmt: skip
            lines = f"epoch,step,train/loss,val/loss\n1,5,0.9,0.9\n2,10,{loss + seed / 100},{loss + 0.1}\n"
            (run / "metrics.csv").write_text(lines)
    (tmp_path / "figures").mkdir()
    context = Context(read_results(settings_in(tmp_path)), "mse", tmp_path, Pictures(), "c3")
    training, validation, _ = (each.text for each in batches(context) if isinstance(each, Text))
    assert training.startswith("From batch size 20 to 100 at equal epochs, the training loss rises from 0.305 to 0.505")
    assert validation.startswith(
        "From batch size 20 to 100 at equal epochs, the validation loss rises from 0.400 to 0.600"
    )


def test_every_question_of_the_assignment_has_a_file_and_papers_come_after() -> None:
    found = questions()
    expected = [
        "A1", "A2–A3", "A4", "A5", "B1–B2", "C1–C2", "C3", "D1–D2", "E1–E3", "F1", "F2", "F3", "F4",
        "Best colour", "Hints", "Johnson 2016", "Learning curve", "Ronneberger 2015", "Zhang 2016",
    ]  # fmt: skip
    numbers = [each.number for each in found.values()]
    assert [each for each in numbers if each in expected] == expected  # a user's own questions may stand among them
    assert numbers[:13] == expected[:13]
    for question in found.values():
        assert question.text[:-1] and "experiment=" not in question.text and question.measures
        assert set(question.parts) <= set(PARTS)


def test_larger_pictures_have_the_values_of_their_own_case_and_seed() -> None:
    rows = [
        {"network": network, "seed": str(seed), "way": "none", "pictures": "drawn", "pixels": str(size),
         "mse": str(len(network) + seed / 10 + picture / 100), "delta_e": "10.0", "ssim": "0.9"}
        for network in ("cnn", "unet") for size in (32, 64) for seed in range(3) for picture in range(4)
    ]  # fmt: skip
    found = columns_by_case(rows[:-1])  # one seed lacks a picture
    assert [(case.network, case.pixels) for case in found] == [("cnn", 32), ("cnn", 64), ("unet", 32), ("unet", 64)]
    for (case, values), count in zip(found.items(), (4, 4, 4, 3), strict=True):
        expected = len(case.network) + np.arange(3)[:, None] / 10 + np.arange(count) / 100
        np.testing.assert_allclose(values[0], expected)

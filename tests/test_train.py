"""`colourize-train`: what a run leaves on disk and prints, that it repeats, that it goes on, and sweeps."""

from __future__ import annotations

import hashlib
import json
import os
import re

import console
import pytest
from console import TASKS, TINY, run, succeed
from PIL import Image

import colourize
from colourize.data.synthetic import SyntheticData
from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers, read_table
from colourize.tasks import RestorationTask

COMMON = {"lr-Adam", "train/loss", "val/loss", "val/mse", "val/psnr", "test/loss", "test/mse", "test/psnr", "test/ssim"}
NO_SAMPLES = "callbacks.samples=null"  # drawing takes a quarter of so short a run
CLASSIFICATION = {"val/accuracy", *(f"test/{name}" for name in ("accuracy", "cross_entropy", "mse_expected",
                  "psnr_expected", "ssim_expected"))}  # fmt: skip


@pytest.fixture
def trained():
    return console.trained(TASKS[0])


# ------------------------------------------------------------------------------------- a run's folder


def test_a_run_leaves_what_is_promised_and_nothing_else(trained):
    files = {str(path.relative_to(trained.folder)) for path in trained.folder.rglob("*") if path.is_file()}
    events = {file for file in files if file.startswith("events.out.tfevents.")}
    assert len(events) == 1  # training and test write to one
    assert files - events - {"hparams.yaml"} == {  # the latter is TensorBoard's as well
        ".hydra/config.yaml", ".hydra/hydra.yaml", ".hydra/overrides.yaml", "checkpoints/best.ckpt",
        "checkpoints/last-previous.ckpt", "checkpoints/last.ckpt", "config.yaml", "metrics.csv", "metrics.json",
        "per_picture.csv", "run.json", "samples/best.png", "samples/epoch-001.png", "samples/epoch-002.png",
        "train.log",
    }  # fmt: skip
    assert all((trained.folder / file).stat().st_size > 0 for file in files)
    ((width, height),) = {Image.open(path).size for path in (trained.folder / "samples").iterdir()}
    assert width > 10 * 96 and height > 4 * 96  # ten columns; grey, two answers, truth at least
    assert [path.name for path in trained.cwd.iterdir()] == ["outputs"]


@pytest.mark.parametrize("task", TASKS)
def test_final_measures_have_the_promised_names_and_nothing_warns(task):
    outcome = console.trained(task)
    assert outcome.stderr == "" and "warn" not in outcome.stdout.lower()
    log = (outcome.folder / "train.log").read_text()
    assert "warn" not in log.lower()
    assert "40 training, 10 validation and 10 test pictures; pixels / 255, validation on pictures of its own" in log
    assert re.search(r"torch \d.*, cpu, precision \S+", log) and "Trained 2 epochs" in log
    measures = Run.read(outcome.folder).measures()
    rows = read_numbers(outcome.folder / "metrics.csv")
    assert [(row.pop("epoch"), row.pop("step")) for row in rows] == [(1, 2), (2, 4)]
    assert rows[-1].items() <= measures.items()
    classifies = task in ("colour_classification", "super_resolution")
    assert set(measures) == COMMON | (CLASSIFICATION if classifies else set())
    assert all(isinstance(value, float) for value in measures.values())
    assert 0 < measures["test/mse"] < 1 and 0 < measures["test/psnr"] < 60 and -1 < measures["test/ssim"] < 1
    if classifies:
        assert 0 <= measures["test/accuracy"] <= 1
        assert measures["test/cross_entropy"] == pytest.approx(measures["test/loss"], rel=1e-5)
    else:  # the loss is that of the outputs, the measure that of the picture, which is clipped to [0, 1]
        assert measures["test/loss"] >= measures["test/mse"] * (1 - 1e-6)


def test_the_end_of_a_run_names_measures_pictures_and_curves(trained):
    final = Run.read(trained.folder).measures()
    assert f"{final['test/accuracy']:.4f}" in trained.stdout
    assert f"{final['test/psnr']:.2f} dB" in trained.stdout
    assert re.search(r"│ test/accuracy +│ +0\.\d{4} │ +0\.\d{4} │", trained.stdout)  # beside what needs no network
    assert re.search(r"┃ this run ┃ grey_lookup ┃", trained.stdout)
    for label in ("Sample pictures", "Best checkpoint"):
        paths = re.findall(rf"^{label}: +(\S+)$", trained.stdout, re.MULTILINE)
        assert paths and all((trained.cwd / path).is_file() for path in paths)
    (shown,) = re.findall(
        r"^Curves: +(?:\S*/)?tensorboard --logdir (\S+) --samples_per_plugin images=1000$", trained.stdout, re.MULTILINE
    )
    assert trained.cwd / shown == trained.folder
    assert trained.stderr == ""


def test_the_record_says_what_ran_and_on_which_pictures(trained):
    record = json.loads((trained.folder / "run.json").read_text())
    assert record["status"] == "completed" and "error" not in record
    assert record["overrides"] == [*TINY, f"task={TASKS[0]}"]
    assert record["seeds"] == {"seed": 0, "eval_seed": 0}
    log = (trained.folder / "train.log").read_text()
    assert (record["model"], record["answer"]) == ("UNet", "PaletteClasses")
    assert re.findall(r"precision ([\w-]+),", log) == [record["precision"]]
    task = colourize.load(trained.best)
    assert record["parameters"] == sum(parameter.numel() for parameter in task.parameters())
    assert list(record["phases"]) == ["data", "task", "training", "test"]
    assert 0 < record["phases"]["training"] < sum(record["phases"].values()) <= record["seconds"] + 0.01
    pictures = SyntheticData(num_train=40, num_val=10, num_test=10).pictures
    parts = record["data"]["parts"]
    assert list(parts) == ["train", "val", "test"]
    for name, part in parts.items():
        own = getattr(pictures, name)
        digest = hashlib.blake2b(str(own.shape).encode() + own.tobytes(), digest_size=8).hexdigest()
        assert part == {"pictures": len(own), "size": [32, 32], "blake2b": digest}
    best = str(trained.best)
    assert record["evaluated_on"] == {"part": "test", "pictures": 10, "weights": best}


def test_the_record_of_a_run_that_failed_says_so(tmp_path, monkeypatch):
    def fault(*arguments: object) -> None:
        raise ZeroDivisionError("during\n\nthe test")

    monkeypatch.setattr(RestorationTask, "test_step", fault)
    with pytest.raises(ZeroDivisionError):
        run("train", [*TINY, NO_SAMPLES, "trainer.max_epochs=1"], tmp_path)
    (path,) = tmp_path.glob("outputs/*/*/run.json")
    record = json.loads(path.read_text())
    assert (record["status"], record["error"]) == ("failed", "ZeroDivisionError: during the test")
    assert record["ended"] and record["phases"]["training"] > 0 and "evaluated_on" not in record


def test_a_run_on_a_machine_with_slurm_warns_of_nothing(tmp_path):
    srun = tmp_path / "srun"
    srun.touch(0o755)
    run = console.run("train", [*TINY, NO_SAMPLES], tmp_path, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert (run.code, run.stderr) == (0, "") and "srun" not in run.stdout


# --------------------------------------------------------------------------- repeating and going on


def test_equal_runs_give_equal_files_and_another_seed_another(trained, tmp_path):
    table = (trained.folder / "metrics.csv").read_bytes()
    again = succeed("train", TINY, tmp_path / "again").folder
    assert (again / "metrics.csv").read_bytes() == table
    assert (again / "metrics.json").read_bytes() == (trained.folder / "metrics.json").read_bytes()
    assert (again / "samples/best.png").read_bytes() == (trained.folder / "samples/best.png").read_bytes()
    other = succeed("train", [*TINY, NO_SAMPLES, "seed=1"], tmp_path / "other").folder
    assert (other / "metrics.csv").read_bytes() != table


def test_training_goes_on_where_it_stopped(trained, tmp_path):
    last = trained.folder / "checkpoints" / "last.ckpt"
    before = last.read_bytes()
    words = [*TINY, NO_SAMPLES, "trainer.max_epochs=3"]
    more = succeed("train", [*words, f"checkpoint={last}"], tmp_path / "more").folder
    rows = read_table(more / "metrics.csv")
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "2"), ("2", "4"), ("3", "6")]
    assert rows[:2] == read_table(trained.folder / "metrics.csv")
    assert last.read_bytes() == before
    # … and ends where one run of three epochs would have.
    whole = succeed("train", words, tmp_path / "whole").folder
    assert (more / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


def test_a_run_without_samples_checkpoints_and_logger(tmp_path):
    off = ["callbacks.samples=null", "callbacks.checkpoints=null", "callbacks.learning_rate=null", "~logger"]
    outcome = succeed("train", [*TINY, "trainer.max_epochs=1", *off], tmp_path)
    names = {path.name for path in outcome.folder.iterdir()}
    others = {"metrics.csv", "metrics.json", "per_picture.csv"}
    assert names == {".hydra", "config.yaml", "run.json", "train.log", *others}
    assert "Sample pictures" not in outcome.stdout
    assert "best.ckpt" not in outcome.stdout and "tensorboard" not in outcome.stdout
    assert {name.partition("/")[0] for name in Run.read(outcome.folder).measures()} == {"train", "val", "test"}
    record = json.loads((outcome.folder / "run.json").read_text())
    assert record["evaluated_on"] == {"part": "test", "pictures": 10, "weights": "last"}


# -------------------------------------------------------------------------------------------- sweeps


def test_a_sweep_goes_on_after_a_failing_job_and_its_table_has_a_row_for_each(tmp_path):
    small = [word for word in TINY if not word.startswith("data.batch_size")]
    words = ["-m", *small, NO_SAMPLES, "trainer.max_epochs=1", "model.kernel_size=4,3", "data.batch_size=10,20"]
    outcome = run("train", words, tmp_path)
    assert outcome.code != 0 and not (tmp_path / "outputs").exists()
    assert "Traceback" not in outcome.stderr and "model.kernel_size=4" in outcome.stderr
    assert len(outcome.stderr.splitlines()) <= 2
    rows = read_table(outcome.sweep / "results.csv")
    assert [(row["job"], row["status"], row["folder"]) for row in rows] == [
        ("0", "failed", "kernel_size-4+batch_size-10"), ("1", "failed", "kernel_size-4+batch_size-20"),
        ("2", "completed", "kernel_size-3+batch_size-10"), ("3", "completed", "kernel_size-3+batch_size-20"),
    ]  # fmt: skip
    for row in rows[:2]:
        assert "model.kernel_size=4: must be an odd number" in row["error"] and row["test/loss"] == ""
        folder = outcome.sweep / row["folder"]
        assert Run.read(folder).status == "failed" and not (folder / "metrics.json").exists()
    for row in rows[2:]:
        assert row["error"] == ""
        final = Run.read(outcome.sweep / row["folder"]).measures()
        assert {name: float(row[name]) for name in final} == final
        (epoch,) = read_table(outcome.sweep / row["folder"] / "metrics.csv")
        assert int(epoch["step"]) == 40 // int(row["data.batch_size"])


def test_an_experiments_own_sweep_needs_no_flag(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "seeds.yaml").write_text(
        "# @package _global_\ntrainer: {max_epochs: 1}\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '3,4'}}}\n"
    )
    small = [word for word in TINY if not word.startswith("trainer.max_epochs")]
    words = [*small, NO_SAMPLES, f"hydra.searchpath=[file://{tmp_path}]", "experiment=seeds"]
    outcome = succeed("train", words, tmp_path / "here")
    rows = read_table(outcome.sweep / "results.csv")
    assert [(row["seed"], row["status"]) for row in rows] == [("3", "completed"), ("4", "completed")]
    assert rows[0]["val/loss"] != rows[1]["val/loss"]
    assert len(read_table(outcome.sweep / rows[0]["folder"] / "metrics.csv")) == 1

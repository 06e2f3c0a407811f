"""`colourize-train`: what a run leaves on disk and prints, that it repeats, that it goes on, and sweeps."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from pathlib import Path

import console
import pytest
from console import TASKS, TINY, Outcome, run, succeed
from PIL import Image

import colourize
from colourize.data.folder import FolderData
from colourize.data.synthetic import SyntheticData
from colourize.runs.folders import Run
from colourize.tasks import RestorationTask

COMMON = {"lr-Adam", "train/loss", "val/loss", "val/mse", "val/psnr", "test/loss", "test/mse", "test/psnr", "test/ssim"}
NO_SAMPLES = "callbacks.samples=null"  # drawing takes a quarter of so short a run
CLASSIFICATION = {
    "val/accuracy",
    "test/accuracy",
    "test/cross_entropy",
    "test/mse_expected",
    "test/psnr_expected",
    "test/ssim_expected",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="module")
def trained(base: Path) -> Outcome:
    return console.trained(base, TASKS[0])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def measures_of(folder: Path) -> dict[str, float]:
    measures = json.loads((folder / "metrics.json").read_text())
    assert isinstance(measures, dict)
    return measures


# ------------------------------------------------------------------------------------- a run's folder


def test_a_run_leaves_what_is_promised_and_nothing_else(trained: Outcome) -> None:
    files = {str(path.relative_to(trained.folder)) for path in trained.folder.rglob("*") if path.is_file()}
    events = {file for file in files if file.startswith("events.out.tfevents.")}
    assert len(events) == 1  # training and test write to one
    assert files - events - {"hparams.yaml"} == {  # the latter is TensorBoard's as well
        ".hydra/config.yaml",
        ".hydra/hydra.yaml",
        ".hydra/overrides.yaml",
        "checkpoints/best.ckpt",
        "checkpoints/last-previous.ckpt",
        "checkpoints/last.ckpt",
        "config.yaml",
        "metrics.csv",
        "metrics.json",
        "per_picture.csv",
        "run.json",
        "samples/best.png",
        "samples/epoch-001.png",
        "samples/epoch-002.png",
        "train.log",
    }
    assert all((trained.folder / file).stat().st_size > 0 for file in files)
    assert [path.name for path in trained.cwd.iterdir()] == ["outputs"]


def test_the_sample_grids_show_ten_pictures(trained: Outcome) -> None:
    sizes = {Image.open(path).size for path in (trained.folder / "samples").iterdir()}
    ((width, height),) = sizes
    assert width > 10 * 96 and height > 4 * 96  # ten columns; grey, two answers, truth at least


@pytest.mark.parametrize("task", TASKS)
def test_final_measures_are_flat_and_have_the_promised_names(task: str, base: Path) -> None:
    measures = measures_of(console.trained(base, task).folder)
    classifies = task in ("colour_classification", "super_resolution")
    assert set(measures) == COMMON | (CLASSIFICATION if classifies else set())
    assert all(isinstance(value, float) for value in measures.values())
    assert 0 < measures["test/mse"] < 1 and 0 < measures["test/psnr"] < 60 and -1 < measures["test/ssim"] < 1
    if classifies:
        assert 0 <= measures["test/accuracy"] <= 1
        assert measures["test/cross_entropy"] == pytest.approx(measures["test/loss"], rel=1e-5)
    else:  # the loss is that of the outputs, the measure that of the picture, which is clipped to [0, 1]
        assert measures["test/loss"] >= measures["test/mse"] * (1 - 1e-6)


def test_each_epoch_is_a_row_without_times(trained: Outcome) -> None:
    rows = rows_of(trained.folder / "metrics.csv")
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "2"), ("2", "4")]
    expected = {"epoch", "step", "lr-Adam", "train/loss", "val/loss", "val/accuracy", "val/mse", "val/psnr"}
    assert set(rows[0]) == expected
    assert not any("time" in name or "second" in name for name in rows[0])
    final = measures_of(trained.folder)
    for name in expected - {"epoch", "step"}:
        assert float(rows[-1][name]) == final[name]


def test_the_log_tells_what_decided_the_numbers(trained: Outcome) -> None:
    log = (trained.folder / "train.log").read_text()
    assert "40 training, 10 validation and 10 test pictures; pixels / 255, validation on pictures of its own" in log
    assert "(honest protocol)" in log
    assert "UNet from Grey to PaletteClasses" in log and re.search(r"torch \d.*, cpu, precision \S+", log)
    assert "Trained 2 epochs" in log


def test_the_end_of_a_run_names_measures_pictures_and_curves(trained: Outcome) -> None:
    final = measures_of(trained.folder)
    assert f"{final['test/accuracy']:.4f}" in trained.stdout
    assert f"{final['test/psnr']:.2f} dB" in trained.stdout
    for label in ("Sample pictures", "Best checkpoint"):
        paths = re.findall(rf"^{label}: +(\S+)$", trained.stdout, re.MULTILINE)
        assert paths and all((trained.cwd / path).is_file() for path in paths)
    (shown,) = re.findall(
        r"^Curves: +(?:\S*/)?tensorboard --logdir (\S+) --samples_per_plugin images=1000$", trained.stdout, re.MULTILINE
    )
    assert trained.cwd / shown == trained.folder
    assert trained.stderr == ""


def test_the_record_says_what_ran_and_on_which_pictures(trained: Outcome) -> None:
    record = json.loads((trained.folder / "run.json").read_text())
    assert record["status"] == "completed" and "error" not in record
    assert record["overrides"] == [*TINY, f"task={TASKS[0]}"]
    assert record["seeds"] == {"seed": 0, "eval_seed": 0}
    log = (trained.folder / "train.log").read_text()
    assert (record["model"], record["answer"]) == ("UNet", "PaletteClasses")
    assert re.findall(r"precision ([\w-]+),", log) == [record["precision"]]
    task = colourize.load(trained.folder / "checkpoints" / "best.ckpt")
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
    best = str(trained.folder / "checkpoints" / "best.ckpt")
    assert record["evaluated_on"] == {"part": "test", "pictures": 10, "weights": best}


def test_the_record_of_a_run_that_failed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*arguments: object) -> None:
        raise ZeroDivisionError("during\n\nthe test")

    monkeypatch.setattr(RestorationTask, "test_step", fault)
    with pytest.raises(ZeroDivisionError):
        run("train", [*TINY, NO_SAMPLES, "trainer.max_epochs=1"], tmp_path)
    (path,) = tmp_path.glob("outputs/*/*/run.json")
    record = json.loads(path.read_text())
    assert (record["status"], record["error"]) == ("failed", "ZeroDivisionError: during the test")
    assert record["ended"] and record["phases"]["training"] > 0 and "evaluated_on" not in record


@pytest.mark.parametrize("task", TASKS)
def test_an_ordinary_run_warns_of_nothing(task: str, base: Path) -> None:
    """Neither in Lightning's nor in torch's words; warnings reach the terminal as they do outside pytest."""
    run = console.trained(base, task)
    assert run.stderr == "" and "warn" not in run.stdout.lower()
    assert "warn" not in (run.folder / "train.log").read_text().lower()


def test_a_run_on_a_machine_with_slurm_warns_of_nothing(tmp_path: Path) -> None:
    srun = tmp_path / "srun"
    srun.touch(0o755)
    run = console.run("train", [*TINY, NO_SAMPLES], tmp_path, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert (run.code, run.stderr) == (0, "") and "srun" not in run.stdout


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ("model.kernel_size=4", "model.kernel_size=4: must be an odd number"),
        ("+model.foo=1", "foo"),
        ("task=super_resolution task.degradation.scale_factor=3", "task.degradation.scale_factor=3: must be"),
        ("answer=rgb loss=cross_entropy", "task.loss=CrossEntropy: is for classes and categories, and the answer RGB"),
        ("task=super_resolution prior=grey_lookup", "prior: GreyLookup is not for this task"),
        ("model=lanczos", "model: Interpolation is not for this task"),
        ("task.optimizer.lr=-1", "task.optimizer.lr=-1: must be"),
        ("lr_scheduler=one_cycle task.lr_scheduler.pct_start=2", "task.lr_scheduler="),
        ("trainer.max_epochs=0", "trainer.max_epochs=0: must be"),
        ("trainer.precision=7", "trainer.precision=7: must be one of auto"),
        ("+trainer.zzz=1", "trainer: "),
        ("trainer.accelerator=foo", "trainer: "),
        ("callbacks.samples.num_pictures=0", "callbacks.samples.num_pictures=0: must be"),
        ("measures.names=[mse,pnsr]", "measures.names=pnsr: must be some of"),
        ("task.loss._target_=torch.nn.MSELoss", "task.loss=torch.nn.MSELoss: must be a Loss"),
        ("model=grey_lookup prior=grey_lookup", "prior: is for a network that learns"),
        ("measures=[mse,foo]", "measures=foo: must be one of all, default, quick"),
        ("checkpoint=missing.ckpt", "checkpoint=missing.ckpt: there is no such file"),
        ("seed=-1", "seed=-1: must be"),
        ("~loss", "loss: missing; loss=… names one"),
        ("task.answer=null", "answer: missing; answer=… names one"),
        ("+task.prior.foo=1", "prior: missing; prior=… names one"),
        ("~task", "task: missing; task=… names one"),
    ],
)
def test_what_needs_no_pictures_is_refused_before_they_are_read(
    overrides: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(data: FolderData) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(FolderData, "prepare_data", read)
    monkeypatch.setattr(FolderData, "load", read)
    words = ["data=folder", "data.root=nowhere", "trainer.accelerator=cpu", *overrides.split()]
    words = list({word.partition("=")[0]: word for word in words}.values())
    outcome = run("train", words, tmp_path)
    assert outcome.code == (1 if overrides.startswith("checkpoint") else 2)
    assert named in outcome.stderr and outcome.stderr.count("\n") == 1
    assert outcome.left == []


# --------------------------------------------------------------------------- repeating and going on


def test_equal_runs_give_equal_files_and_another_seed_another(trained: Outcome, tmp_path: Path) -> None:
    table = (trained.folder / "metrics.csv").read_bytes()
    again = succeed("train", TINY, tmp_path / "again").folder
    assert (again / "metrics.csv").read_bytes() == table
    assert (again / "metrics.json").read_bytes() == (trained.folder / "metrics.json").read_bytes()
    assert (again / "samples/best.png").read_bytes() == (trained.folder / "samples/best.png").read_bytes()
    other = succeed("train", [*TINY, NO_SAMPLES, "seed=1"], tmp_path / "other").folder
    assert (other / "metrics.csv").read_bytes() != table


def test_training_goes_on_where_it_stopped(trained: Outcome, tmp_path: Path) -> None:
    last = trained.folder / "checkpoints" / "last.ckpt"
    before = last.read_bytes()
    words = [*TINY, NO_SAMPLES, "trainer.max_epochs=3"]
    more = succeed("train", [*words, f"checkpoint={last}"], tmp_path / "more").folder
    rows = rows_of(more / "metrics.csv")
    assert [(row["epoch"], row["step"]) for row in rows] == [("1", "2"), ("2", "4"), ("3", "6")]
    assert rows[:2] == rows_of(trained.folder / "metrics.csv")
    assert last.read_bytes() == before
    # … and ends where one run of three epochs would have.
    whole = succeed("train", words, tmp_path / "whole").folder
    assert (more / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


@pytest.mark.slow
def test_training_goes_on_between_validations(tmp_path: Path) -> None:
    """A plateau looks at validated epochs; a resumed run is the whole one, epochs without validation and all."""
    words = [*TINY, NO_SAMPLES, "+trainer.check_val_every_n_epoch=2", "lr_scheduler=plateau"]
    words += ["task.lr_scheduler.patience=0", "task.lr_scheduler.factor=0.1", "+task.lr_scheduler.threshold=100"]
    half = succeed("train", [*words, "trainer.max_epochs=2"], tmp_path / "half")
    last = half.folder / "checkpoints" / "last.ckpt"
    more = succeed("train", [*words, "trainer.max_epochs=6", f"checkpoint={last}"], tmp_path / "more")
    whole = succeed("train", [*words, "trainer.max_epochs=6"], tmp_path / "whole")
    assert half.stderr == whole.stderr == ""
    table = (whole.folder / "metrics.csv").read_bytes()
    assert (more.folder / "metrics.csv").read_bytes() == table
    rows = rows_of(whole.folder / "metrics.csv")
    assert [bool(row["val/loss"]) for row in rows] == [False, True] * 3
    # No loss is low enough for this threshold: the rate falls after each validation, and after nothing else.
    assert [float(row["lr-Adam"]) for row in rows] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5])


def test_a_run_without_samples_checkpoints_and_logger(tmp_path: Path) -> None:
    off = ["callbacks.samples=null", "callbacks.checkpoints=null", "callbacks.learning_rate=null", "~logger"]
    outcome = succeed("train", [*TINY, "trainer.max_epochs=1", *off], tmp_path)
    names = {path.name for path in outcome.folder.iterdir()}
    others = {"metrics.csv", "metrics.json", "per_picture.csv"}
    assert names == {".hydra", "config.yaml", "run.json", "train.log", *others}
    assert "Sample pictures" not in outcome.stdout
    assert "best.ckpt" not in outcome.stdout and "tensorboard" not in outcome.stdout
    assert {name.partition("/")[0] for name in measures_of(outcome.folder)} == {"train", "val", "test"}
    record = json.loads((outcome.folder / "run.json").read_text())
    assert record["evaluated_on"] == {"part": "test", "pictures": 10, "weights": "last"}


# -------------------------------------------------------------------------------------------- sweeps


@pytest.mark.slow
def test_a_sweep_goes_on_after_a_failing_job_and_its_table_says_so(tmp_path: Path) -> None:
    words = ["-m", *TINY, NO_SAMPLES, "trainer.max_epochs=1", "model.kernel_size=3,4,5"]
    outcome = run("train", words, tmp_path)
    assert outcome.code != 0
    assert "Traceback" not in outcome.stderr and "model.kernel_size=4" in outcome.stderr
    assert len(outcome.stderr.splitlines()) <= 2
    rows = rows_of(outcome.sweep / "results.csv")
    assert [(row["job"], row["status"], row["model.kernel_size"]) for row in rows] == [
        ("0", "completed", "3"),
        ("1", "failed", "4"),
        ("2", "completed", "5"),
    ]
    assert "model.kernel_size=4: must be an odd number" in rows[1]["error"] and rows[1]["test/loss"] == ""
    for row in (rows[0], rows[2]):
        assert row["error"] == ""
        final = measures_of(outcome.sweep / row["folder"])
        assert {name: float(row[name]) for name in final} == final
        assert (outcome.sweep / row["folder"] / "checkpoints" / "best.ckpt").is_file()
    assert [row["folder"] for row in rows] == [f"kernel_size-{size}" for size in (3, 4, 5)]
    failed = outcome.sweep / rows[1]["folder"]
    assert Run.read(failed).status == "failed" and not (failed / "metrics.json").exists()


def test_a_sweeps_table_has_a_row_for_each_combination(tmp_path: Path) -> None:
    small = [word for word in TINY if not word.startswith(("trainer.max_epochs", "data.batch_size"))]
    words = ["-m", *small, NO_SAMPLES, "trainer.max_epochs=1,2", "data.batch_size=10,20"]
    outcome = succeed("train", words, tmp_path)
    rows = rows_of(outcome.sweep / "results.csv")
    varied = [(row["trainer.max_epochs"], row["data.batch_size"]) for row in rows]
    assert varied == [("1", "10"), ("1", "20"), ("2", "10"), ("2", "20")]
    assert {row["status"] for row in rows} == {"completed"}
    assert len({row["test/loss"] for row in rows}) == 4
    assert not (tmp_path / "outputs").exists()
    for row in rows:
        epochs = rows_of(outcome.sweep / row["folder"] / "metrics.csv")
        assert len(epochs) == int(row["trainer.max_epochs"])
        assert int(epochs[0]["step"]) == 40 // int(row["data.batch_size"])


def test_an_experiments_own_sweep_needs_no_flag(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "seeds.yaml").write_text(
        "# @package _global_\ntrainer: {max_epochs: 1}\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '3,4'}}}\n"
    )
    small = [word for word in TINY if not word.startswith("trainer.max_epochs")]
    words = [*small, NO_SAMPLES, f"hydra.searchpath=[file://{tmp_path}]", "experiment=seeds"]
    outcome = succeed("train", words, tmp_path / "here")
    rows = rows_of(outcome.sweep / "results.csv")
    assert [(row["seed"], row["status"]) for row in rows] == [("3", "completed"), ("4", "completed")]
    assert rows[0]["val/loss"] != rows[1]["val/loss"]
    assert len(rows_of(outcome.sweep / rows[0]["folder"] / "metrics.csv")) == 1


def test_an_unknown_option_stops_a_sweep_before_its_first_job(tmp_path: Path) -> None:
    outcome = run("train", ["-m", *TINY, "model=unet,foo"], tmp_path)
    assert outcome.code == 2
    assert "foo" in outcome.stderr and len(outcome.stderr.splitlines()) <= 2
    assert not list(tmp_path.rglob("metrics.csv"))

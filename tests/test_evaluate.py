"""`colourize-evaluate`: a checkpoint alone gives the measures that its training ended with, or those on other data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import console
import numpy as np
import pytest
import torch
from console import TASKS, TINY_DATA, Outcome, run, succeed
from lightning import Trainer
from PIL import Image
from torch import Tensor

import colourize
from colourize.checkpoints import data_from, read
from colourize.data.draws import Draws
from colourize.data.synthetic import SyntheticData
from colourize.degradations import Grey
from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers, read_table
from colourize.tasks import RestorationTask

QUICK = ["measures=quick", "baselines=[]"]  # as at the end of a training


@pytest.fixture
def best() -> Path:
    return console.trained(TASKS[0]).best


def measures_of(folder: Path) -> dict[str, float]:
    measures = json.loads((folder / "metrics.json").read_text())
    return {name: value for name, value in measures.items() if name.startswith("test/")}


def evaluate(cwd: Path, *overrides: object) -> Outcome:
    outcome = succeed("evaluate", [str(override) for override in overrides], cwd)
    assert outcome.stderr == ""
    outcome.stdout = " ".join(outcome.stdout.split())  # a title is wrapped at its table's width
    return outcome


@pytest.mark.parametrize("task", TASKS)
def test_a_checkpoint_alone_gives_what_its_training_ended_with(task: str, tmp_path: Path) -> None:
    folder = console.trained(task).folder
    shutil.copy(folder / "checkpoints" / "best.ckpt", tmp_path / "best.ckpt")
    outcome = evaluate(tmp_path, "checkpoint=best.ckpt", *QUICK)
    measures = measures_of(outcome.folder)
    assert measures == measures_of(folder)
    assert f"{measures['test/psnr']:.2f} dB" in outcome.stdout
    assert "best.ckpt on 10 test pictures" in outcome.stdout


def test_an_evaluation_leaves_its_measures_its_log_and_a_row_for_each_picture(best: Path, tmp_path: Path) -> None:
    folder = evaluate(tmp_path, f"checkpoint={best}", "baselines=[]").folder
    names = {".hydra", "evaluate.log", "metrics.json", "per_picture.csv", "run.json"}
    assert {path.name for path in folder.iterdir()} == names
    measures = json.loads((folder / "metrics.json").read_text())
    assert all(name.startswith("test/") for name in measures)
    rows = read_numbers(folder / "per_picture.csv")
    assert [row["picture"] for row in rows] == list(range(10))
    # All but the loss, which is a batch's, and what is no mean over pictures.
    pooled = {"test/loss", "test/calibration_error", "test/entropy_error_correlation"}
    for name in ("auc_balanced", "feature_frechet_distance", "feature_kernel_distance"):
        pooled |= {f"test/{name}", f"test/{name}_expected"}
    assert {f"test/{name}" for name in rows[0] if name != "picture"} == set(measures) - pooled
    for name in set(measures) - pooled:
        assert measures[name] == pytest.approx(np.mean([row[name.removeprefix("test/")] for row in rows]), rel=1e-6)
    record, trained = (json.loads((each / "run.json").read_text()) for each in (folder, best.parents[1]))
    assert (record["status"], record["checkpoint"]) == ("completed", str(best))
    assert record["evaluated_on"] == {"part": "test", "pictures": 10}
    for fact in ("parameters", "flops_per_picture", "precision", "answer"):
        assert record[fact] == trained[fact]
    assert record["data"]["parts"] == trained["data"]["parts"]  # the same pictures, by their checksums


def test_a_checkpoint_of_nan_says_so_and_is_measured_as_such(best: Path, tmp_path: Path) -> None:
    saved = torch.load(best, weights_only=True)
    name = next(name for name in saved["state_dict"] if name.endswith("weight"))
    saved["state_dict"][name].fill_(float("nan"))
    torch.save(saved, tmp_path / "nan.ckpt")
    outcome = evaluate(tmp_path, "checkpoint=nan.ckpt", "baselines=[grey_copy]")  # with all that is measured by default
    assert "holds NaN or infinite numbers" in outcome.stdout
    measures = json.loads((outcome.folder / "metrics.json").read_text())
    assert len(measures) > 20 and set(measures.values()) == {None}  # JSON has no NaN
    assert all(map(np.isnan, Run.read(outcome.folder).measures().values()))


def test_results_are_not_overwritten_unasked(best: Path, tmp_path: Path) -> None:
    shutil.copytree(best.parents[1], tmp_path / "run")
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").touch()
    before = (tmp_path / "run" / "metrics.json").read_bytes()
    words = [f"checkpoint={best}", "baselines=[]", "measures=quick"]
    for folder in ("run", "sweep"):  # whatever is typed: the run's weights would lie beside other measures
        for door, more in (("evaluate", [*words[1:], "overwrite=true"]), ("inspect", [])):
            outcome = console.run(door, [words[0], *more, f"hydra.run.dir={folder}"], tmp_path)
            assert outcome.code == 2 and f"hydra.run.dir={folder}: holds a {folder}" in outcome.stderr
    assert (tmp_path / "run" / "metrics.json").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.json").write_text('{"status": "completed"}')  # an evaluation's
    for extra, code in (((), 2), (("overwrite=true",), 0)):
        assert console.run("evaluate", [*words, "hydra.run.dir=mine", *extra], tmp_path).code == code


class Speckled(Grey):
    """Grey with noise."""

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        inputs = super().forward(truth)
        return inputs if draws is None else inputs + 0.3 * draws.normal(*inputs.shape[1:])


def test_an_evaluation_is_the_same_each_time(
    tiny_task: Callable[..., RestorationTask], quiet_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    """Also where the inputs are random: their noise is that of the seed and the picture, in batches of any size."""
    data = SyntheticData(num_train=8, num_val=2, num_test=11, size=16, batch_size=4, palette=None)
    trainer = quiet_trainer()
    trainer.fit(tiny_task("grey", "regression", degradation={"_target_": f"{__name__}.Speckled"}), datamodule=data)
    trainer.save_checkpoint(tmp_path / "noisy.ckpt")
    words = [f"checkpoint={tmp_path / 'noisy.ckpt'}", f"trust=[{__name__}]", *QUICK]
    first, again = evaluate(tmp_path / "first", *words).folder, evaluate(tmp_path / "again", *words).folder
    for name in ("metrics.json", "per_picture.csv"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    tiny = ["data=synthetic", "data.num_train=8", "data.num_val=2", "data.num_test=11", "data.size=16"]
    small = evaluate(tmp_path / "small", *words, *tiny, "data.eval_batch_size=4").folder
    assert measures_of(small) == pytest.approx(measures_of(first), rel=1e-5)
    other = evaluate(tmp_path / "other", *words, "seed=1").folder
    assert abs(measures_of(other)["test/mse"] / measures_of(first)["test/mse"] - 1) > 1e-4
    records = [json.loads((folder / "run.json").read_text()) for folder in (first, other)]
    assert [record["seeds"] for record in records] == [{"eval_seed": 0}, {"eval_seed": 1}]


def test_other_data_and_the_checkpoints_own_palette_and_protocol(best: Path, tmp_path: Path) -> None:
    other = [*TINY_DATA, "data.drawing_seed=5", "data.eval_batch_size=3", "trainer.limit_test_batches=2"]
    outcome = evaluate(tmp_path / "other", f"checkpoint={best}", *QUICK, *other)
    assert "on 6 test pictures" in outcome.stdout  # of ten
    record = json.loads((outcome.folder / "run.json").read_text())
    assert record["evaluated_on"] == {"part": "test", "pictures": 6}
    assert len(read_numbers(outcome.folder / "per_picture.csv")) == 6
    measures, trained = measures_of(outcome.folder), measures_of(best.parents[1])
    assert measures.keys() == trained.keys() and measures["test/mse"] != trained["test/mse"]
    asked = [*TINY_DATA[:-1], "data.palette=null", "data.protocol=course"]
    folder = evaluate(tmp_path / "same", f"checkpoint={best}", *QUICK, *asked).folder
    assert measures_of(folder) == trained and "pixels / 255" in (folder / "evaluate.log").read_text()
    assert json.loads((folder / "run.json").read_text())["data"]["divisor"] == 255


def test_a_sweep_makes_a_table_and_evaluates_its_jobs_again(best: Path, tmp_path: Path) -> None:
    last = best.with_name("last.ckpt")
    words = ["-m", *QUICK, "trainer.enable_progress_bar=false", "hydra.sweep.dir=both"]
    for checkpoints in (f"{best}", f"{best},{last}"):
        evaluate(tmp_path, *words, f"checkpoint={checkpoints}")
    rows = read_table(tmp_path / "both" / "results.csv")
    assert [(row["checkpoint"], row["status"]) for row in rows] == [(str(best), "completed"), (str(last), "completed")]
    assert {name: float(rows[0][name]) for name in rows[0] if name.startswith("test/")} == measures_of(best.parents[1])


def test_a_folder_without_sub_folders_is_tested_whole_unless_it_was_trained_on(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    (tmp_path / "mine").mkdir()
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(tmp_path / "mine" / f"{number}.png")
    tiny = ["data.batch_size=4", "data.size=16", "data.palette=4", "model.num_filters=4", "trainer.max_epochs=1"]
    run_folder = succeed("train", ["data=folder", "data.root=mine", *tiny], tmp_path).folder
    last = run_folder / "checkpoints" / "last.ckpt"
    own = evaluate(tmp_path / "own", f"checkpoint={last}", *QUICK)
    assert "on 2 test pictures" in own.stdout
    assert measures_of(own.folder) == measures_of(run_folder)
    named = [f"checkpoint={last}", "data=folder", f"data.root={tmp_path / 'mine'}", "data.size=18"]
    assert "on 20 test pictures" in evaluate(tmp_path / "named", *named, *QUICK).stdout  # of another size


def test_averages_over_mirror_images_are_a_choice_of_the_evaluation(best: Path, tmp_path: Path) -> None:
    words = [f"checkpoint={best}", *QUICK, "test_time_symmetries=2"]
    outcome = evaluate(tmp_path, *words)
    assert json.loads((outcome.folder / "run.json").read_text())["test_time_symmetries"] == 2
    task = colourize.load(best)
    task.test_time_symmetries = 2
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    (expected,) = trainer.test(task, data_from(read(best), best), verbose=False)
    found = measures_of(outcome.folder)
    assert found["test/mse"] == pytest.approx(expected["test/mse"], rel=1e-2)  # the run's own precision may be bfloat16
    assert found["test/mse"] != measures_of(best.parents[1])["test/mse"]
    lone = ["model=grey_lookup", "task=colour_classification", *TINY_DATA, *QUICK]
    refused = run("evaluate", [*lone, "test_time_symmetries=2"], tmp_path)
    assert refused.code == 2 and "test_time_symmetries=2: none of these methods is a network" in refused.stderr

"""An experiment as a user runs it: its folder, what is taken from another one, and an epoch of a long run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from console import TINY, succeed

from colourize.runs.tables import read_table

pytestmark = pytest.mark.slow

SMALL = [*(word for word in TINY if not word.startswith("trainer.max_epochs")), "callbacks.samples=null"]
WORDS = [*SMALL, "trainer.max_epochs=2", "seeds=[0]", "measures=quick", "baselines=[grey_lookup]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two experiments of which the second shares runs with the first."""
    path = tmp_path_factory.mktemp("experiments")
    for name in ("b2_regression_or_classification", "a5_classification"):
        done = succeed("train", [f"experiment={name}", *WORDS], path)
        if name == "b2_regression_or_classification":
            assert "this run" in done.stdout and "grey_lookup" in done.stdout.partition("this run")[2].splitlines()[0]
    return path / "multirun"


def rows(path: Path) -> list[dict[str, str]]:
    return read_table(path / "results.csv")


def test_it_runs_its_cells_beside_its_baselines_in_a_folder_of_its_name(folder: Path) -> None:
    found = rows(folder / "b2_regression_or_classification")
    assert [row["status"] for row in found] == ["completed"] * 5
    assert {row["model"] for row in found} == {"cnn", "regression_cnn", "grey_lookup"}


def test_a_run_that_another_experiment_has_is_taken_from_there(folder: Path) -> None:
    for row in rows(folder / "a5_classification"):
        run = folder / "a5_classification" / row["folder"]
        record = json.loads((run / "run.json").read_text())
        other = Path(record["taken_from"])
        assert (
            other.parent.name == "b2_regression_or_classification"
            and "experiment=a5_classification" in record["overrides"]
        )
        for name in ("metrics.json", "per_picture.csv", "checkpoints/best.ckpt"):
            assert (run / name).read_bytes() == (other / name).read_bytes()
        assert "cells" not in (run / "config.yaml").read_text() and str(run) in (run / "config.yaml").read_text()


def test_what_was_taken_by_half_when_the_process_died_is_taken_again(folder: Path) -> None:
    run = folder / "a5_classification" / "model-cnn+task-colour_classification+seed-0"
    files = sorted(path.name for path in run.iterdir())
    (run / "metrics.json").unlink()  # which is written last
    succeed("train", ["experiment=a5_classification", *WORDS], folder.parent)
    assert "taken_from" in json.loads((run / "run.json").read_text())
    assert sorted(path.name for path in run.iterdir()) == files


def test_what_was_run_already_is_not_run_again(folder: Path) -> None:
    again = succeed("train", ["experiment=b2_regression_or_classification", *WORDS], folder.parent)
    assert again.stdout.count("this job is finished") == 5


def test_tensorboard_has_all_settings_so_that_a_mixed_folder_has_no_blank_rows(folder: Path) -> None:
    run = folder / "b2_regression_or_classification" / "model-cnn+task-colour_regression+seed-0"
    assert set((run / "hparams.yaml").read_text().splitlines()) >= {
        "seed: 0", "model: CNN", "model.num_filters: 4", "trainer.max_epochs: 2", "task.optimizer.lr: 0.001",
        "task.degradation: Grey", "task.answer: RGB", "task.loss: MeanSquaredError",
    }  # fmt: skip


def test_another_setting_is_no_twin(folder: Path) -> None:
    words = [*SMALL, "trainer.max_epochs=1", "seeds=[0]", "measures=quick", "baselines=[]"]
    succeed("train", ["experiment=c2_skip_connections", *words], folder.parent)
    runs = [json.loads(path.read_text()) for path in (folder / "c2_skip_connections").glob("*/run.json")]
    assert len(runs) == 2 and not any("taken_from" in run for run in runs)


def test_an_epoch_of_a_long_run_is_the_end_of_a_short_one(tmp_path: Path) -> None:
    """At a constant learning rate: what question A3's one long run stands on."""
    words = [*SMALL, "model=regression_cnn", "task=colour_regression"]
    succeed(
        "train",
        [*words, "trainer.max_epochs=3", "callbacks.checkpoints.keep_epochs=[2]", "hydra.run.dir=long"],
        tmp_path,
    )
    succeed("train", [*words, "trainer.max_epochs=2", "hydra.run.dir=short"], tmp_path)
    long, short = ((tmp_path / name / "metrics.csv").read_text().splitlines() for name in ("long", "short"))
    assert long[: len(short)] == short and len(long) == len(short) + 1
    kept = torch.load(tmp_path / "long" / "checkpoints" / "epoch-002.ckpt", weights_only=True)["state_dict"]
    last = torch.load(tmp_path / "short" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert kept.keys() == last.keys() and all(torch.equal(kept[name], last[name]) for name in kept)


TOY = [*SMALL, "data.epoch_size=null", "model.num_blocks=1", "trainer.max_epochs=1"]


def test_the_best_colouriser_is_trained_steps_and_all_and_taught_to_another(tmp_path: Path) -> None:
    succeed("train", ["experiment=best_colour_steps", *TOY, "seeds=[0]", "measures=quick"], tmp_path)
    found = rows(tmp_path / "multirun" / "best_colour_steps")
    assert len(found) > 8 and all(row["status"] == "completed" for row in found)
    whole = tmp_path / "multirun" / "best_colour_steps" / found[2]["folder"] / "checkpoints" / "best.ckpt"
    words = ["experiment=best_colour", *TOY, "loss=distillation", f"task.loss.teachers=[{whole}]"]
    student = succeed("train", [*words, "seed=1", "hydra.run.dir=student"], tmp_path).cwd / "student"
    measured = json.loads((student / "metrics.json").read_text())
    assert measured["val/loss"] > 0 and measured["test/accuracy"] > 0


@pytest.mark.parametrize("factor", [2, 4])
def test_the_best_super_resolution_is_trained_and_keeps_the_known_means(factor: int, tmp_path: Path) -> None:
    words = ["experiment=best_super_resolution", *TOY, f"task.degradation.scale_factor={factor}"]
    best = succeed("train", words, tmp_path).best
    succeed("evaluate", [f"checkpoint={best}", "test_time_symmetries=8", "measures=quick", "baselines=[linear_filter]",
                         "hydra.run.dir=evaluation"], tmp_path)  # fmt: skip
    table = read_table(tmp_path / "evaluation" / "comparison.csv")
    psnr = {row["method"]: float(row["mean"]) for row in table if row["measure"] == "psnr"}
    assert psnr["pixel_shuffle_resnet"] > psnr["linear_filter"] - 1  # it begins as that, and projected

"""A new training begins with weights of a file: its task is kept, its start measured; another task takes what fits."""

from __future__ import annotations

import json
from pathlib import Path

import console
import pytest
from console import TINY, TINY_DATA, run, succeed
from omegaconf import OmegaConf

import colourize
from colourize.checkpoints import read
from colourize.methods.identity import settings_of_checkpoint
from colourize.starting_point import verdict
from colourize.weights import files

SMALL = (*TINY_DATA[:-1], "data.size=16", "data.drawing_seed=7", "trainer.accelerator=cpu", "trainer.max_epochs=1")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    files.write(path, read(console.trained("colour_classification").best))
    return path


def test_the_task_is_the_files_and_the_run_goes_on_after_a_stop(weights: Path, tmp_path: Path) -> None:
    outcome = succeed("train", [*SMALL, f"checkpoint={weights}", "hydra.run.dir=run"], tmp_path)
    folder = tmp_path / "run"
    config = OmegaConf.load(folder / "config.yaml")
    assert config.model.num_filters == 4 and config.task.optimizer.lr == pytest.approx(1e-4)
    before, after = colourize.load(weights), colourize.load(folder / "checkpoints" / "best.ckpt")
    colours = [task.hparams["fitted"]["answer"]["colours"].tolist() for task in (before, after)]
    assert colours[0] == colours[1] and len(colours[0]) == 4 and after.hparams["size"] == [16, 16]
    start = json.loads((folder / "run.json").read_text())["start"]
    assert start["checkpoint"] == str(weights) and start["val/loss"] > 0
    assert f"than the start, {weights}: val/loss" in outcome.stdout
    table = (folder / "metrics.csv").read_text()
    again = succeed("train", ["resume=run", "trainer.max_epochs=2"], tmp_path)
    assert f"than the start, {weights}: val/loss" in again.stdout
    assert f"{start['val/loss']:.4g} before the first step" in again.stdout
    assert (folder / "metrics.csv").read_text().startswith(table)
    assert read(folder / "checkpoints" / "last.ckpt")["colourize"]["start"] == start
    assert json.loads((folder / "run.json").read_text())["start"] == start
    alone = (folder / "checkpoints" / "best.ckpt").rename(tmp_path / "alone.ckpt")
    assert settings_of_checkpoint(alone, read(alone))["checkpoint"] == str(weights)  # another method than from scratch


def test_a_training_that_spoils_the_weights_says_so(weights: Path, tmp_path: Path) -> None:
    outcome = succeed("train", [*SMALL, f"checkpoint={weights}", "task.optimizer.lr=0.3"], tmp_path)
    assert "No better than the start" in outcome.stdout
    assert verdict({"checkpoint": "a", "val/psnr": 20.0}, "val/psnr", "max", 21.0) == (
        "Better than the start, a: val/psnr 21 at best, 20 before the first step"
    )


def test_another_task_takes_the_weights_that_fit(tmp_path: Path) -> None:
    words = (
        *TINY,
        "model=residual_sr",
        "task=super_resolution_regression",
        "trainer.max_epochs=1",
        "model.num_filters=8",
    )
    succeed("train", [*words, "task.degradation.scale_factor=2", "hydra.run.dir=twice"], tmp_path)
    files.write(tmp_path / "twice.safetensors", read(tmp_path / "twice" / "checkpoints" / "best.ckpt"))
    more = (
        "checkpoint=twice.safetensors",
        "task.degradation.scale_factor=4",
        "task.optimizer.lr=0",
        "hydra.run.dir=four",
    )
    succeed("train", [*words, *more], tmp_path)
    log = (tmp_path / "four" / "train.log").read_text()
    twice, four = (read(tmp_path / name)["state_dict"] for name in ("twice.safetensors", "four/checkpoints/best.ckpt"))
    same = [name for name, value in four.items() if name in twice and value.shape == twice[name].shape]
    new = [name for name in four if name not in same]
    assert f"{len(same)} of {len(four)} tensors are those of twice.safetensors; new: {', '.join(new)}" in log
    assert same and new
    trained = [name for name in same if name.endswith("weight")]  # the rate is 0; batch norm counts on
    assert all(four[name].equal(twice[name]) for name in trained)


def test_parts_of_the_files_task_cannot_be_typed(weights: Path, tmp_path: Path) -> None:
    outcome = run("train", [*SMALL, f"checkpoint={weights}", "model.num_filters=8"], tmp_path)
    assert outcome.code == 2 and len(outcome.stderr.splitlines()) == 1
    assert "error: model.num_filters: checkpoint=" in outcome.stderr and "brings its own" in outcome.stderr

"""Starts: what a sweep's folders are called, and what is left of a run or a sweep that could not begin."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from console import TINY, run, succeed

from colourize.cli.starts import Starts

QUICK = [*TINY[:-2], "callbacks.samples=null", "trainer.max_epochs=1", "trainer.accelerator=cpu"]


@pytest.mark.slow
def test_a_sweeps_folders_are_named_by_what_varies_and_can_be_pasted(tmp_path: Path) -> None:
    words = ["-m", *QUICK, "model=cnn,unet", "task.optimizer.lr=1e-3", "hydra.sweep.dir=sweep", "seed=3"]
    succeed("train", words, tmp_path)
    assert {path.parent.name for path in (tmp_path / "sweep").glob("*/metrics.json")} == {"model-cnn", "model-unet"}
    pasted = "checkpoint=sweep/model-unet/checkpoints/last.ckpt"
    succeed("evaluate", [pasted, "baselines=[]", "measures.names=mse"], tmp_path)


@pytest.mark.slow
def test_an_experiments_own_sweep_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "seeds.yaml").write_text(
        "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {seed: '3,4', model: unet}}}\n"
    )
    words = [*QUICK, f"hydra.searchpath=[file://{tmp_path}]", "experiment=seeds", "hydra.sweep.dir=sweep"]
    succeed("train", words, tmp_path)
    assert {path.parent.name for path in (tmp_path / "sweep").glob("*/metrics.json")} == {"seed-3", "seed-4"}


def test_a_workers_process_knows_the_names() -> None:
    """A launcher gives the callback to its worker, pickled; all else that the worker needs comes after."""
    code = "import sys, pickle; from omegaconf import OmegaConf; pickle.load(sys.stdin.buffer)"
    code += "; assert OmegaConf.has_resolver('job_folder')"
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(Starts()), check=True, timeout=60)


@pytest.mark.parametrize(
    "wrong",
    [
        "model=unet,foo",
        "foo=1,2",
        "launcher=submitit",
        "hydra/launcher=nope",
        "hydra.job.chdir=true",
        "hydra.sweep.subdir=${hydra.job.num}",
        "experiment=a5_classification,fast",
        "experiment=fast,course",
        "--cfg=job",
    ],
)
def test_a_sweep_that_cannot_start_leaves_nothing(wrong: str, tmp_path: Path) -> None:
    if wrong == "launcher=submitit":
        pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="comes with the extra slurm")
    outcome = run("train", ["-m", *TINY, "seed=0,1", wrong], tmp_path / "here", PATH=str(tmp_path))
    assert outcome.code == 2 and len(outcome.stderr.splitlines()) == 1 and wrong.split("=")[0] in outcome.stderr
    assert list((tmp_path / "here").iterdir()) == []


def test_a_folder_that_was_there_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / "mine" / "seed-0").mkdir(parents=True)
    assert run("train", [*TINY, "model.kernel_size=4", "hydra.run.dir=mine"], tmp_path).code == 2
    assert run("train", ["-m", *TINY, "model=unet,foo", "hydra.sweep.dir=mine"], tmp_path).code == 2
    assert (tmp_path / "mine" / "seed-0").is_dir() and not (tmp_path / "mine" / "sweep.json").exists()

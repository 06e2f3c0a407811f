"""What is left of a run or a sweep that could not begin."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from console import TINY, run

from colourize.cli.starts import Starts


def test_a_workers_process_knows_the_names() -> None:
    """A launcher pickles the callback for its worker, which needs the resolvers first."""
    code = "import sys, pickle; from omegaconf import OmegaConf; pickle.load(sys.stdin.buffer)"
    code += "; assert OmegaConf.has_resolver('job_folder')"
    subprocess.run([sys.executable, "-c", code], input=pickle.dumps(Starts()), check=True, timeout=60)


def test_a_folder_that_was_there_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / "mine" / "seed-0").mkdir(parents=True)
    assert run("train", [*TINY, "model.kernel_size=4", "hydra.run.dir=mine"], tmp_path).code == 2
    assert run("train", ["-m", *TINY, "model=unet,foo", "hydra.sweep.dir=mine"], tmp_path).code == 2
    assert (tmp_path / "mine" / "seed-0").is_dir() and not (tmp_path / "mine" / "sweep.json").exists()

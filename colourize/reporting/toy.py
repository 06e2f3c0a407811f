"""The runs of the quick report: small networks on drawn horses, which learn enough in minutes for useful pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import track

from colourize.errors import InputError
from colourize.runs.record import cores
from colourize.runs.sweeps import quoted

# With a few hundred pictures and a high, falling learning rate, the course's networks colour sky, meadow and horse.
SIZE = (
    "data=synthetic", "data.num_train=600", "data.num_val=100", "data.num_test=100", "data.batch_size=25",
    "trainer.max_epochs=12", "lr_scheduler=one_cycle", "task.optimizer.lr=5e-3", "seeds=[0]",
    "trainer.enable_progress_bar=false",
)  # fmt: skip
# Questions with few networks, most of which are shared; the first experiments train those that the others reuse.
EXPERIMENTS = {
    "c2_skip_connections": (), "a4_colour_space": (), "a5_classification": (), "d2_super_resolution": (),
    "a3_epochs": ("callbacks.checkpoints.keep_epochs=[4,8]", "lr_scheduler=constant", "task.optimizer.lr=1e-3"),
    "a1_layers": (), "b2_regression_or_classification": (), "e_activations": (), "f4_larger_pictures": (),
}  # fmt: skip


def run_all(folder: Path, experiments: Mapping[str, Sequence[str]] = EXPERIMENTS, size: Sequence[str] = SIZE) -> Path:
    """Run experiments at this size into a folder, each with its overrides; those that are finished are skipped.

    Raises:
        InputError: an experiment failed; the others run nevertheless.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def run(name: str) -> bool:
        words = [*size, *experiments[name], f"experiment={name}", f"hydra.sweep.dir={quoted(str(folder / name))}"]
        command = [sys.executable, "-m", "colourize.train", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
            )
        return done.returncode == 0

    with ThreadPoolExecutor(max_workers=max(1, cores() or 1)) as pool:
        succeeded = list(track(pool.map(run, experiments), "Experiments", total=len(experiments)))
    failed = [name for name, ok in zip(experiments, succeeded, strict=True) if not ok]
    if failed:
        raise InputError(f"{folder}: {', '.join(failed)} failed; see {folder}/<name>.log")
    return folder

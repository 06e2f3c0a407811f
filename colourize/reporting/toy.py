"""Every experiment at toy size on the drawn horses, so that a whole report takes minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import track

from colourize.errors import InputError
from colourize.reporting.questions import questions
from colourize.runs.surroundings import cores
from colourize.runs.sweeps import quoted

# Small enough for minutes, large enough that no table, curve or picture is empty.
SIZE = (
    "data=synthetic", "data.num_val=20", "data.num_test=24", "seeds=[0]", "trainer.enable_progress_bar=false",
    "measures=quick",
)  # fmt: skip
USUAL = ("data.num_train=60", "data.batch_size=20", "trainer.max_epochs=2")
OWN = {
    "a3_epochs": (*USUAL[:2], "trainer.max_epochs=4", "callbacks.checkpoints.keep_epochs=[1,2]"),
    "c3_batch_size": ("data.num_train=200", "trainer.max_epochs=5"),  # a batch size would replace those of its cells
}


def run_all(folder: Path) -> Path:
    """Run all experiments with a question into a folder, except those that it has already.

    Raises:
        InputError: one of them failed; the others are run nevertheless.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def run(name: str) -> bool:
        words = [*SIZE, *OWN.get(name, USUAL), f"experiment={name}", f"hydra.sweep.dir={quoted(str(folder / name))}"]
        command = [sys.executable, "-m", "colourize.train", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
            done = subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
            )
        return done.returncode == 0

    names = list(questions())
    with ThreadPoolExecutor(max_workers=max(1, cores() or 1)) as pool:
        succeeded = list(track(pool.map(run, names), "Experiments", total=len(names)))
    failed = [name for name, ok in zip(names, succeeded, strict=True) if not ok]
    if failed:
        raise InputError(f"{folder}: {', '.join(failed)} failed; see {folder}/<name>.log")
    return folder

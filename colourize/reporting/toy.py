"""Every experiment at toy size on the built-in drawn horses, so that anyone sees a whole report within minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from colourize.errors import InputError
from colourize.reporting.questions import questions
from colourize.runs.surroundings import cores
from colourize.runs.sweeps import quoted

# Small enough for minutes, large enough that every table, curve and picture has something to show.
SIZE = (
    "data=synthetic", "data.num_val=20", "data.num_test=24", "seeds=[0]", "trainer.enable_progress_bar=false",
    "measures=quick",
)  # fmt: skip
USUAL = ("data.num_train=60", "data.batch_size=20", "trainer.max_epochs=2")
OWN = {
    "a3_epochs": (*USUAL[:2], "trainer.max_epochs=4", "callbacks.checkpoints.keep_epochs=[1,2]"),
    "c3_batch_size": ("data.num_train=200", "trainer.max_epochs=5"),  # what is typed would stand in place of its sizes
}


def run_all(folder: Path) -> Path:
    """Run all experiments that answer a question into a folder; what lies there already is not run again.

    Raises:
        InputError: one of them failed; the others are run all the same.
    """
    names = list(questions())
    folder.mkdir(parents=True, exist_ok=True)
    failed: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress, ThreadPoolExecutor(max_workers=max(1, cores() or 1)) as pool:
        bar = progress.add_task("Experiments", total=len(names))
        running = {pool.submit(_run, name, folder): name for name in names}
        for done in as_completed(running):
            progress.advance(bar)
            if not done.result():
                failed.append(running[done])
    if failed:
        raise InputError(f"{folder}: {', '.join(failed)} failed; see {folder}/<name>.log")
    return folder


def _run(name: str, folder: Path) -> bool:
    words = [
        *SIZE,
        *OWN.get(name, USUAL),
        f"experiment={name}",
        f"hydra.sweep.dir={quoted(str(folder / name))}",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "colourize.train", *words]
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment)
    return done.returncode == 0

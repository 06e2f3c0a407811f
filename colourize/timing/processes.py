"""Other programs, timed from their start: what a user waits for at the prompt."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from colourize.errors import ColourizeError


class Finished(NamedTuple):
    """How a process went: `started` is on `time.time()`'s clock, which processes share."""

    started: float
    seconds: float
    stdout: str


def run(command: Sequence[str], folder: Path, num_threads: int | None = None) -> Finished:
    """Run a command in a folder, which is made where it is missing.

    Raises:
        ColourizeError: it failed; the message ends with its last words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started, clock = time.time(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(num_threads), capture_output=True, text=True)
    seconds = time.perf_counter() - clock
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
        raise ColourizeError(f"{' '.join(command)[:200]} ended with code {done.returncode}: {last[:400]}")
    return Finished(started, seconds, done.stdout)


def environment(num_threads: int | None) -> dict[str, str]:
    """This process's environment, without what Hydra's apps set in it for themselves."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    return {**kept, "OMP_NUM_THREADS": str(num_threads)} if num_threads else kept


def another_process() -> ProcessPoolExecutor:
    """A process for functions of this program, with as many threads; memory is handled there as Python does by itself.

    (The console scripts have glibc keep freed memory, see `colourize.machine.memory`.)
    """
    import torch

    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, torch.set_num_threads, (torch.get_num_threads(),))


def console_scripts() -> dict[str, list[str]]:
    """The command of each of the project's console scripts, by name."""
    found = distribution("colourize").entry_points.select(group="console_scripts")
    return {entry.name: script(entry.name, entry.value.partition(":")[0]) for entry in found}


def script(name: str, module: str) -> list[str]:
    """The command of a console script; without an installed one the module as `python -m`."""
    path = Path(sys.executable).with_name(name)
    return [str(path)] if path.exists() else [sys.executable, "-m", module]


def train_command() -> list[str]:
    """The command `colourize-train`."""
    return script("colourize-train", "colourize.train")

"""Other processes and programs: timed from their start, as a user waits for them, and asked for their memory."""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from colourize.errors import ColourizeError

TRAIN = [sys.executable, "-m", "colourize.train"]


def run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> float:
    """The seconds that a command takes, with further environment variables.

    Raises:
        ColourizeError: it failed; the message ends with its last words.
    """
    # Without what Hydra's apps set for themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    environment |= variables or {}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
        raise ColourizeError(f"{' '.join(command)[:200]} ended with code {done.returncode}: {last[:400]}")
    return seconds


def train(overrides: Sequence[str], work: Path, variables: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Run `colourize-train` in another process.

    Returns:
        For its first step and for each epoch a mapping with `seconds`, the time since it was started.
    """
    folder = work / "train"
    path = folder / "stamps"
    stamps = ["+callbacks.stamps._target_=colourize.timing.programs.Stamps", f"+callbacks.stamps.path={path}"]
    started = time.time()  # a clock that processes share
    run([*TRAIN, *overrides, *stamps, "hydra.mode=RUN", f"hydra.run.dir={folder}"], variables)
    lines = path.read_text().splitlines()
    shutil.rmtree(folder)
    return [{**stamp, "seconds": stamp["time"] - started} for stamp in map(json.loads, lines)]


class Stamps(Callback):
    """Adds a line to a file after the first step and after every epoch, for the process that started this one."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        if trainer.global_step == 1:
            if pl_module.device.type == "cuda":
                torch.cuda.synchronize()
            self._add()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._add()

    def _add(self) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"time": time.time()}) + "\n")


def another_process() -> ProcessPoolExecutor:
    """A process for functions of this program, which gives freed memory back (see `colourize.machine.memory`)."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

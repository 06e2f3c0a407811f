"""Other processes and programs: timed from their start, as a user waits for them, and asked for their memory."""

import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from colourize.errors import ColourizeError

TRAIN = [sys.executable, "-m", "colourize.train"]


def run(command: Sequence[str]) -> float:
    """The seconds that a command takes.

    Raises:
        ColourizeError: it failed; the message ends with its last words.
    """
    # Without what Hydra's apps set for themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
        raise ColourizeError(f"{' '.join(command)[:200]} ended with code {done.returncode}: {last[:400]}")
    return seconds


def train(overrides: Sequence[str], work: Path) -> list[dict[str, Any]]:
    """A `colourize-train` of its own: the stamps of its first step and of each epoch, `seconds` after its start."""
    folder = work / "train"
    path = folder / "stamps"
    stamps = ["+callbacks.stamps._target_=colourize.timing.programs.Stamps", f"+callbacks.stamps.path={path}"]
    started = time.time()  # a clock that processes share
    run([*TRAIN, *overrides, *stamps, "hydra.mode=RUN", f"hydra.run.dir={folder}"])
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
        self._add(val_loss=trainer.callback_metrics["val/loss"].item())

    def _add(self, **facts: float) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"time": time.time(), "peak_mb": memory_mb("VmHWM"), **facts}) + "\n")


def another_process() -> ProcessPoolExecutor:
    """A process for functions of this program, which gives freed memory back (see `colourize.machine.memory`)."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def memory_mb(key: str = "VmRSS") -> float:
    """This process's resident memory in MB (10⁶ bytes), with "VmHWM" its peak; nan where the system does not tell."""
    # Not resource.getrusage: its peak includes what the parent process held before this program was loaded.
    status = Path("/proc/self/status")
    found = re.search(rf"{key}:\s+(\d+) kB", status.read_text() if status.exists() else "")
    return int(found[1]) * 1024 / 1e6 if found else float("nan")

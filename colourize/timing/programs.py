"""Times programs in separate processes from their start, as a user waits for them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from colourize.errors import ColourizeError

TRAIN = [sys.executable, "-m", "colourize.train"]


def run(command: Sequence[str]) -> float:
    """The seconds that a command takes.

    Raises:
        ColourizeError: the command failed; the message ends with its last two lines.
    """
    # Without the variables that Hydra's apps set for themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
        raise ColourizeError(f"{' '.join(command)[:200]} ended with code {done.returncode}: {last[:400]}")
    return seconds


def train(overrides: Sequence[str], work: Path) -> float:
    """Run `colourize-train`; returns the seconds from its start to its first step."""
    folder = work / "train"
    path = folder / "stamp"
    stamp = ["+callbacks.stamp._target_=colourize.timing.programs.Stamp", f"+callbacks.stamp.path={path}"]
    started = time.time()  # a clock that processes share
    run([*TRAIN, *overrides, *stamp, "hydra.mode=RUN", f"hydra.run.dir={folder}"])
    seconds = float(path.read_text()) - started
    shutil.rmtree(folder)
    return seconds


class Stamp(Callback):
    """Writes the time after the first step into a file, for the parent process."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        if trainer.global_step == 1:
            if pl_module.device.type == "cuda":
                torch.cuda.synchronize()
            self.path.write_text(str(time.time()))

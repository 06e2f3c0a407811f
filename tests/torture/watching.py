"""What a process holds at the start of each run in it: memory and open files. A callback, for the soak."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from lightning import Callback, LightningModule, Trainer


class Watch(Callback):
    """Adds a line to a file whenever a training starts: resident memory in kB, open files, threads."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        gc.collect()  # what can be freed is no leak
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        opened = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
        files = [each for each in opened if each.startswith("/") and not each.startswith("/dev/")]
        with self.path.open("a") as file:
            numbers = (status["VmRSS"].split()[0], str(len(opened)), status["Threads"].strip(), *sorted(files))
            file.write("\t".join(numbers) + "\n")

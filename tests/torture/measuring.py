"""What durability costs, measured within a run: a callback that does without it in every second step and file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from colourize.callbacks.checkpoints import Checkpoints
from colourize.callbacks.finite import StopWhereNotFinite
from colourize.runs import checkpoint_files
from colourize.runs.checkpoint_files import CheckpointFiles

OURS = (Checkpoints, StopWhereNotFinite)
HOOKS = ("on_train_batch_start", "on_train_batch_end")
WITH_FIRST = (True, False, False, True)  # so that a drift favours neither


class Cost(Callback):
    """Times steps with and without our hooks, in turn, and at the end checkpoints by us and by Lightning.

    Args:
        path: a JSON file: "steps" and "checkpoints", pairs of seconds (with, without) that training waits; "hooks",
            seconds a step that our hooks themselves take; "settled", seconds until ours are on the disk.
        checkpoints: how many pairs of them.
    """

    def __init__(self, path: str, checkpoints: int = 40) -> None:
        self.path, self.checkpoints = Path(path), checkpoints
        self.durable, self.spent, self.last, self.count = True, 0.0, 0.0, 0
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.hooks: list[float] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage != "fit":
            return
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, OURS):
                for name in HOOKS:
                    setattr(callback, name, self._switched(getattr(callback, name)))

    def _switched(self, hook: Any) -> Any:
        def switched(*arguments: Any) -> None:
            if self.durable:
                started = time.perf_counter()
                hook(*arguments)
                self.spent += time.perf_counter() - started

        return switched

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        now = time.perf_counter()
        if batch_idx > 1:  # else there is an epoch's end in it
            self.times[self.durable].append(now - self.last)
            if self.durable:
                self.hooks.append(self.spent)
        self.spent, self.last = 0.0, now
        self.count += 1
        self.durable = WITH_FIRST[self.count % 4]

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.durable = True
        saved: dict[bool, list[float]] = {True: [], False: []}
        settled = []
        callbacks, files = trainer.callbacks, trainer.strategy.checkpoint_io  # type: ignore[attr-defined]
        assert isinstance(files, CheckpointFiles)
        for number in range(2 * self.checkpoints):
            ours = WITH_FIRST[number % 4]
            trainer.callbacks = callbacks if ours else []  # type: ignore[attr-defined]
            trainer.strategy.checkpoint_io = files if ours else TorchCheckpointIO()
            started = time.perf_counter()
            with checkpoint_files.meanwhile(trainer):
                trainer.save_checkpoint(self.path.with_name("ours" if ours else "theirs") / "last.ckpt")
            saved[ours].append(time.perf_counter() - started)
            checkpoint_files.wait(trainer)
            if ours:
                settled.append(time.perf_counter() - started)
        trainer.callbacks, trainer.strategy.checkpoint_io = callbacks, files  # type: ignore[attr-defined]
        size = (self.path.with_name("ours") / "last.ckpt").stat().st_size
        pairs = {
            name: list(zip(each[True], each[False], strict=False))
            for name, each in (("steps", self.times), ("checkpoints", saved))
        }
        self.path.write_text(json.dumps({**pairs, "hooks": self.hooks, "settled": settled, "bytes": size}))

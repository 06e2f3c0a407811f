"""What durability costs: a step against one without, a checkpoint against Lightning's own. Best on a quiet machine."""

from __future__ import annotations

import functools
import json
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from colourize.callbacks.checkpoints import Checkpoints
from colourize.callbacks.finite import StopWhereNotFinite
from colourize.runs import checkpoint_files
from torture.parts import Part, Totals, fail
from torture.processes import Process

STEP, CHECKPOINT = 1.01, 1.2
CHECKPOINTS = 40  # pairs of them
OURS = (Checkpoints, StopWhereNotFinite)
WITH_FIRST = (True, False, False, True)  # so that a drift favours neither
RUN = (
    "data=synthetic", "data.num_train=800", "data.num_val=20", "data.num_test=20", "data.batch_size=100",
    "data.palette=24", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false", "~logger",
    "callbacks.learning_rate=null", "callbacks.samples=null",
)  # fmt: skip


class Cost(Callback):
    """Times steps with and without our hooks, in turn, and at the end checkpoints by us and by Lightning.

    Args:
        path: a JSON file: "steps" and "checkpoints", pairs of seconds (with, without) that training waits; "hooks",
            seconds a step that our hooks themselves take; "settled", seconds until ours are on the disk.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.durable, self.spent, self.last, self.count = True, 0.0, 0.0, 0
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.hooks: list[float] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        for callback in trainer.callbacks if stage == "fit" else ():  # type: ignore[attr-defined]
            if isinstance(callback, OURS):
                for name in ("on_train_batch_start", "on_train_batch_end"):
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
        assert isinstance(files, checkpoint_files.CheckpointFiles)
        for number in range(2 * CHECKPOINTS):
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
        steps, checkpoints = (list(zip(each[True], each[False], strict=False)) for each in (self.times, saved))
        contents = {"steps": steps, "checkpoints": checkpoints, "hooks": self.hooks, "settled": settled, "bytes": size}
        self.path.write_text(json.dumps(contents))


def measure(folder: Path, number: int, chance: random.Random, epochs: int = 50) -> Totals:
    """One training of the default network."""
    here, path = folder / "run", folder / "cost.json"
    shutil.rmtree(here, ignore_errors=True)
    watch = ("+callbacks.cost._target_=torture.cost.Cost", f"+callbacks.cost.path={path}")
    words = ("train", *RUN, f"trainer.max_epochs={epochs}", *watch, "hydra.run.dir=run")
    ended = Process(words, here, fresh=True).wait(patience=3600)
    if ended.code != 0:
        fail(folder, ended.output)
        return Counter(trainings=1, failures=1)
    found = json.loads(path.read_text())
    with_, without = (median(pair[each] for pair in found["steps"]) for each in (0, 1))
    ours, theirs = (median(pair[each] for pair in found["checkpoints"]) for each in (0, 1))
    hooks = median(found["hooks"])
    return Counter(
        trainings=1, failures=int(1 + hooks / without > STEP) + int(ours / theirs > CHECKPOINT),
        pairs=len(found["steps"]), step_us=round(1e6 * without), step_ratio=round(1e4 * with_ / without),
        hooks_us=round(1e6 * hooks), checkpoint_us=round(1e6 * theirs), our_checkpoint_us=round(1e6 * ours),
        settled_us=round(1e6 * median(found["settled"])), bytes=found["bytes"],
    )  # fmt: skip


def _describe(totals: Totals) -> str:
    if not totals["step_us"]:
        return "nothing"
    return (
        f"a step of {totals['step_us'] / 1000:.1f} ms: {totals['step_ratio'] / 1e4:.4f} (median of {totals['pairs']} "
        f"pairs), of which our own work is {1 + totals['hooks_us'] / totals['step_us']:.4f}; a checkpoint of "
        f"{totals['bytes'] / 1e6:.1f} MB: {totals['our_checkpoint_us'] / totals['checkpoint_us']:.2f} "
        f"({totals['our_checkpoint_us'] / 1000:.1f} ms, and on the disk after {totals['settled_us'] / 1000:.1f}; "
        f"Lightning's {totals['checkpoint_us'] / 1000:.1f})"
    )


PARTS = (
    Part(
        "cost", "the cost of durability", f"a step ≤ {STEP} of one without, a checkpoint ≤ {CHECKPOINT}",
        "trainings", 1, 1, measure, _describe, quick_unit=functools.partial(measure, epochs=2),
    ),
)  # fmt: skip

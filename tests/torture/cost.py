"""What durability costs: a step against one without, a checkpoint against Lightning's own. Best on a quiet machine."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path
from statistics import median

from torture.parts import Part, Totals, fail
from torture.processes import Process

STEP, CHECKPOINT = 1.01, 1.2
RUN = (
    "data=synthetic", "data.num_train=800", "data.num_val=20", "data.num_test=20", "data.batch_size=100",
    "data.palette=24", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false", "~logger",
    "callbacks.learning_rate=null", "callbacks.samples=null",
)  # fmt: skip


def measure(folder: Path, number: int, chance: random.Random, epochs: int = 50) -> Totals:
    """One training of the default network."""
    here, path = folder / "run", folder / "cost.json"
    shutil.rmtree(here, ignore_errors=True)
    watch = ("+callbacks.cost._target_=torture.measuring.Cost", f"+callbacks.cost.path={path}")
    words = ("train", *RUN, f"trainer.max_epochs={epochs}", *watch, "hydra.run.dir=run")
    ended = Process(words, here, fresh=True).wait(patience=3600)
    if ended.code != 0:
        fail(folder, ended.told)
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


def measure_a_little(folder: Path, number: int, chance: random.Random) -> Totals:
    """The quick version."""
    return measure(folder, number, chance, epochs=2)


def _told(totals: Totals) -> str:
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
        "trainings", 1, 1, measure, _told, quick_unit=measure_a_little,
    ),
)  # fmt: skip

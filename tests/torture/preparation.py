"""Sixteen runs start at once where nothing is prepared: one prepares the pictures, all train, and none fails."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from pathlib import Path

import numpy as np

from colourize.data.cifar10 import CATEGORIES, cache_path, read_cache
from torture.archives import mirror_of
from torture.comparing import unreadable
from torture.parts import Part, Totals, conclude
from torture.processes import Process, run

PROCESSES = 16
KILLED = 3  # of them, at random moments, in every second round
RUN = (
    "data=cifar10", "data.batch_size=20", "data.palette=4", "model.num_filters=2", "trainer.max_epochs=1",
    "trainer.limit_train_batches=1", "trainer.limit_test_batches=1", "trainer.accelerator=cpu",
    "trainer.enable_progress_bar=false", "callbacks.samples=null", "~logger", "callbacks.learning_rate=null",
)  # fmt: skip


def prepare_at_once(folder: Path, number: int, chance: random.Random) -> Totals:
    """Start all of them in the same instant; in every second round kill some, and the others must do as well."""
    mirror = mirror_of(folder / "archive")
    here, totals = folder / f"round-{number}", Counter[str](rounds=1, failures=0)
    shutil.rmtree(here, ignore_errors=True)
    root = here / "data"
    root.mkdir(parents=True)
    words = ("train", *RUN, f"data.root={root}", f"data.mirror={mirror}")
    start = time.monotonic() + 1

    def wait() -> None:
        time.sleep(max(0.0, start - time.monotonic()))

    started = [
        Process((*words, f"hydra.run.dir=run-{each}"), here / f"{each}", before=wait) for each in range(PROCESSES)
    ]
    killed = set()
    if number % 2:
        time.sleep(max(0.0, start - time.monotonic()))
        for each in chance.sample(range(PROCESSES), KILLED):
            time.sleep(chance.uniform(0, 0.7))
            if started[each].kill_after(0):
                killed.add(each)
    faults = []
    for each, process in enumerate(started):
        ended = process.wait()
        totals["processes"] += 1
        if each not in killed and (ended.code != 0 or "Traceback" in ended.output):
            faults.append(f"process {each} ended with {ended.code}: {ended.output}")
    totals["killed"] += len(killed)
    if not faults and killed:  # the next one goes on where a killed one was
        ended = run((*words, "data.category=all", "hydra.run.dir=after"), here / "after")
        faults += [ended.output] if ended.code else []
    faults += unreadable(root) or ([] if faults else _faults(root, folder / "first.npz"))
    return conclude(here, f"round {number}", faults, totals)


def _faults(root: Path, first: Path) -> list[str]:
    """What is in the folder besides ten caches, the same every time, one palette and the lock."""
    names = {path.name for path in root.iterdir() if not path.name.startswith(".palette-")}
    palettes = {name for name in names if name.startswith("palette-")}
    expected = {*(cache_path(root, each).name for each in CATEGORIES), ".cifar10.lock", *palettes}
    faults = [f"there is, or is not: {name}" for name in sorted(names ^ expected)]
    contents = np.concatenate([np.concatenate(read_cache(cache_path(root, each))) for each in CATEGORIES])
    if not first.exists():
        np.savez(first, contents=contents)
    if not np.array_equal(np.load(first)["contents"], contents):
        faults.append("other pictures than in the first round")
    return faults


def _describe(totals: Totals) -> str:
    return (
        f"{totals['rounds']} rounds of {PROCESSES} processes, of which {totals['killed']} were killed in the middle: "
        f"{totals['failures']} rounds with an error, or with anything but one result"
    )


PARTS = (
    Part(
        "preparation", "the data prepared for the first time, by several processes at once",
        f"{PROCESSES} processes, one result, no error", "rounds", 10, 1, prepare_at_once, _describe,
    ),
)  # fmt: skip

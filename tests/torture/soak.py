"""Two hundred runs in one process, a sweep's jobs one after the other: memory and open files must not grow."""

from __future__ import annotations

import functools
import gc
import os
import random
import shutil
from collections import Counter
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from colourize.runs.tables import read_table
from torture.parts import Part, Totals, fail
from torture.processes import TINY, Process

WARM = 10  # jobs after which memory has to be flat
FLAT = 0.05
JOBS, FEW = 200, 25


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


def soak(folder: Path, number: int, chance: random.Random, jobs: int = JOBS) -> Totals:
    """One sweep in a new interpreter; every job notes what the process holds."""
    here = folder / "sweep"
    shutil.rmtree(here, ignore_errors=True)
    watched = folder / "watched.tsv"
    watched.unlink(missing_ok=True)
    words = (
        "train", "-m", *TINY, "model.num_filters=4", "trainer.max_epochs=1", f"seed=range(0,{jobs})",
        "+callbacks.watch._target_=torture.soak.Watch", f"+callbacks.watch.path={watched}",
        "hydra.sweep.dir=jobs",
    )  # fmt: skip
    ended = Process(words, here, fresh=True).wait(patience=3600)
    rows = [line.split("\t") for line in watched.read_text().splitlines()]
    memory, opened, threads = ([int(row[column]) for row in rows] for column in range(3))
    table = read_table(here / "jobs" / "results.csv")
    faults = [ended.output[-2000:]] if ended.code != 0 else []
    if [row["status"] for row in table] != ["completed"] * jobs or len(rows) != jobs:
        faults.append(f"{len(table)} rows, {len(rows)} jobs began")
    after = memory[WARM:]
    change = max(abs(each / after[0] - 1) for each in after)
    if change > FLAT:
        faults.append(f"memory changes by {change:.1%}")
    if max(opened[WARM:]) > opened[WARM]:
        faults.append(f"open files: {opened[WARM]}, later {max(opened)}: {rows[-1][3:]}")
    if faults:
        fail(folder, "\n  ".join(faults))
    return Counter(
        jobs=jobs, failures=len(faults), memory_mb=after[0] // 1000, last_mb=after[-1] // 1000,
        most_mb=max(after) // 1000, files=opened[WARM], last_files=opened[-1], threads=threads[WARM],
        last_threads=threads[-1], per_mille=round(1000 * change),
    )  # fmt: skip


def _describe(totals: Totals) -> str:
    return (
        f"{totals['jobs']} jobs: {totals['memory_mb']} MB at job {WARM + 1}, {totals['last_mb']} at the last, at most "
        f"{totals['most_mb']} (within {totals['per_mille'] / 10} %); open files {totals['files']}, then "
        f"{totals['last_files']}; threads {totals['threads']}, then {totals['last_threads']}"
    )


PARTS = (
    Part(
        "soak", "runs in one process in one sweep", "200 jobs, memory within ± 5 % after the tenth, no file left open",
        "jobs", JOBS, FEW, soak, _describe, quick_unit=functools.partial(soak, jobs=FEW),
    ),
)  # fmt: skip

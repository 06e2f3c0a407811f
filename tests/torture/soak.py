"""Two hundred runs in one process, a sweep's jobs one after the other: does it grow, do files stay open?"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

from colourize.runs.tables import read_table
from torture.parts import Part, Totals, fail
from torture.processes import TINY, Process

WARM = 10  # jobs after which memory has to be flat
FLAT = 0.05
JOBS, FEW = 200, 25


def soak(folder: Path, number: int, chance: random.Random, jobs: int = JOBS) -> Totals:
    """One sweep in a new interpreter; every job tells what the process holds."""
    here = folder / "sweep"
    shutil.rmtree(here, ignore_errors=True)
    watched = folder / "watched.tsv"
    watched.unlink(missing_ok=True)
    words = (
        "train", "-m", *TINY, "model.num_filters=4", "trainer.max_epochs=1", f"seed=range(0,{jobs})",
        "+callbacks.watch._target_=torture.watching.Watch", f"+callbacks.watch.path={watched}",
        "hydra.sweep.dir=jobs",
    )  # fmt: skip
    ended = Process(words, here, fresh=True).wait(patience=3600)
    rows = [line.split("\t") for line in watched.read_text().splitlines()]
    memory, opened, threads = ([int(row[column]) for row in rows] for column in range(3))
    table = read_table(here / "jobs" / "results.csv")
    faults = [ended.told[-2000:]] if ended.code != 0 else []
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


def _told(totals: Totals) -> str:
    return (
        f"{totals['jobs']} jobs: {totals['memory_mb']} MB at job {WARM + 1}, {totals['last_mb']} at the last, at most "
        f"{totals['most_mb']} (within {totals['per_mille'] / 10} %); open files {totals['files']}, then "
        f"{totals['last_files']}; threads {totals['threads']}, then {totals['last_threads']}"
    )


def soak_a_little(folder: Path, number: int, chance: random.Random) -> Totals:
    """The quick version."""
    return soak(folder, number, chance, FEW)


PARTS = (
    Part(
        "soak", "runs in one process in one sweep", "200 jobs, memory within ± 5 % after the tenth, no file left open",
        "jobs", JOBS, FEW, soak, _told, quick_unit=soak_a_little,
    ),
)  # fmt: skip

"""A part of the torture repeats a unit of work, adds up the units' numbers, and has a goal for the sums."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from colourize.files import write_whole

Totals = Counter[str]
Unit = Callable[[Path, int, random.Random], Totals]


@dataclass(frozen=True)
class Part:
    """A unit of work that is repeated.

    Args:
        name: the name on the command line.
        what, goal: cells of the table.
        counts: the number that says how often it was done; `times` and `quickly` are its targets.
        unit: does it once and returns its numbers; "failures" is one of them.
        describe: puts the sums into words.
        quick_unit: replaces `unit` in the quick version.
    """

    name: str
    what: str
    goal: str
    counts: str
    times: int
    quickly: int
    unit: Unit
    describe: Callable[[Totals], str]
    quick_unit: Unit | None = None


def do(part: Part, work: Path, *, quick: bool, again: bool) -> Totals:
    """Do a part, or continue it; its numbers are kept in `<work>/<name>.json`."""
    folder, kept = work / part.name, work / f"{part.name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    totals: Totals = Counter()
    if kept.exists() and not again:
        totals.update(json.loads(kept.read_text()))
    wanted = part.quickly if quick else part.times
    unit = (quick and part.quick_unit) or part.unit
    while totals[part.counts] < wanted and not (quick and totals["failures"]):
        number = totals["units"]
        totals.update(unit(folder, number, random.Random(f"{part.name} {number}")))
        totals["units"] += 1
        write_whole(kept, json.dumps(totals, indent=1) + "\n")
        print(f"{part.name}: {totals[part.counts]} of {wanted}; {part.describe(totals)}", flush=True)
    return totals


def conclude(here: Path, title: str, faults: Sequence[str], totals: Totals) -> Totals:
    """Report a unit's faults and keep its folder, or remove the folder where there are none."""
    if faults:
        totals["failures"] += 1
        fail(here.parent, f"{title}: " + "\n  ".join(faults))
    else:
        shutil.rmtree(here)
    return totals


def fail(folder: Path, text: str) -> None:
    """Print a failure at once, and append it to the folder's list."""
    with (folder / "failures.txt").open("a", encoding="utf-8") as file:
        file.write(text.rstrip() + "\n\n")
    print(f"FAILED: {text}", flush=True)

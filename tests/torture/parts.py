"""A part of the torture: what is done over and over, until it was done often enough, and what that must show."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from colourize.files import write_whole

Totals = Counter[str]


@dataclass(frozen=True)
class Part:
    """Something that is done unit by unit; the numbers of all units are added up.

    Args:
        name: on the command line.
        what: in the table.
        goal: in the table.
        counts: which number says how often it was done, and how often it is to be done, and in the quick version.
        unit: does it once more: `unit(folder, number, random)` returns its numbers; "failures" is one of them.
        measured: the numbers in words.
        quick_unit: in place of `unit` in the quick version.
    """

    name: str
    what: str
    goal: str
    counts: str
    times: int
    quickly: int
    unit: Callable[[Path, int, random.Random], Totals]
    measured: Callable[[Totals], str]
    quick_unit: Callable[[Path, int, random.Random], Totals] | None = None


def do(part: Part, work: Path, *, quick: bool, again: bool) -> Totals:
    """Do a part, or go on with it where it was stopped; its numbers are kept in `<work>/<name>.json`."""
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
        print(f"{part.name}: {totals[part.counts]} of {wanted}; {part.measured(totals)}", flush=True)
    return totals


def fail(folder: Path, text: str) -> None:
    """Tell a failure at once, and keep it beside what was found."""
    with (folder / "failures.txt").open("a", encoding="utf-8") as file:
        file.write(text.rstrip() + "\n\n")
    print(f"FAILED: {text}", flush=True)

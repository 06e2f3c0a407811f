"""What a part of the benchmark finds: repetitions in turn, their medians and ratios, tables and files."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from colourize.files import write_json
from colourize.runs.surroundings import surroundings
from colourize.runs.tables import write_table
from colourize.timing.settings import Settings

log = logging.getLogger(__name__)

WIDTH = 100  # columns, where the output is no terminal
RANGE = ("_min", "_max")


class Part:
    """The outcome of one part."""

    def __init__(self) -> None:
        self.repetitions: list[dict[str, Any]] = []  # everything as it was measured
        self.rows: list[dict[str, Any]] = []  # labels and numbers, one mapping a line of the CSV file
        self.tables: dict[str, list[dict[str, str]]] = {}  # the same for people, by title

    def compare(
        self,
        title: str,  # of the tables
        label: str,  # what the names are, such as "path"
        names: Sequence[Any],
        measure: Callable[[Any], dict[str, Any]],  # from a name to its numbers; what is no float is not summarised
        repeats: int,
        *,
        over: Sequence[Sequence[str]] = (),  # pairs of names whose ratios are wanted
        warm_up: bool = True,  # whether a first round is not counted
        **where: str,  # further labels of these repetitions, such as case="unet/super_resolution"
    ) -> None:
        """Measure all of `names` in turn, `repeats` times; rows and tables have medians, ranges and ratios."""
        found: dict[Any, list[dict[str, Any]]] = {name: [] for name in names}
        for repetition in range(0 if warm_up else 1, repeats + 1):
            # Each round begins with another name: none always runs on what the same other one left in the caches.
            start = repetition % len(names)
            for name in [*names[start:], *names[:start]]:
                turn = f"repetition {repetition} of {repeats}" if repetition else "warming up"
                log.info("%s: %s", ", ".join([*where.values(), str(name)]), turn)
                measured = measure(name)
                if repetition:
                    found[name].append(measured)
                    self.repetitions.append({**where, label: name, "repetition": repetition, **measured})
        keys = [key for key, value in found[names[0]][0].items() if isinstance(value, float)]
        rows: list[dict[str, Any]] = [{**where, label: name} for name in names]
        compared: list[dict[str, Any]] = [{**where, label: f"{one}/{other}"} for one, other in over]
        for key in keys:
            values = {name: [each[key] for each in found[name]] for name in names}
            for row in rows:
                row |= spread(key, values[row[label]])
            for row, (one, other) in zip(compared, over, strict=True):
                row |= spread(f"{key}_ratio", ratios(values[one], values[other]))
        self.add(f"{title}, median (range)", label, rows)
        if compared:
            self.add(f"{title}, ratios within each repetition", label, compared)

    def add(self, title: str, label: str, rows: list[dict[str, Any]]) -> None:
        """Rows, and a table with their label and their numbers."""
        self.rows += rows
        numbers = [key for key, value in rows[0].items() if isinstance(value, float) and not key.endswith(RANGE)]
        self.tables[title] = [{label: str(row[label]), **{key: shown(row, key) for key in numbers}} for row in rows]


def spread(key: str, values: Sequence[float]) -> dict[str, float]:
    """Median and range; of so few values a standard deviation would mostly measure its own noise."""
    return {key: median(values), f"{key}_min": min(values), f"{key}_max": max(values)}


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The ratios within each repetition: what slows the machine for a while slows both."""
    return [one / other for one, other in zip(above, below, strict=True)]


def shown(row: Mapping[str, Any], key: str) -> str:
    """A number for people, with its range where there is one: "68.7 (65.3–76.4)"."""
    middle = row[key]
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2 if middle >= 0.1 else 3
    ends = [f"{row[key + end]:,.{digits}f}" for end in RANGE if key + end in row]
    return f"{middle:,.{digits}f}" + (f" ({'–'.join(ends)})" if ends else "")


def show(name: str, part: Part) -> None:
    """A part's tables on the terminal."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, markup=False, highlight=False)
    for title, lines in part.tables.items():
        table = Table()
        for number, column in enumerate(lines[0]):
            table.add_column(column, justify="right" if number else "left")
        for line in lines:
            table.add_row(*line.values())
        console.print(f"\n{name}: {title}", table, sep="\n")


def write(folder: Path, settings: Settings, parts: Mapping[str, Part]) -> None:
    """`benchmark.json` with all repetitions, and `<part>.csv`; no date and no folder stands in them."""
    device = torch.cuda.get_device_name() if settings.device.type == "cuda" else "cpu"
    contents = {
        "machine": {**surroundings(), "device": device, "precision": settings.precision},
        "overrides": [each for each in settings.overrides if not each.startswith("data.root=")],
        "repeats": settings.node.repeats,
        "parts": {name: vars(part) for name, part in parts.items()},
    }
    write_json(folder / "benchmark.json", contents)
    for name, part in parts.items():
        write_table(folder / f"{name}.csv", part.rows)

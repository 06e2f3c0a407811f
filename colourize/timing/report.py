"""The results of a part of the benchmark: repetitions in turn, medians and ratios, tables and files."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Column, Table

from colourize.files import write_json
from colourize.runs.record import surroundings
from colourize.runs.tables import write_table
from colourize.timing.settings import Settings

log = logging.getLogger(__name__)

WIDTH = 100  # columns, if the output is not a terminal


class Part:
    """The results of one part."""

    def __init__(self) -> None:
        self.repetitions: list[dict[str, Any]] = []  # the raw measurements
        self.rows: list[dict[str, Any]] = []  # the lines of the CSV file
        self.tables: dict[str, list[dict[str, str]]] = {}  # the same lines as text, by the table's title

    def compare(
        self, title: str, label: str, names: Sequence[str], measure: Callable[[str], Mapping[str, Any]], repeats: int,
        *, over: Sequence[tuple[str, str]] = (), **where: str,
    ) -> None:  # fmt: skip
        """Measure all of `names` in turn; rows and tables have medians, ranges and ratios.

        Args:
            title: the title of the tables.
            label: the heading of the column of names, such as "path".
            measure: returns the numbers for a name; only floats are summarised.
            repeats: the number of rounds, after a first one that does not count.
            over: pairs of names whose ratios are reported.
            where: further columns, such as case="unet/super_resolution".
        """
        found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in names}
        for repetition in range(repeats + 1):
            # Each round starts with another name, so that the order does not favour any of them.
            start = repetition % len(names)
            for name in [*names[start:], *names[:start]]:
                turn = f"repetition {repetition} of {repeats}" if repetition else "warming up"
                log.info("%s: %s", ", ".join([*where.values(), name]), turn)
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
                # Ratios are taken within each repetition, as temporary load slows both.
                shares = [a / b for a, b in zip(values[one], values[other], strict=True)]
                row |= spread(f"{key}_ratio", shares)
        for kind, each in (("median (range)", rows), ("ratios within each repetition", compared)):
            if each:
                numbers = [key for key in each[0] if f"{key}_min" in each[0]]
                lines = [{label: row[label], **{key: shown(row, key) for key in numbers}} for row in each]
                self.tables[f"{title}, {kind}"] = lines
                self.rows += each


def spread(key: str, values: Sequence[float]) -> dict[str, float]:
    """Median and range, as the standard deviation of so few values would be mostly noise."""
    return {key: median(values), f"{key}_min": min(values), f"{key}_max": max(values)}


def shown(row: Mapping[str, Any], key: str) -> str:
    """A number with its range if there is one: "68.7 (65.3–76.4)"."""
    middle = row[key]
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 2 if middle >= 0.1 else 3
    ends = [f"{row[key + end]:,.{digits}f}" for end in ("_min", "_max") if key + end in row]
    return f"{middle:,.{digits}f}" + (f" ({'–'.join(ends)})" if ends else "")


def show(name: str, part: Part) -> None:
    """Print a part's tables."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, markup=False, highlight=False)
    for title, lines in part.tables.items():
        first, *others = lines[0]
        table = Table(first, *(Column(each, justify="right") for each in others))
        for line in lines:
            table.add_row(*line.values())
        console.print(f"\n{name}: {title}", table, sep="\n")


def write(folder: Path, settings: Settings, parts: Mapping[str, Part]) -> None:
    """Write `benchmark.json` with all repetitions and `<part>.csv`, without dates and folders."""
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

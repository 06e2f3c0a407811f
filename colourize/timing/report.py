"""The results of a part of the benchmark: repetitions in turn, medians and ratios, tables and files."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Column, Table

log = logging.getLogger(__name__)

WIDTH = 100  # columns, if the output is not a terminal


class Part:
    """The results of one part."""

    def __init__(self) -> None:
        self.repetitions: list[dict[str, Any]] = []  # the raw measurements
        self.rows: list[dict[str, Any]] = []  # the lines of the CSV file
        self.tables: dict[str, list[dict[str, str]]] = {}  # the same lines as text, by the table's title

    def compare(
        self, title: str, label: str, names: Sequence[str], measure: Callable[[str], Mapping[str, float]],
        repeats: int, over: Sequence[tuple[str, str]], **where: str,
    ) -> None:  # fmt: skip
        """Measure all of `names` in turn; rows and tables have medians, ranges and ratios.

        Args:
            title: the title of the tables.
            label: the heading of the column of names, such as "path".
            measure: returns the numbers for a name.
            repeats: the number of rounds, after a first one that does not count.
            over: pairs of names whose ratios are reported.
            where: further columns, such as case="unet/super_resolution".
        """
        found: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
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
        rows: list[dict[str, Any]] = [{**where, label: name} for name in names]
        ratios: list[dict[str, Any]] = [{**where, label: f"{one}/{other}"} for one, other in over]
        for key in found[names[0]][0]:
            values = {name: [each[key] for each in found[name]] for name in names}
            for row in rows:
                row |= spread(key, values[row[label]])
            for row, (one, other) in zip(ratios, over, strict=True):
                # Ratios are taken within each repetition, as temporary load slows both.
                shares = [a / b for a, b in zip(values[one], values[other], strict=True)]
                row |= spread(f"{key}_ratio", shares)
        for kind, each in (("median (range)", rows), ("ratios within each repetition", ratios)):
            numbers = [key for key in each[0] if f"{key}_min" in each[0]]
            lines = [{label: row[label], **{key: shown(row, key) for key in numbers}} for row in each]
            self.tables[f"{title}, {kind}"] = lines
            self.rows += each


def spread(key: str, values: Sequence[float]) -> dict[str, float]:
    """Median and range, as the standard deviation of so few values would be mostly noise."""
    return {key: median(values), f"{key}_min": min(values), f"{key}_max": max(values)}


def shown(row: Mapping[str, Any], key: str) -> str:
    """A number with its range: "68.7 (65.3–76.4)"."""
    digits = 0 if row[key] >= 100 else 1 if row[key] >= 10 else 2 if row[key] >= 0.1 else 3
    middle, least, most = (f"{row[key + end]:,.{digits}f}" for end in ("", "_min", "_max"))
    return f"{middle} ({least}–{most})"


def show(name: str, part: Part) -> None:
    """Print a part's tables."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, markup=False, highlight=False)
    for title, lines in part.tables.items():
        first, *others = lines[0]
        table = Table(first, *(Column(each, justify="right") for each in others))
        for line in lines:
            table.add_row(*line.values())
        console.print(f"\n{name}: {title}", table, sep="\n")

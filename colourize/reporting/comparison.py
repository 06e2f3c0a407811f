"""A comparison as text, CSV and Markdown."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from colourize.files import write_whole
from colourize.measures.registry import direction, headlines
from colourize.methods.results import Comparison, Row
from colourize.runs.tables import write_table

MARKS = {"better": "▲", "worse": "▼", "more": "△", "less": "▽", "": ""}
NOTE = (
    "Mean over {pictures} pictures with its 95 % interval (bootstrap over pictures, these seeds given); ± is the "
    "standard deviation over the seeds. The difference to the reference is paired, and its 95 % interval is over "
    "pictures and, where a method has several, seeds; ▲ better, ▼ worse (△ more, ▽ less) only where it excludes zero; "
    "where the nearest to 0 is best, that of the difference between the distances from 0 decides."
)


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """`comparison.csv`, `comparison.md` and `comparison.txt`, each with all measures."""
    write_table(folder / "comparison.csv", [row.cells() for row in comparison.rows])
    write_whole(folder / "comparison.md", markdown(comparison))
    text = io.StringIO()
    show_comparison(comparison, comparison.measures, Console(width=120, file=text))
    write_whole(folder / "comparison.txt", text.getvalue())


def show_comparison(comparison: Comparison, measures: Sequence[str] = (), console: Console | None = None) -> None:
    """Tables of measures on the terminal, by default of the headlines that were measured."""
    console = console or Console()
    shown = list(measures) or headlines(comparison.measures) or comparison.measures[:4]
    for measure in shown:
        console.print(f"{measure}{_way(measure)}", highlight=False)
        table = _table(comparison, measure)
        if console.measure(table).maximum > console.width:
            table = _table(comparison, measure, fewer_digits=1)
        console.print(table)
    console.print(NOTE.format(pictures=_pictures(comparison)), highlight=False)
    for name, reason in comparison.left_out.items():
        console.print(f"Left out: {name}: {reason}", highlight=False, soft_wrap=True)


def markdown(comparison: Comparison) -> str:
    """One table a measure, with a line on how to read them."""
    parts = [NOTE.format(pictures=_pictures(comparison))]
    for measure in comparison.measures:
        rows = comparison.of(measure)
        lines = [
            f"**{measure}**{_way(measure)}", "",
            "| method | mean | 95 % interval | ± seeds | less reference | 95 % interval | |",
            "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
            *("| " + " | ".join(_texts(row, comparison)) + " |" for row in rows),
        ]  # fmt: skip
        parts.append("\n".join(lines))
    parts += [f"Left out: {name}: {reason}" for name, reason in comparison.left_out.items()]
    return "\n\n".join(parts) + "\n"


def _table(comparison: Comparison, measure: str, *, fewer_digits: int = 0) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("method", overflow="fold", min_width=12)
    for heading in ("mean", "95 % interval", "±", "less ref", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for row in comparison.of(measure):
        table.add_row(*map(escape, _texts(row, comparison, fewer_digits)))
    return table


def _texts(row: Row, comparison: Comparison, fewer_digits: int = 0) -> list[str]:
    """A row's cells: the mean's interval decides how many digits are worth telling."""
    digits = max(0, digits_for((row.high - row.low) / 2) - fewer_digits)
    reference = comparison.reference.get(row.method)
    difference = "reference" if reference == row.method else _signed(row.difference, digits)
    return [
        row.method, _number(row.mean, digits), _range(row.low, row.high, digits),
        _number(row.seed_deviation, digits), difference,
        _range(row.difference_low, row.difference_high, digits, signed=True), MARKS[row.mark],
    ]  # fmt: skip


def digits_for(scale: float) -> int:
    """How many decimals are worth telling of a number whose uncertainty has a scale: two of that one's digits."""
    if not (math.isfinite(scale) and scale > 0):
        return 4
    return max(0, min(6, 1 - math.floor(math.log10(scale))))


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def _signed(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:+.{digits}f}"


def _range(low: float, high: float, digits: int, *, signed: bool = False) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"{low:+.{digits}f}…{high:+.{digits}f}" if signed else f"{low:.{digits}f}…{high:.{digits}f}"


def _way(measure: str) -> str:
    way = direction(measure)
    return f" ({way})" if way else ""


def _pictures(comparison: Comparison) -> int:
    return comparison.rows[0].pictures if comparison.rows else 0

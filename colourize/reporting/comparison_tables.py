"""Comparisons of methods as tables: on the terminal, as text, CSV and Markdown, and in the report."""

from __future__ import annotations

import io
import math
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as TerminalTable

from colourize.files import write_whole
from colourize.measures.base import LESS, MORE, NEITHER, ZERO
from colourize.measures.registry import badness, direction, headlines
from colourize.methods.comparison import Comparison, Results, Row, read_results
from colourize.methods.grouping import by_input, read_settings
from colourize.methods.sources import read_sources
from colourize.methods.wording import headed, setting, words
from colourize.reporting.context import Table
from colourize.reporting.findings import number, one_or
from colourize.reporting.provenance import warning
from colourize.reporting.questions import questions
from colourize.runs.tables import write_table

FOR_NAMES = 26  # columns of a sweep's table that are reserved for the methods' names
MARKS = {"better": "▲", "worse": "▼", "more": "△", "less": "▽", "": ""}
ARROWS = {MORE: " ↑", LESS: " ↓", ZERO: " →0", NEITHER: ""}
NOTE = (
    "Mean over {} pictures with its 95 % interval (bootstrap over pictures, these seeds given); ± is the "
    "standard deviation over the seeds. The difference to the reference is paired, and its 95 % interval is over "
    "pictures and, where a method has several, seeds; ▲ better, ▼ worse (△ more, ▽ less) only where it excludes zero; "
    "where the nearest to 0 is best, that of the difference between the distances from 0 decides."
)
CAPTION = "Mean over {} test pictures ± half of its 95 % interval{}; arrows say which values are good{}"
MARKED = (
    "; ▲ better, ▼ worse than the task's reference without a network ({}), where the paired 95 % interval over "
    "pictures and seeds excludes zero"
)

SEVERAL = "if there are several, the one that shares most settings"


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `comparison.csv`, `comparison.md` and `comparison.txt`, each with all measures."""
    write_table(folder / "comparison.csv", [row.cells() for row in comparison.rows])
    write_whole(folder / "comparison.md", markdown(comparison))
    text = io.StringIO()
    show_comparison(comparison, comparison.measures, Console(width=120, file=text))
    write_whole(folder / "comparison.txt", text.getvalue())


def show_comparison(
    comparison: Comparison,
    measures: Sequence[str] = (),
    console: Console | None = None,
    named: Sequence[str] = (),
) -> None:
    """Print tables of measures on the terminal, by default of the measured headlines and of the measures in `named`."""
    console = console or Console()
    usual = headlines(comparison.measures) or comparison.measures[:4]
    for measure in measures or [*usual, *(each for each in comparison.measures if each in named and each not in usual)]:
        console.print(titled(measure), highlight=False)
        table = _comparison_table(comparison, measure)
        if console.measure(table).maximum > console.width:
            table = _comparison_table(comparison, measure, fewer_digits=1)
        console.print(table)
    console.print(_note(comparison), highlight=False)
    for name, reason in comparison.left_out.items():
        console.print(f"Left out: {name}: {reason}", highlight=False, soft_wrap=True)


def show_sweep(folder: Path) -> None:
    """Print the results of a sweep's finished runs in the width of the terminal, the best method first.

    Each input has a table of its own, as restoring colours and restoring detail are not compared. The measures that an
    experiment's question asks for come first.
    """
    found, _ = read_sources([folder])
    results = read_results(read_settings([run for source in found for run in source.runs]))
    named = [name for source in found if (each := questions().get(source.experiment or "")) for name in each.measures]
    asked = results.comparable([*named, *headlines(results.comparison.measures)])
    main = results.main_measure(named and asked) if results.settings.settings else None
    if main is None:
        return
    comparison, console = results.comparison, Console()
    baselines = {each.label for each in results.settings.baselines}
    for members in by_input(results.settings.settings).values():
        labels = [each.label for each in members]
        ranked = [row.method for row in comparison.of(main) if row.method in labels]
        ranked += [label for label in labels if label not in ranked]  # methods without this measure
        columns = [["", *(f"{method} °" if method in baselines else method for method in ranked)]]
        room = console.width - FOR_NAMES
        for name in dict.fromkeys([main, *asked]):
            rows = [comparison.row(name, method) for method in ranked]
            if not any(rows):
                continue
            texts = [interval_text(row.mean, row.low, row.high, row.seed_deviation) if row else "" for row in rows]
            room -= max(map(len, [headed(name), *texts])) + 1
            if room < 0:
                break
            columns.append([headed(name), *texts])
        console.print(_terminal_table(columns), "")
    if no_result := warning([run for source in found for run in source.runs]):
        console.print(no_result, highlight=False)
    order = f"Best first by {words(main)}, {direction(main)}; mean" if len(comparison.of(main)) > 1 else "Mean"
    notes = [f"{order} ± half of its 95 % interval over the test pictures"]
    if any(each.seeds > 1 for each in comparison.rows):
        notes.append("in parentheses ± the standard deviation over seeds")
    notes += ["°: without a network"] if baselines else []
    if any(each.label.endswith("(usual)") for each in results.settings.settings):
        notes.append(f"usual: {', '.join(setting(key, value) for key, value in results.settings.usual.items())}")
    console.print(f"{'; '.join(notes)}.", highlight=False)
    print(f"More:  colourize-report {shlex.quote(os.path.relpath(folder))} questions=false")


def markdown(comparison: Comparison) -> str:
    """One table for each measure, with a line on how to read them."""
    parts = [_note(comparison)]
    for measure in comparison.measures:
        lines = [
            titled(measure).replace(measure, f"**{measure}**", 1), "",
            "| method | mean | 95 % interval | ± seeds | difference | 95 % interval | |",
            "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
            *("| " + " | ".join(_cells(row, comparison)) + " |" for row in comparison.of(measure)),
        ]  # fmt: skip
        parts.append("\n".join(lines))
    parts += [f"Left out: {name}: {reason}" for name, reason in comparison.left_out.items()]
    return "\n\n".join(parts) + "\n"


def titled(measure: str) -> str:
    """A measure's name with the direction in which it is better."""
    return f"{measure} ({direction(measure)})" if direction(measure) else measure


def headline_table(results: Results, measures: Sequence[str], csv: str) -> Table:
    """A row for each setting, a column for each measure, with the best network of each input marked.

    `csv` is the file with all numbers.
    """
    labels = [each.label for each in results.settings.settings]
    networks = {each.label for each in results.settings.networks}
    rows = [[label if label in networks else f"{label} °"] for label in labels]
    best: list[set[int]] = [set() for _ in labels]
    for column, name in enumerate(measures, 1):
        own = {row.method: row for row in results.comparison.of(name)}
        for label, cells in zip(labels, rows, strict=True):
            row = own.get(label)
            if row is None or math.isnan(row.mean):
                cells.append("")
            else:
                text = interval_text(row.mean, row.low, row.high, row.seed_deviation)
                cells.append(f"{text}\u00a0{MARKS[row.mark]}".strip())
        for members in by_input(results.settings.networks).values():
            finite = [row for each in members if (row := own.get(each.label)) and math.isfinite(row.mean)]
            if len(finite) > 1 and direction(name):
                winner = min(finite, key=lambda row: badness(name, row.mean))
                best[labels.index(winner.method)].add(column)
    references = sorted({name for name in results.comparison.reference.values() if name})
    shown = [row for name in measures for row in results.comparison.of(name)]
    several = any(math.isfinite(row.seed_deviation) for row in shown)
    caption = CAPTION.format(
        max(row.pictures for row in shown) if shown else "the",
        ", in parentheses ± the standard deviation over seeds" if several else "",
        "; °: without a network" if results.settings.baselines else "",
    )
    caption += f"{MARKED.format(one_or(references, SEVERAL)) if references else ''}."
    if any(label.endswith("(usual)") for label in labels):
        usual = (setting(key, value) for key, value in results.settings.usual.items())
        caption += f" Usual: {', '.join(usual)}."
    return Table(caption, ["", *(f"{headed(name)}{ARROWS[direction(name)]}" for name in measures)], rows, best, csv)


def interval_text(mean: float, low: float, high: float, seed_deviation: float) -> str:
    """A mean ± half of its interval, and in parentheses the standard deviation over seeds, if they are known.

    A line may break before each ±, but not after it.
    """
    half = (high - low) / 2
    if not (half > 0 or seed_deviation > 0):
        return number(mean)
    digits = digits_for(half if half > 0 else seed_deviation)
    text = f"{mean:.{digits}f}" + (f" ±\u00a0{half:.{digits}f}" if math.isfinite(half) else "")
    return text + (f" (±\u00a0{seed_deviation:.{digits}f})" if math.isfinite(seed_deviation) else "")


def with_spread(values: Sequence[float]) -> str:
    """The mean of seeds' values and their standard deviation, to two digits of it; empty without values.

    Where there is no deviation, three digits of the mean remain.
    """
    if not values:
        return ""
    spread = stdev(values) if len(values) > 1 else 0.0
    if not spread > 0:
        return number(mean(values))
    digits = digits_for(spread)
    return f"{mean(values):.{digits}f} (± {spread:.{digits}f})"


def digits_for(uncertainty: float) -> int:
    """The number of meaningful decimals of a number, up to the second digit of its uncertainty."""
    if not (math.isfinite(uncertainty) and uncertainty > 0):
        return 4
    return max(0, min(6, 1 - math.floor(math.log10(uncertainty))))


def _comparison_table(comparison: Comparison, measure: str, *, fewer_digits: int = 0) -> TerminalTable:
    rows = [_cells(row, comparison, fewer_digits) for row in comparison.of(measure)]
    columns = zip(("method", "mean", "95 % interval", "±", "diff.", "95 % interval", ""), *rows, strict=True)
    return _terminal_table([each for each in columns if any(each[1:])])


def _terminal_table(columns: Sequence[Sequence[str]]) -> TerminalTable:
    """A table from its columns, which begin with their headings; the first one, the methods' names, may be wrapped."""
    table = TerminalTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for place, (heading, *_) in enumerate(columns):
        if place == 0:
            table.add_column(heading, overflow="fold", min_width=12)
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in zip(*(each for _, *each in columns), strict=True):
        table.add_row(*map(escape, row))
    return table


def _cells(row: Row, comparison: Comparison, fewer_digits: int = 0) -> list[str]:
    digits = max(0, digits_for((row.high - row.low) / 2) - fewer_digits)

    def text(*values: float, sign: str = "") -> str:
        return "" if any(map(math.isnan, values)) else "…".join(f"{value:{sign}.{digits}f}" for value in values)

    is_reference = comparison.reference.get(row.method) == row.method
    return [
        row.method, text(row.mean), text(row.low, row.high), text(row.seed_deviation),
        "reference" if is_reference else text(row.difference, sign="+"),
        text(row.difference_low, row.difference_high, sign="+"), MARKS[row.mark],
    ]  # fmt: skip


def _note(comparison: Comparison) -> str:
    return NOTE.format(comparison.rows[0].pictures if comparison.rows else 0)

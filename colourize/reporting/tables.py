"""The table of a sweep: settings by measures, with intervals, spread and marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from colourize.measures.base import LESS, MORE, NEITHER, ZERO
from colourize.measures.registry import badness, direction
from colourize.methods.grouping import Settings
from colourize.methods.results import Results, Row
from colourize.reporting.comparison import MARKS, digits_for
from colourize.reporting.elements import Table
from colourize.runs.tables import write_table

MEANS = "Mean over the test pictures ± half of its 95 % interval over pictures{}; °: without a network"
SPREAD = ", in brackets ± the standard deviation over seeds"
MARKED = (
    "; ▲ better, ▼ worse than the method without a network of the same task ({}), where the paired 95 % interval over "
    "pictures and seeds excludes zero"
)

LAST_EPOCH = "Where the last epoch ended: mean over seeds (± their standard deviation), with the weights of that epoch."


def headline_table(results: Results, measures: Sequence[str], csv: str) -> Table:
    """A row a setting, a column a measure, the best network's cell marked.

    Args:
        csv: the file that has all numbers, from the report's folder.
    """
    labels = [each.label for each in results.settings.settings]
    networks = {each.label for each in results.settings.networks}
    by_place = {(row.measure, row.method): row for row in results.comparison.rows}
    columns = [f"{name} {_arrow(name)}".strip() for name in measures]
    rows, best = [], []
    for label in labels:
        cells = [_cell(by_place.get((name, label))) for name in measures]
        rows.append([label if label in networks else f"{label} °", *cells])
        best.append(set[int]())
    for place, name in enumerate(measures, 1):
        means = {label: by_place[name, label].mean for label in networks if (name, label) in by_place}
        finite = {label: mean for label, mean in means.items() if math.isfinite(mean)}
        if len(finite) > 1 and direction(name):
            best[labels.index(min(finite, key=lambda label: badness(name, finite[label])))].add(place)
    references = sorted({name for name in results.reference.values() if name})
    spread = SPREAD if any(math.isfinite(row.seed_deviation) for row in results.comparison.rows) else ""
    caption = MEANS.format(spread) + (MARKED.format(", ".join(references)) if references else "") + "."
    usual = results.settings.usual
    if any(label.endswith("(usual)") for label in labels):
        caption += f" Usual: {', '.join(f'{key}={value}' for key, value in usual.items())}."
    return Table(caption, ["", *columns], rows, best, csv)


def last_epoch_table(settings: Settings, folder: Path, csv: str) -> Table:
    """The training and validation measures where each network's last epoch ended, which is also written as CSV.

    Args:
        folder: the report's.
        csv: the file, from there.
    """
    names = ("train/loss", "val/loss", "val/accuracy", "val/psnr")
    lines: list[dict[str, object]] = []
    rows = []
    for setting in settings.networks:
        ends = [epochs[-1] for run in setting.runs.values() if (epochs := run.metrics())]
        if not ends:
            continue
        line: dict[str, object] = {"setting": setting.label, "seeds": len(ends), "epochs": ends[0].get("epoch", "")}
        cells = [setting.label, str(line["epochs"])]
        for name in names:
            values = [end[name] for end in ends if name in end]
            spread = stdev(values) if len(values) > 1 else math.nan
            line |= {name: mean(values) if values else "", f"{name} ±": "" if math.isnan(spread) else spread}
            cells.append(with_spread(values, spread))
        lines.append(line)
        rows.append(cells)
    write_table(folder / csv, lines)
    kept = [place for place in range(2 + len(names)) if any(row[place] for row in rows)]
    columns = ["", "epochs", *names]
    return Table(
        LAST_EPOCH, [columns[place] for place in kept], [[row[place] for place in kept] for row in rows], csv=csv
    )


def with_spread(values: Sequence[float], spread: float) -> str:
    """The mean of values and their spread, to two digits of the spread; empty of no values."""
    if not values:
        return ""
    digits = digits_for(spread)
    return f"{mean(values):.{digits}f}" + (f" (± {spread:.{digits}f})" if spread > 0 else "")


def interval_text(mean: float, low: float, high: float, seed_deviation: float) -> str:
    """A mean ± half of its interval, and the standard deviation over seeds in brackets, each where it is known."""
    half = (high - low) / 2
    digits = digits_for(half if half > 0 else seed_deviation)
    text = f"{mean:.{digits}f}"
    if math.isfinite(half):
        text += f" ± {half:.{digits}f}"
    if math.isfinite(seed_deviation):
        text += f" (± {seed_deviation:.{digits}f})"
    return text


def _cell(row: Row | None) -> str:
    if row is None or math.isnan(row.mean):
        return ""
    return f"{interval_text(row.mean, row.low, row.high, row.seed_deviation)} {MARKS[row.mark]}".strip()


def _arrow(measure: str) -> str:
    return {MORE: "↑", LESS: "↓", ZERO: "→0", NEITHER: ""}[direction(measure)]

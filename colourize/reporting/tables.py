"""The table of a sweep: settings by measures, with intervals, spread and marks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from colourize.comparison.report import MARKS
from colourize.comparison.results import Row
from colourize.measures.selection import badness, direction
from colourize.reporting.elements import Table
from colourize.reporting.results import Results

MEANS = (
    "Mean over the test pictures ± half of its 95 % interval over pictures, in brackets ± the standard deviation over "
    "seeds; °: without a network"
)
MARKED = (
    "; ▲ better, ▼ worse than the method without a network of the same task ({}), where the paired 95 % interval over "
    "pictures and seeds excludes zero"
)


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
        if len(finite) > 1 and direction(name) is not None:
            best[labels.index(min(finite, key=lambda label: badness(name, finite[label])))].add(place)
    references = sorted({name for name in results.reference.values() if name})
    caption = MEANS + (MARKED.format(", ".join(references)) if references else "") + "."
    return Table(caption, ["", *columns], rows, best, csv)


def _cell(row: Row | None) -> str:
    if row is None or math.isnan(row.mean):
        return ""
    half = (row.high - row.low) / 2
    scale = half if math.isfinite(half) and half > 0 else row.seed_deviation
    known = math.isfinite(scale) and scale > 0
    digits = max(0, min(6, 1 - math.floor(math.log10(scale)))) if known else 4
    text = f"{row.mean:.{digits}f}"
    if math.isfinite(half):
        text += f" ± {half:.{digits}f}"
    if math.isfinite(row.seed_deviation):
        text += f" (± {row.seed_deviation:.{digits}f})"
    return f"{text} {MARKS[row.mark]}".strip()


def _arrow(measure: str) -> str:
    way = direction(measure) or ""
    return {"more": "↑", "less": "↓", "near": "→0"}.get(way[:4], "")

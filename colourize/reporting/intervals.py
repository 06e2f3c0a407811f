"""Methods beside each other with their intervals: a small panel for each measure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colourize.figures.saving import BOTH, save_figure
from colourize.measures.registry import direction
from colourize.methods.results import Comparison

INK, REFERENCE = "#1f4e79", "#b8590b"


def draw_intervals(comparison: Comparison, measures: list[str], path: Path, formats: Sequence[str] = BOTH) -> None:
    """Each method's mean, a dot, with its 95 % interval over pictures, a broad bar; saved as SVG and PNG.

    A method with several seeds has a thin bar as well, ± one standard deviation over them. A reference is a diamond on
    a dashed line. A mean that would squeeze all others together stands at the edge as a number.

    Args:
        path: without its ending.
        formats: of the file, or files.
    """
    from matplotlib.figure import Figure

    columns = min(2, len(measures))
    height = 0.8 + 0.26 * len(comparison.methods)
    rows = -(-len(measures) // columns)
    figure = Figure(figsize=(4.6 * columns, height * rows), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axis, measure in zip(axes, measures, strict=False):
        _panel(axis, comparison, measure)
    for axis in axes[len(measures) :]:
        axis.set_axis_off()
    save_figure(figure, path, formats)


def _panel(axis: Any, comparison: Comparison, measure: str) -> None:
    rows = [row for row in comparison.of(measure) if np.isfinite(row.mean)]
    references = {label for label in comparison.reference.values() if label}
    places = np.arange(len(rows))[::-1]
    low, high = _fence([row.mean for row in rows])
    for place, row in zip(places, rows, strict=True):
        colour = REFERENCE if row.method in references else INK
        if not low <= row.mean <= high:  # its place would squeeze all others together
            right = row.mean > high
            axis.annotate(
                f"{row.mean:.3g} ▸" if right else f"◂ {row.mean:.3g}", (float(right), place), fontsize=7, color=colour,
                xycoords=("axes fraction", "data"), ha="right" if right else "left", va="center",
            )  # fmt: skip
            continue
        if np.isfinite(row.seed_deviation):
            spread = row.seed_deviation
            axis.plot([row.mean - spread, row.mean + spread], [place, place], color=colour, lw=1, alpha=0.6)
        if np.isfinite(row.low):
            axis.plot([row.low, row.high], [place, place], color=colour, lw=4, solid_capstyle="butt", alpha=0.7)
        axis.plot(row.mean, place, "o" if row.method not in references else "D", color=colour, ms=4)
        if row.method in references:
            axis.axvline(row.mean, color=REFERENCE, lw=0.8, ls="--", zorder=0)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.set_yticks(places, [row.method for row in rows], fontsize=7)
    axis.tick_params(axis="x", labelsize=7)
    way = direction(measure)
    axis.set_title(measure + (f" ({way})" if way else ""), fontsize=8, loc="left")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _fence(means: list[float]) -> tuple[float, float]:
    """Beyond these a mean lies so far from most others that it is only told as a number."""
    if not means:
        return 0.0, 0.0
    first, third = np.quantile(means, [0.25, 0.75])
    reach = 3 * (third - first) or np.inf
    return float(first - reach), float(third + reach)

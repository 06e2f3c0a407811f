"""Plots of methods: intervals, learning curves, and the effects of settings, legible without colour."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from colourize.figures.saving import BOTH, COLOURS, DASHES, FAINT, MARKERS, PANELS, look, panels, save_figure
from colourize.measures.intervals import Estimate
from colourize.measures.registry import direction
from colourize.methods.comparison import Comparison, Results
from colourize.methods.grouping import Setting, Settings, by_value
from colourize.methods.references import usual_baseline
from colourize.methods.wording import headed, last_words, words
from colourize.reporting.findings import number

METHOD, REFERENCE = "#1f4e79", "#b8590b"
MOST = len(COLOURS)  # maximum number of settings in one panel; with more, each key gets its own panel
FEWEST_EFFECTS = 3  # minimum number of values of a key in a plot; for two, a table is enough
MEASURES = ("train/loss", "val/loss", "val/accuracy")


def draw_intervals(comparison: Comparison, measures: list[str], path: Path, formats: Sequence[str] = BOTH) -> None:
    """Draw each method's mean (a dot) with its 95 % interval over pictures (a broad bar), in a panel for each measure.

    A method with several seeds also has a thin bar, ± one standard deviation over them. A reference is a diamond on a
    dashed line. A mean far outside the others' range is written at the edge. `path` has no extension.
    """
    figure, axes = panels(len(measures), 2, (3.9, 0.8 + 0.3 * len(comparison.reference)))
    references = set(comparison.reference.values())
    for axis, measure in zip(axes, measures, strict=True):
        rows = [row for row in comparison.of(measure) if np.isfinite(row.mean)][::-1]
        first, third = np.quantile([row.mean for row in rows], [0.25, 0.75]) if rows else (0, 0)
        reach = 3 * (third - first) or np.inf
        for place, row in enumerate(rows):
            mark, colour = ("D", REFERENCE) if row.method in references else ("o", METHOD)
            if not first - reach <= row.mean <= third + reach:
                x, text = (1, f"{row.mean:.3g} ▸") if row.mean > third else (0, f"◂ {row.mean:.3g}")
                axis.annotate(text, (x, place), xycoords=("axes fraction", "data"), ha=("left", "right")[x],
                              va="center", fontsize=7, color=colour)  # fmt: skip
                continue
            if np.isfinite(spread := row.seed_deviation):
                axis.plot([row.mean - spread, row.mean + spread], [place, place], color=colour, lw=1, alpha=0.6)
            if np.isfinite(row.low):
                axis.plot([row.low, row.high], [place, place], color=colour, lw=4, solid_capstyle="butt", alpha=0.7)
            axis.plot(row.mean, place, mark, color=colour, ms=4)
            if row.method in references:
                axis.axvline(row.mean, color=REFERENCE, lw=0.8, ls="--", zorder=0)
        axis.set_ylim(-0.6, len(rows) - 0.4)
        axis.locator_params(axis="x", nbins=6)
        axis.set_yticks(range(len(rows)), [fill(row.method, 30) for row in rows])
        way = f" ({direction(measure)})" if direction(measure) else ""
        axis.set_title(f"{headed(measure)}{way}", fontsize=8, loc="left")
    save_figure(figure, path, formats)


def draw_curves(path: Path, settings: Settings, x: str = "epoch") -> bool | None:
    """Draw training and validation measures against epochs (or "step"): a line per setting, thin lines for its seeds.

    Grey dashes are the values of the tasks' usual baselines. The file is an SVG.

    Returns:
        Whether baselines are drawn; None: no run has a curve, and nothing is drawn.
    """
    read = {each.label: [run.metrics() for run in each.runs.values()] for each in settings.networks}
    measures = [name for name in MEASURES if any(name in row for runs in read.values() for run in runs for row in run)]
    if not measures:
        return None
    if len({_loss(each) for each in settings.networks}) > 1:  # different losses have no common axis
        known = [{name for row in run for name in row} for runs in read.values() for run in runs]
        measures = sorted({"val/psnr", "val/accuracy"}.intersection(*known), reverse=True) or measures
    shared = {"": settings.networks}
    if len(settings.networks) > MOST:
        by_key = {last_words(key): each[:MOST] for key, each in settings.variations().items() if len(each) > 1}
        shared = by_key or {"": settings.networks[:MOST]}
    figure, axes = panels(len(measures) * len(shared), len(measures), (3.5, 2.7), sharey="col")
    dashed = False
    for place, (axis, (heading, measure)) in enumerate(zip(axes, itertools.product(shared, measures), strict=True)):
        members = shared[heading]
        for style, setting in enumerate(members):
            _draw_curve(axis, read[setting.label], measure, x, style, setting.label)
        low, high = axis.get_ylim()
        named: list[float] = []
        for each in (one for one in settings.baselines if one.model == usual_baseline(one.task[0])):
            value = each.first.measures().get(measure, np.nan)
            is_comparable = not measure.endswith("loss") or {_loss(one) for one in members} == {_loss(each)}
            if is_comparable and low - 2 * (high - low) <= value <= high + 2 * (high - low):
                dashed = True
                axis.axhline(value, color=FAINT, lw=0.8, ls=(0, (2, 2)))
                if any(abs(value - other) < (high - low) / 15 for other in named):
                    continue  # its name would cover another name
                named.append(value)
                axis.annotate(each.label, (1, value), xycoords=("axes fraction", "data"), fontsize=7, color="#444444",
                              ha="right", va="bottom", zorder=1)  # behind the curves  # fmt: skip
        axis.set_title(f"{heading}: {headed(measure)}" if heading else headed(measure), fontsize=8, loc="left")
        axis.set_xlabel(f"{x}s", fontsize=7)
        axis.xaxis.get_major_locator().set_params(integer=True)
        if place % len(measures) == 0:
            axis.legend(fontsize=7, frameon=False)
    save_figure(figure, path, ["svg", PANELS])
    return dashed


def draw_effects(path: Path, results: Results, measure: str) -> bool:
    """Draw a measure against the values of each key that varies alone (in a grid, for all settings).

    A ring (for baselines, another mark) is a seed, a dash the mean, and a bar its 95 % interval over pictures where one
    setting has the value. Baselines that vary in the same key have a line of their own. The file is an SVG; False if no
    key has three values.
    """
    by_key: dict[str, dict[str, dict[Any, list[Estimate]]]] = {}
    for key, members in results.settings.variations().items():
        lines: dict[str, dict[Any, list[Estimate]]] = {}
        baselines = [each for each in results.settings.baselines if members and each.task == members[0].task]
        for each in sorted([*members, *baselines], key=lambda each: by_value(each.values[key])):
            for estimate in results.of(measure, [each]).values():
                name = each.model if each.is_baseline else ""
                lines.setdefault(name, {}).setdefault(each.values[key], []).append(estimate)
        varying = {name: values for name, values in sorted(lines.items()) if len(values) > 1}
        if "" in varying:
            by_key[key] = varying
    if max((len(lines[""]) for lines in by_key.values()), default=0) < FEWEST_EFFECTS:
        return False
    figure, axes = panels(len(by_key), 3, (3.2, 2.3), sharey=True)
    for axis, (key, lines) in zip(axes, by_key.items(), strict=True):
        places = sorted(dict.fromkeys(value for values in lines.values() for value in values), key=by_value)
        for style, (name, values) in enumerate(lines.items()):
            colour, across = (COLOURS[style + 1], style * 0.12)
            for value, estimates in values.items():
                place = places.index(value) + across
                seeds = np.concatenate([each.by_seed for each in estimates])
                axis.plot([place] * len(seeds), seeds, MARKERS[style], ms=3.5, mfc="none", color=colour)
                axis.plot(place, seeds.mean(), "_", ms=16, mew=2, color=colour if name else COLOURS[0])
                if len(estimates) == 1 and np.isfinite(estimates[0].draws).all():
                    axis.vlines(place, *estimates[0].interval(), color=colour, lw=1.2, alpha=0.7)
            if name:
                means = [np.concatenate([each.by_seed for each in estimates]).mean() for estimates in values.values()]
                axis.plot([places.index(value) + across for value in values], means, ls=DASHES[style], lw=1,
                          color=colour, label=words(name))  # fmt: skip
        if len(lines) > 1:
            axis.legend(fontsize=7, frameon=False)
        axis.set_xticks(range(len(places)), [fill(words(value), 14) for value in places])
        axis.set_title(last_words(key), fontsize=8, loc="left")
        axis.set_ylabel(headed(measure), fontsize=7)
    save_figure(figure, path, ["svg", PANELS])
    return True


def draw_interaction(path: Path, results: Results, measure: str, keys: Sequence[str]) -> bool:
    """Draw a measure against two keys that vary together, as a heat map in SVG; False if one has a single value."""
    settings = results.settings
    first, second = keys
    cells: dict[tuple[Any, Any], float] = {}
    for setting in settings.networks:
        for estimate in results.of(measure, [setting]).values():
            if set(settings.departures(setting)) <= {first, second}:
                cells[setting.values[first], setting.values[second]] = estimate.mean
    # Values that occur with several values of the other key; the effects show the others.
    counts = [Counter(key[side] for key in cells) for side in (0, 1)]
    rows, columns = (sorted((value for value, count in each.items() if count > 1), key=by_value) for each in counts)
    if len(rows) < 2 or len(columns) < 2:
        return False
    grid = np.array([[cells.get((row, column), np.nan) for column in columns] for row in rows])
    down, across = ([words(value) for value in each] for each in (rows, columns))
    axes = last_words(first), last_words(second)
    draw_matrix(path, grid, down, across, number, headed(measure), ["svg"], axes=axes, cmap="cividis")
    return True


def draw_matrix(
    path: Path, grid: np.ndarray, rows: Sequence[Any], columns: Sequence[Any], text: Any, label: str,
    formats: Sequence[str] = BOTH, *, axes: Sequence[str] = ("", ""), heading: str = "", **colours: Any,
) -> None:  # fmt: skip
    """Draw a heat map of a grid (rows, columns) with its numbers; cells that are nan stay empty.

    `text` formats a number, `label` is the label of the colour bar, and `colours` are arguments of `imshow`.
    """
    from matplotlib.figure import Figure

    width, height = max(0.34, 0.9 - 0.05 * len(columns)), max(0.34, 0.6 - 0.02 * len(rows))  # size of a cell in inches
    figure = Figure(figsize=(1.8 + width * len(columns), 1.4 + height * len(rows)), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(grid, aspect="auto", **colours)
    axis.set_xticks(range(len(columns)), list(map(str, columns)), fontsize=7, rotation=90 if len(columns) > 5 else 0)
    axis.set_yticks(range(len(rows)), list(map(str, rows)), fontsize=7)
    axis.set_ylabel(axes[0], fontsize=7)
    axis.set_xlabel(axes[1], fontsize=7)
    axis.set_title(heading, fontsize=9, loc="left")
    for row, column in np.argwhere(np.isfinite(grid)):
        brightness = np.dot(image.cmap(image.norm(grid[row, column]))[:3], (0.3, 0.6, 0.1))
        colour = "black" if brightness > 0.5 else "white"
        axis.text(column, row, text(grid[row, column]), ha="center", va="center", fontsize=6, color=colour,
                  in_layout=False)  # measuring a thousand of them takes seconds  # fmt: skip
    bar = figure.colorbar(image, ax=axis, shrink=0.5)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(label, fontsize=7)
    save_figure(figure, path, formats)


def _draw_curve(
    axis: Any, runs: Sequence[list[dict[str, float]]], measure: str, x: str, style: int, label: str
) -> None:
    lines = [np.array([(row[x], row[measure]) for row in run if x in row and measure in row]) for run in runs]
    lines = [line for line in lines if len(line)]
    for line in lines:
        axis.plot(*line.T, lw=0.5, alpha=0.4, **(look(style) | {"marker": ""}))
    if lines:
        shared = min(map(len, lines))
        mean = np.mean([line[:shared, 1] for line in lines], axis=0)
        every = max(1, shared // 6)
        axis.plot(lines[0][:shared, 0], mean, lw=1.5, ms=3.5, markevery=every, label=label, **look(style))


def _loss(setting: Setting) -> str:
    return f"{setting.first.record.get('loss')} of {setting.first.record.get('answer')}"

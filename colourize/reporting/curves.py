"""Learning curves and effects: all settings of a sweep on common axes, legible without colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colourize.figures.saving import save_figure
from colourize.methods.grouping import Setting, Settings
from colourize.methods.results import Results
from colourize.reporting.findings import number, title

# Okabe & Ito's colours, which all eyes tell apart; each with a dash and a marker of its own.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.3)),
    (0, (6, 2, 1, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
    "-",
)
MARKERS = "osD^vPX"
MOST = len(COLOURS)  # settings in one panel; of more each key gets a panel of its own
FEWEST_EFFECTS = 3  # values of a key that varies alone
MEASURES = ("train/loss", "val/loss", "val/accuracy")


def draw_curves(path: Path, settings: Settings, x: str = "epoch") -> bool:
    """Training and validation measures against epochs (or "step"): a line a setting, its seeds as thin lines.

    Dashes at the right edge are the baselines' values. Saved as SVG.

    Returns:
        False where no run has any curve; then nothing is written.
    """
    from matplotlib.figure import Figure

    read = {each.label: _curves(each) for each in settings.networks}
    measures = [name for name in MEASURES if any(name in row for runs in read.values() for run in runs for row in run)]
    panels = _panels(settings)
    if not measures or not panels:
        return False
    loss_names = {_loss(each) for each in settings.networks}
    if len(loss_names) > 1:  # losses of different kinds have no common axis
        measures = [name for name in ("val/psnr", "val/accuracy") if _all_have(read, name)] or measures
    figure = Figure(figsize=(3.5 * len(measures), 2.7 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), len(measures), squeeze=False)
    for line, (heading, members) in zip(axes, panels.items(), strict=True):
        for axis, measure in zip(line, measures, strict=True):
            for place, setting in enumerate(members):
                _draw(axis, read[setting.label], measure, x, place, setting.label)
            _draw_baselines(axis, settings.baselines, measure, members)
            axis.set_title(f"{heading}{measure}", fontsize=8, loc="left")
            axis.set_xlabel(f"{x}s", fontsize=7)
            _finish(axis)
        line[0].legend(fontsize=6, frameon=False)
    for column in range(len(measures)):
        _common(axes[:, column])
    save_figure(figure, path, ["svg"])
    return True


def draw_effects(path: Path, results: Results, measure: str) -> bool:
    """A measure against the values of each key that varies, a dot a seed: of settings that depart in that key alone.

    Returns:
        False where no key varies alone, or a single one with two values: the table says as much.
    """
    from matplotlib.figure import Figure

    settings = results.settings
    panels = {key: members for key, members in _by_key(settings).items() if len(members) > 1}
    if max(map(len, panels.values()), default=0) < (FEWEST_EFFECTS if len(panels) == 1 else 2):
        return False
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.2 * columns, 2.3 * rows), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
    for axis, (key, members) in zip(axes, panels.items(), strict=False):
        values = [each.values.get(key) for each in members]
        order = _ordered(values)
        for place, index in enumerate(order):
            setting = members[index]
            estimate = results.estimates[setting.label].get(measure)
            if estimate is None:
                continue
            axis.plot([place] * len(estimate.by_seed), estimate.by_seed, "o", ms=3.5, mfc="none", color=COLOURS[1])
            axis.plot(place, estimate.mean, "_", ms=16, mew=2, color=COLOURS[0])
        axis.set_xticks(range(len(order)), [str(values[index]) for index in order], fontsize=7)
        axis.set_title(key, fontsize=8, loc="left")
        _finish(axis)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    for axis in axes[::columns]:
        axis.set_ylabel(title(measure), fontsize=7)
    save_figure(figure, path, ["svg"])
    return True


def draw_interaction(path: Path, results: Results, measure: str, keys: Sequence[str]) -> bool:
    """Two keys together, as a heat map with its numbers; False unless every pair of their values was run."""
    from matplotlib.figure import Figure

    first, second = keys
    settings = results.settings
    cells: dict[tuple[Any, Any], float] = {}
    for setting in settings.networks:
        estimate = results.estimates[setting.label].get(measure)
        if set(settings.departures(setting)) <= {first, second} and estimate is not None:
            cells[setting.values[first], setting.values[second]] = estimate.mean
    # The values of which all pairs are there: of a grid with three rows or more, else of two.
    for fewest in (3, 2):
        columns = [
            each
            for each in _sorted({one for _, one in cells})
            if sum((row, each) in cells for row in {row for row, _ in cells}) >= fewest
        ]
        rows = [
            each
            for each in _sorted({one for one, _ in cells})
            if columns and all((each, column) in cells for column in columns)
        ]
        if len(rows) > 1 and len(columns) > 1:
            break
    else:
        return False
    grid = np.array([[cells[row, column] for column in columns] for row in rows])
    figure = Figure(figsize=(1.6 + 0.9 * len(columns), 1.1 + 0.6 * len(rows)), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(grid, cmap="cividis", aspect="auto")
    axis.set_xticks(range(len(columns)), [str(each) for each in columns], fontsize=7)
    axis.set_yticks(range(len(rows)), [str(each) for each in rows], fontsize=7)
    axis.set_xlabel(second, fontsize=7)
    axis.set_ylabel(first, fontsize=7)
    middle = (grid.min() + grid.max()) / 2
    for place in np.ndindex(grid.shape):
        colour = "black" if grid[place] > middle else "white"
        axis.text(place[1], place[0], number(grid[place]), ha="center", va="center", fontsize=8, color=colour)
    bar = figure.colorbar(image, ax=axis)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(title(measure), fontsize=7)
    save_figure(figure, path, ["svg"])
    return True


def _curves(setting: Setting) -> list[list[dict[str, float]]]:
    return [run.metrics() for run in setting.runs.values()]


def _loss(setting: Setting) -> str:
    """What a loss is of: only equal ones have a common axis."""
    return f"{setting.first.record.get('loss')} of {setting.first.record.get('answer')}"


def _all_have(read: dict[str, list[list[dict[str, float]]]], measure: str) -> bool:
    return all(any(measure in row for row in run) for runs in read.values() for run in runs)


def _panels(settings: Settings) -> dict[str, list[Setting]]:
    """Which settings share a panel, by its heading."""
    networks = settings.networks
    if len(networks) <= MOST:
        return {"": networks} if networks else {}
    panels = {f"{key}: ": members[:MOST] for key, members in _by_key(settings).items() if len(members) > 1}
    return panels or {"": networks[:MOST]}


def _by_key(settings: Settings) -> dict[str, list[Setting]]:
    """For each key the settings that are usual in all others."""
    return {
        key: [each for each in settings.networks if set(settings.departures(each)) <= {key}] for key in settings.varied
    }


def _draw(axis: Any, runs: Sequence[list[dict[str, float]]], measure: str, x: str, place: int, label: str) -> None:
    style = {"color": COLOURS[place % MOST], "linestyle": DASHES[place % MOST]}
    lines = [[(row[x], row[measure]) for row in run if x in row and measure in row] for run in runs]
    lines = [line for line in lines if line]
    if not lines:
        return
    for line in lines:
        axis.plot(*zip(*line, strict=True), lw=0.5, alpha=0.4, **style)
    shared = min(len(line) for line in lines)
    xs = [point[0] for point in lines[0][:shared]]
    mean = np.mean([[point[1] for point in line[:shared]] for line in lines], axis=0)
    every = max(1, shared // 6)
    axis.plot(xs, mean, lw=1.5, marker=MARKERS[place % MOST], ms=3.5, markevery=every, label=label, **style)


def _draw_baselines(axis: Any, baselines: Sequence[Setting], measure: str, members: Sequence[Setting]) -> None:
    losses = {_loss(each) for each in members}
    for each in baselines:
        value = each.first.measures().get(measure)
        if value is None or (measure.endswith("loss") and losses != {_loss(each)}):
            continue
        low, high = axis.get_ylim()
        if not low - 2 * (high - low) <= value <= high + 2 * (high - low):
            continue  # it would squeeze the curves together
        axis.axhline(value, color="#666666", lw=0.8, ls=(0, (2, 2)))
        axis.annotate(each.label, (1, value), xycoords=("axes fraction", "data"), fontsize=6, color="#444444",
                      ha="right", va="bottom")  # fmt: skip


def _common(axes: Any) -> None:
    """The same limits for all panels of a measure."""
    limits = np.array([axis.get_ylim() for axis in axes])
    for axis in axes:
        axis.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _finish(axis: Any) -> None:
    axis.tick_params(labelsize=7)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _ordered(values: Sequence[Any]) -> list[int]:
    """The places of values in ascending order, texts in theirs."""
    return sorted(range(len(values)), key=lambda place: _key(values[place]))


def _sorted(values: set[Any]) -> list[Any]:
    return sorted(values, key=_key)


def _key(value: Any) -> tuple[bool, float, str]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (not is_number, float(value) if is_number else 0.0, "" if is_number else str(value))

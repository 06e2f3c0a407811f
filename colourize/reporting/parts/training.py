"""Lengths of training, batches and settings: questions A3, C3 and F1."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from colourize.checkpoints import read, task_from
from colourize.measures.intervals import Estimate
from colourize.measures.registry import unit
from colourize.methods.comparison import Gap, Results
from colourize.methods.grouping import Setting
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Table
from colourize.reporting.findings import number, title
from colourize.reporting.picture_sheets import COUNT, save_rows, sheet_rows
from colourize.reporting.plots import draw_curves, draw_interaction
from colourize.runs.folders import natural

MARKS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000)  # epochs at which a long run is read
MEASURES = ("train/loss", "val/loss", "val/accuracy", "val/psnr")
BY_EPOCH = (
    "After so many epochs, mean over seeds (± standard deviation). At a constant learning rate this is where a run of "
    "so many epochs ends."
)
RANKED = "Each key's largest effect, alone around the usual setting; the interval is over pictures and seeds."


def epochs(context: Context) -> list[Element]:
    """A long run read at several epochs: its validation measures there, and its pictures where weights were kept."""
    found: list[Element] = []
    for setting in context.results.settings.networks:
        runs = [run.metrics() for run in setting.runs.values()]
        last = min(map(len, runs), default=0)
        marks = sorted({mark for mark in (*MARKS, last) if 0 < mark <= last})
        if len(marks) < 2:
            continue
        rows: list[dict[str, object]] = []
        for mark in marks:
            row: dict[str, object] = {"epochs": mark}
            for name in MEASURES:
                if all(name in run[-1] for run in runs):
                    values = np.array([run[mark - 1].get(name, np.nan) for run in runs])
                    spread = f" (± {number(float(values.std(ddof=1)))})" if len(values) > 1 else ""
                    row[name] = number(float(values.mean())) + spread
            rows.append(row)
        csv = context.table("by-epoch", rows)
        found.append(Table(BY_EPOCH, list(rows[0]), [list(map(str, row.values())) for row in rows], csv=csv))
        found += _pictures_by_epoch(context, setting)
    return found


def batches(context: Context) -> list[Element]:
    """Learning curves against steps: equal epochs are not equal steps."""
    draw = partial(draw_curves, settings=context.results.settings, x="step")
    caption = "The same curves against optimisation steps."
    return context.plot("steps", draw, caption, "Training and validation measures against steps")


def effects(context: Context) -> list[Element]:
    """The keys ranked by their largest effect, and the two that vary together as a heat map."""
    results, measure = context.results, context.measure
    ranked = ranked_effects(results, measure) if measure else []
    if measure is None or not ranked:
        return []
    columns = ["key", "value", title(measure), "from usual", "95 % interval", "± seeds", "excludes 0"]
    rows = [
        [key, str(each.values[key]), f"{number(own.mean)}{unit(measure)}", f"{gap.difference:+.3g}",
         f"{gap.low:+.3g} … {gap.high:+.3g}", number(own.seed_deviation) if len(own.by_seed) > 1 else "",
         "yes" if gap.mark else "no"]
        for key, each, own, gap in ranked
    ]  # fmt: skip
    csv = context.table("ranked", [dict(zip(columns, row, strict=True)) for row in rows])
    found: list[Element] = [Table(RANKED, columns, rows, csv=csv)]
    departures = [tuple(results.settings.departures(each)) for each in results.settings.networks]
    pairs = Counter(keys for keys in departures if len(keys) == 2).most_common(1)
    if pairs:
        keys = pairs[0][0]
        named = " and ".join(keys)
        draw = partial(draw_interaction, results=results, measure=measure, keys=keys)
        found += context.plot("interaction", draw, f"{named} together.", f"{measure} for pairs of {named}")
    return found


def ranked_effects(results: Results, measure: str) -> list[tuple[str, Setting, Estimate, Gap]]:
    """For each key the setting that differs from the usual one only in it, and most; the largest effect first."""
    settings = results.settings
    known = results.of(measure, settings.networks)
    usual = [known[each.label] for each in settings.networks if not settings.departures(each) and each.label in known]
    found: dict[str, tuple[str, Setting, Estimate, Gap]] = {}
    for each in settings.networks if usual else []:
        keys = list(settings.departures(each))
        if len(keys) == 1 and each.label in known:
            gap = Gap.between(measure, known[each.label], usual[0])
            if keys[0] not in found or abs(gap.difference) > abs(found[keys[0]][3].difference):
                found[keys[0]] = (keys[0], each, known[each.label], gap)
    return sorted(found.values(), key=lambda each: -abs(each[3].difference))


def _pictures_by_epoch(context: Context, setting: Setting) -> list[Element]:
    run = setting.first
    kept = {name: path for name, path in run.checkpoints.items() if name.startswith("epoch-")}
    path = context.path("pictures", "-by-epoch.png")

    def draw() -> None:
        data = context.pictures.data(run)
        files = sorted(kept.values(), key=natural)
        tasks = {f"{int(file.stem.rpartition('-')[2])} epochs": task_from(read(file), file) for file in files}
        tasks[f"best of {len(run.metrics())}"] = context.pictures.task(run)
        save_rows(path, sheet_rows(tasks, data, np.arange(min(COUNT, len(data.pictures.test)))))

    caption = "The same pictures after so many epochs, least seed."
    return context.made(path, [run], draw, caption, "Pictures by epochs", sorted(kept)) if kept else []

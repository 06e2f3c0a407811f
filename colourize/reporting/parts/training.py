"""How long, in which batches, and with which settings: questions A3, C3 and F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from colourize.checkpoints import read, task_from
from colourize.measures.intervals import RESAMPLES, Estimate
from colourize.methods.grouping import Setting, Settings
from colourize.methods.results import Gap, Results
from colourize.reporting.curves import draw_curves, draw_interaction
from colourize.reporting.elements import Element, Figure, Table, Text
from colourize.reporting.findings import finding, number, title, value
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import COUNT, made_of, save_rows, sheet_rows
from colourize.runs.folders import natural
from colourize.runs.tables import write_table

MARKS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000)  # epochs at which a long run is read


def epochs(context: Context) -> list[Element]:
    """A long run read at several epochs: its validation measures there, and its pictures where weights were kept."""
    found: list[Element] = []
    for setting in context.results.settings.networks:
        runs = {seed: run.metrics() for seed, run in setting.runs.items()}
        lasts = min((len(rows) for rows in runs.values()), default=0)
        marks = [mark for mark in MARKS if mark <= lasts]
        if lasts and lasts not in marks:
            marks.append(lasts)
        if len(marks) < 2:
            continue
        table, losses = _read_at(runs, marks)
        text = finding("validation_loss", losses)
        if text:
            found.append(Text(text, "finding"))
        write_table(context.folder / context.table("by-epoch"), table)
        columns = list(table[0])
        found.append(Table(
            "After so many epochs, mean over seeds (± standard deviation). At a constant learning rate this is where a "
            "run of so many epochs ends.", columns, [[str(row[name]) for name in columns] for row in table],
            csv=context.table("by-epoch"),
        ))  # fmt: skip
        found += _pictures_by_epoch(context, setting)
    return found


def batches(context: Context) -> list[Element]:
    """Learning curves against steps besides: equal epochs are not equal steps."""
    path = context.figure("steps")
    if not draw_curves(path, context.results.settings, x="step"):
        return []
    return [
        Figure(
            path.with_suffix(".svg"),
            "The same curves against optimisation steps.",
            "Training and validation measures against steps",
        )
    ]


def effects(context: Context) -> list[Element]:
    """The keys ranked by their largest effect beside the seeds' spread, and the first two together as a heat map."""
    results = context.results
    measure = context.measure
    if measure is None:
        return []
    settings = results.settings
    ranked = ranked_effects(results, measure)
    if not ranked:
        return []
    rows = [
        [key, str(each.values[key]), value(measure, own.mean), f"{gap.difference:+.3g}",
         f"{gap.low:+.3g} … {gap.high:+.3g}",
         number(own.seed_deviation) if len(own.by_seed) > 1 else "", "yes" if gap.mark else "no"]
        for key, each, own, gap in ranked
    ]  # fmt: skip
    columns = ["key", "value", title(measure), "from usual", "95 % interval", "± seeds", "excludes 0"]
    write_table(context.folder / context.table("ranked"), [dict(zip(columns, row, strict=True)) for row in rows])
    found: list[Element] = [
        Table(
            "Each key's largest effect, alone around the usual setting; the interval is over pictures and seeds.",
            columns, rows, csv=context.table("ranked"),
        )
    ]  # fmt: skip
    path = context.figure("interaction")
    pair = _varied_together(settings)
    if pair and draw_interaction(path, results, measure, pair):
        first, second = pair
        found.append(
            Figure(
                path.with_suffix(".svg"),
                f"{first} and {second} together.",
                f"{measure} for pairs of {first} and {second}",
            )
        )
    return found


def ranked_effects(results: Results, measure: str) -> list[tuple[str, Setting, Estimate, Gap]]:
    """For each key the setting that departs from the usual one in it alone, and by most; the largest effect first."""
    settings = results.settings
    known = results.of(measure, settings.networks)
    usual = [each for each in settings.networks if not settings.departures(each) and each.label in known]
    if not usual:
        return []
    base = known[usual[0].label]
    found: dict[str, tuple[str, Setting, Estimate, Gap]] = {}
    for each in settings.networks:
        keys = list(settings.departures(each))
        if len(keys) == 1 and each.label in known:
            gap = Gap.between(measure, known[each.label], base)
            if keys[0] not in found or abs(gap.difference) > abs(found[keys[0]][3].difference):
                found[keys[0]] = (keys[0], each, known[each.label], gap)
    return sorted(found.values(), key=lambda each: -abs(each[3].difference))


def _varied_together(settings: Settings) -> list[str]:
    """The two keys in which most settings depart from the usual one, and in these alone; none where no setting does."""
    departures = [tuple(settings.departures(each)) for each in settings.networks]
    pairs = Counter(keys for keys in departures if len(keys) == 2)
    return list(pairs.most_common(1)[0][0]) if pairs else []


def _read_at(
    runs: dict[int, list[dict[str, float]]], marks: Sequence[int]
) -> tuple[list[dict[str, object]], dict[str, Estimate]]:
    """Measures after some epochs as a table, and the validation loss after each."""
    names = [name for name in ("train/loss", "val/loss", "val/accuracy", "val/psnr")
             if all(name in rows[-1] for rows in runs.values())]  # fmt: skip
    table: list[dict[str, object]] = []
    estimates = {}
    for mark in marks:
        at = {name: np.array([rows[mark - 1].get(name, np.nan) for rows in runs.values()]) for name in names}
        cells = {
            name: number(float(column.mean()))
            + (f" (± {number(float(column.std(ddof=1)))})" if len(column) > 1 else "")
            for name, column in at.items()
        }
        table.append({"epochs": mark, **cells})
        losses = at.get("val/loss", np.array([np.nan]))
        # Nothing is known of single pictures here: the interval is over seeds alone, and of one seed there is none.
        draws = np.full(RESAMPLES, losses.mean() if len(losses) > 1 else np.nan)
        estimates[f"epoch {mark}"] = Estimate(losses, draws)
    return table, estimates


def _pictures_by_epoch(context: Context, setting: Setting) -> list[Element]:
    run = setting.first
    kept = {name: path for name, path in run.checkpoints.items() if name.startswith("epoch-")}
    if not kept:
        return []
    path = context.picture("by-epoch")

    def draw() -> None:
        data = context.pictures.data(run)
        which = np.arange(min(COUNT, len(data.pictures.test)))
        tasks = {f"{int(name.rpartition('-')[2])} epochs": task_from(read(file), file)
                 for name, file in sorted(kept.items(), key=lambda each: natural(each[1]))}  # fmt: skip
        tasks[f"best of {len(run.metrics())}"] = context.pictures.task(run)
        save_rows(path, sheet_rows(tasks, data, which))

    if not made_of(path, [run], draw, also=sorted(kept)):
        return []
    return [
        Figure(
            path, "The same pictures after so many epochs, least seed.", "Pictures after different numbers of epochs"
        )
    ]

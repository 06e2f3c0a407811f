"""Epochs, batch sizes and hyperparameters: questions A3, C3 and F1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from colourize.checkpoints import read, task_from
from colourize.measures.intervals import Estimate
from colourize.methods.comparison import Gap, Results
from colourize.methods.grouping import Setting
from colourize.methods.wording import headed, last_words, words
from colourize.reporting.comparison_tables import MARKS as MARKS_OF
from colourize.reporting.comparison_tables import with_spread
from colourize.reporting.context import Context, Element, Table, Text
from colourize.reporting.findings import amount, listed, number, trend
from colourize.reporting.picture_sheets import save_first_pictures
from colourize.reporting.plots import draw_interaction
from colourize.runs.folders import Run, natural

Effect = tuple[str, Setting, Estimate, Gap]  # a key, the setting that differs in it alone, its estimate, the difference

MARKS = (1, 2, 5, 10, 25, 50, 100, 200, 500, 1000)  # epochs at which the measures of a long run are shown
MEASURES = ("val/loss", "train/loss", "val/accuracy", "val/psnr")
BY_EPOCH = "At a constant learning rate, this is also where a run of so many epochs ends"
LAST_LOSSES = "The losses above are those of the last epoch; their intervals are over seeds."
RANKED = "The largest effect of each setting alone, from {} on; the interval is over pictures{}."


def epochs(context: Context) -> list[Element]:
    """A long run at several epochs: its validation measures, and its pictures where weights were kept."""
    found: list[Element] = []
    for setting in context.results.settings.networks:
        runs = [run.metrics() for run in setting.runs.values()]
        last = min(map(len, runs), default=0)
        marks = sorted({mark for mark in (*MARKS, last) if 0 < mark <= last})
        if len(marks) < 2:
            continue
        values = {
            name: np.array([[run[mark - 1].get(name, np.nan) for run in runs] for mark in marks])
            for name in MEASURES
            if all(name in run[-1] for run in runs)
        }
        for name, own in [*values.items()][:1]:
            points = [(mark, Estimate(each, np.array([np.nan]))) for mark, each in zip(marks, own, strict=True)]
            text = trend("epochs", points, name, gap=over_seeds(own[-1] - own[0]))
            found.append(Text(f"Trained for {last} epochs. {text}", "finding"))
            if len(marks) > 2:
                text = trend("epochs", points[-2:], name, " alone", over_seeds(own[-1] - own[-2]))
                found.append(Text(text, "finding"))
        rows = [
            {"epochs": mark, **{name: with_spread(own[place].tolist()) for name, own in values.items()}}
            for place, mark in enumerate(marks)
        ]
        csv = context.table("by-epoch", rows)
        caption = BY_EPOCH + ("; mean (± standard deviation over seeds)." if len(runs) > 1 else ".")
        columns = ["epochs", *map(headed, values)]
        found.append(Table(caption, columns, [list(map(str, row.values())) for row in rows], csv=csv))
        found += _pictures_by_epoch(context, setting)
    return found


def over_seeds(differences: np.ndarray) -> Gap:
    """The mean of the seeds' own differences, (S,), and its 95 % interval by Student's t."""
    mean, count = float(differences.mean()), len(differences)
    if count < 2:
        return Gap(mean)
    half = float(stats.t.ppf(0.975, count - 1) * differences.std(ddof=1) / np.sqrt(count))
    return Gap(mean, mean - half, mean + half)


def batches(context: Context) -> list[Element]:
    """The last epoch's losses by batch size, and learning curves against steps: equal epochs are not equal steps."""
    settings = context.results.settings
    found: list[Element] = []
    if (axis := settings.axis) is not None:
        alone = [each for each in settings.networks if set(settings.departures(each)) <= {axis}]
        alone.sort(key=lambda each: float(each.values[axis]))
        for name in ("train/loss", "val/loss"):
            ends = [[_last(run, name) for run in each.runs.values()] for each in alone]
            if len({tuple(each.runs) for each in alone}) == 1 and len(alone) > 1 and np.isfinite(ends).all():
                points = [
                    (each.values[axis], Estimate(np.array(own), np.array([np.nan])))
                    for each, own in zip(alone, ends, strict=True)
                ]
                gap = over_seeds(np.subtract(ends[-1], ends[0]))
                found.append(Text(trend(last_words(axis), points, name, " at equal epochs", gap), "finding"))
    return [*found, *([Text(LAST_LOSSES, "note")] if found else []), *context.curves("step")]


def _last(run: Run, name: str) -> float:
    """A measure after a run's last epoch."""
    return next((row[name] for row in reversed(run.metrics()) if name in row), np.nan)


def effects(context: Context) -> list[Element]:
    """The keys ranked by their largest effect, and a heat map of the two that vary together."""
    results, measure = context.results, context.measure
    if measure is None:
        return []
    settings = results.settings
    found: list[Element] = []
    ranked = ranked_effects(results, measure)
    if ranked:
        columns = ["setting", "value", headed(measure), "difference", "95 % interval", "± seeds"]
        rows = [
            [last_words(key), words(each.values[key]), number(own.mean),
             f"{gap.difference:+.3g} {MARKS_OF[gap.mark]}".strip(), f"{gap.low:+.3g} … {gap.high:+.3g}",
             number(own.seed_deviation) if len(own.by_seed) > 1 else ""]
            for key, each, own, gap in ranked
        ]  # fmt: skip
        csv = context.table("ranked", [dict(zip(columns, row, strict=True)) for row in rows])
        usual = next(each.label for each in settings.networks if not settings.departures(each))
        seeds = " and seeds" if settings.have_seeds else ""
        found += [_ranking(ranked, measure, settings.usual)] if len(ranked) > 1 else []  # nothing to rank
        found += [Table(RANKED.format(usual, seeds), columns, rows, csv=csv)]
    departures = [tuple(settings.departures(each)) for each in settings.networks]
    pairs = Counter(keys for keys in departures if len(keys) == 2).most_common(1)
    if pairs:
        keys = pairs[0][0]
        named = listed([last_words(key) for key in keys])
        draw = partial(draw_interaction, results=results, measure=measure, keys=keys)
        caption = f"{named[0].upper()}{named[1:]} together: {words(measure)} of each pair."
        found += context.plot("interaction", draw, caption, f"{words(measure)} for pairs of {named}")
    return found


def _ranking(ranked: Sequence[Effect], measure: str, usual: Mapping[str, Any]) -> Text:
    """A sentence on which settings matter."""
    clear = [each for each in ranked if each[3].mark]
    unclear = [last_words(key) for key, *_, gap in ranked if not gap.mark]
    text = f"No setting changes the {words(measure)} beyond what pictures and seeds leave open"
    if clear:
        key, each, _, gap = clear[0]
        rest = f", then {listed([last_words(other[0]) for other in clear[1:]])}" if clear[1:] else ""
        change = "changes" if len(clear) == 1 else "change"
        text = (
            f"Of {len(ranked)} settings {len(clear)} clearly {change} the {words(measure)}: {last_words(key)} most "
            f"({words(each.values[key])} in place of {words(usual[key])}: {amount(measure, gap.difference, '+')}, "
            f"95 % interval {number(gap.low)} … {number(gap.high)}){rest}"
        )
        text += f"; no effect is shown of {listed(unclear)}" if unclear else ""
    return Text(f"{text}.", "finding")


def ranked_effects(results: Results, measure: str) -> list[Effect]:
    """For each key, the setting with the largest effect that differs from the usual one in this key only.

    The largest effect comes first.
    """
    settings = results.settings
    known = results.of(measure, settings.networks)
    usual = [known[each.label] for each in settings.networks if not settings.departures(each) and each.label in known]
    found: dict[str, Effect] = {}
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

    def draw(path: Path) -> None:
        files = sorted(kept.values(), key=natural)
        tasks = {f"epoch {int(file.stem.rpartition('-')[2])}": task_from(read(file), file) for file in files}
        tasks[f"best of {len(run.metrics())}"] = context.pictures.task(run)
        save_first_pictures(path, tasks, context.pictures.data(run))

    caption = f"The same pictures after so many epochs, with seed {next(iter(setting.runs))}."
    return context.made("-by-epoch.png", [run] if kept else [], draw, caption, "Pictures by epochs", sorted(kept))

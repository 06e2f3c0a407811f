"""A section of the report: the table, finding, curves and pictures of a sweep, whatever it varies."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import stdev

import numpy as np

from colourize.errors import ColourizeError, full_disk
from colourize.measures.registry import MEASURES, headlines
from colourize.methods.comparison import read_results, write_results
from colourize.methods.grouping import Setting, read_settings
from colourize.methods.sources import Source
from colourize.reporting.comparison_tables import headline_table, with_spread
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Section, Table, Text
from colourize.reporting.findings import finding
from colourize.reporting.parts import PARTS
from colourize.reporting.picture_sheets import COUNT, Pictures, save_rows, sheet_rows
from colourize.reporting.plots import draw_curves, draw_effects, draw_intervals
from colourize.reporting.provenance import provenance
from colourize.reporting.questions import Question

log = logging.getLogger(__name__)

MOST_MEASURES = 6
MOST_SHOWN = 12  # settings in a sheet of pictures
INTERVALS = (
    "Each setting with its 95 % interval over pictures (thick) and the standard deviation over seeds (thin); "
    "dashed: its reference."
)
CURVES = "Mean over seeds, each seed as a thin line; grey dashes: methods without a network."
EFFECTS = "On the test pictures: a ring for each seed, a bar for their mean."
LAST_EPOCH = "Where the last epoch ended: mean over seeds (± their standard deviation), with the weights of that epoch."
SAME = "The first test pictures, each setting with its least seed."
OF_CLASSES = [name for name, each in MEASURES.items() if each.kinds]
NOT_COMPARED = "With another palette there are other classes: accuracy and cross-entropy are not compared here."
LISTED = 6  # settings that are named before the others are counted


def build_section(source: Source, question: Question | None, folder: Path, pictures: Pictures, anchor: str) -> Section:
    """The section of a sweep in a report's folder; a part that cannot be made is replaced by the reason."""
    settings = read_settings(source.runs)
    results = read_results(settings)
    where = "/".join(source.path.parts[-2:]) or source.name
    varied = ", ".join(key.rpartition(".")[2] for key in settings.varied)
    number, title = (question.number, question.text) if question else ("", f"{where}: {varied}" if varied else where)
    section = Section(anchor, number, title, [f"Folder: {source.path}", *provenance(source.runs)])
    add = section.elements.append
    if question and question.about:
        add(Text(question.about))
    asked = question.measures if question else headlines(MEASURES)
    if len({str(each.settings.get("data.palette")) for each in settings.networks}) > 1:
        asked = [name for name in asked if name not in OF_CLASSES]
        add(Text(NOT_COMPARED, "note"))
    context = Context(results, results.main_measure(asked), folder, pictures, anchor)
    if context.measure is not None:
        section.elements += _numbers(context, asked)
    section.elements += _drawings(context)
    for name in question.parts if question else ["effects"] if len(settings.varied) > 1 else []:
        if name not in PARTS:
            add(Text(f"{name}: no such part; must be one of {', '.join(PARTS)}", "note"))
            continue
        try:
            section.elements += PARTS[name](context)
        except (ColourizeError, OSError) as error:
            if full_disk(error):
                raise
            reason = str(error).splitlines()[0]
            log.warning("%s: %s: %s", anchor, name, reason)
            add(Text(f"{name.replace('_', ' ')}: could not be made ({reason})", "note"))
    section.elements += [Text(note, "note") for note in dict.fromkeys(results.notes)]
    if source.unfinished:
        add(_unfinished(source, "note", source.resume))
    return section


def missing_section(question: Question, anchor: str, source: Source | None = None) -> Section:
    """The section of a question without a finished run."""
    text = Text("Not run yet.", "missing", question.command)
    if source and source.unfinished:
        text = _unfinished(source, "missing", source.resume or question.command)
    return Section(anchor, question.number, question.text, elements=[text])


def _unfinished(source: Source, kind: str, command: str) -> Text:
    named = [f"{name} ({status})" for name, status in source.unfinished.items()]
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    go_on = " To go on, unless it is running:" if command else ""
    return Text(f"Not finished, and so left out: {', '.join(named[:LISTED])}{more}.{go_on}", kind, command)


def _numbers(context: Context, asked: Sequence[str]) -> list[Element]:
    """Finding, table and intervals."""
    results, main = context.results, str(context.measure)
    found: list[Element] = []
    for members in _by_input(results.settings.networks).values():  # colouring and sharpening are no rivals
        text = finding(main, results.of(main, members), results.rivals(main, members))
        found += [Text(text, "finding")] if text else []
    shown = [name for name in dict.fromkeys((*asked, main)) if name in results.comparison.measures][:MOST_MEASURES]
    path = context.path("tables", ".csv")
    write_results(path, results)
    found.append(headline_table(results, shown, str(path.relative_to(context.folder))))
    if any(math.isfinite(row.low) for row in results.comparison.of(shown[0])):
        draw = partial(draw_intervals, results.comparison, shown[:4], formats=["svg"])
        alt = f"Intervals of {', '.join(shown[:4])} for each setting"
        found += context.plot("intervals", lambda path: draw(path=path), INTERVALS, alt)
    return found


def _drawings(context: Context) -> list[Element]:
    """Curves, effects and pictures."""
    settings, main = context.results.settings, context.measure
    alt = "Measures after each epoch, for each setting"
    found = context.plot("curves", lambda path: draw_curves(path, settings), CURVES, alt)
    if found:
        found.append(_last_epoch(context))
    if main is not None and settings.varied:
        alt = f"{main} against each key that varies"
        found += context.plot("effects", lambda path: draw_effects(path, context.results, main), EFFECTS, alt)
    for ending, members in _by_input([each for each in settings.settings if each.first.checkpoints]).items():
        few = members[:MOST_SHOWN]
        caption = SAME if len(few) == len(members) else f"{SAME} The first {MOST_SHOWN} of {len(members)} settings."
        path = context.path("pictures", f"{ending}.png")

        def draw(path: Path = path, few: Sequence[Setting] = few) -> None:
            data = context.pictures.data(few[0].first)
            tasks = {each.label: context.pictures.task(each.first) for each in few}
            save_rows(path, sheet_rows(tasks, data, np.arange(min(COUNT, len(data.pictures.test)))))

        labels, runs = [each.label for each in members], [each.first for each in members]
        found += context.made(path, runs, draw, caption, "The same pictures for each setting", labels)
    return found


def _last_epoch(context: Context) -> Table:
    names = ("train/loss", "val/loss", "val/accuracy", "val/psnr")
    lines: list[dict[str, object]] = []
    rows = []
    for setting in context.results.settings.networks:
        ends = [epochs[-1] for run in setting.runs.values() if (epochs := run.metrics())]
        if not ends:
            continue
        line: dict[str, object] = {"setting": setting.label, "seeds": len(ends), "epochs": ends[0].get("epoch", "")}
        cells = [setting.label, str(line["epochs"])]
        for name in names:
            values = [end[name] for end in ends if name in end]
            spread = stdev(values) if len(values) > 1 else math.nan
            mean = sum(values) / len(values) if values else ""
            line |= {name: mean, f"{name} ±": "" if math.isnan(spread) else spread}
            cells.append(with_spread(values, spread))
        lines.append(line)
        rows.append(cells)
    csv = context.table("last-epoch", lines)
    columns = ["", "epochs", *names]
    kept = [place for place in range(len(columns)) if place < 2 or any(row[place] for row in rows)]
    return Table(LAST_EPOCH, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], csv=csv)


def _by_input(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Settings with the same input, small or grey pictures, by the ending of their file's name."""
    found: dict[str, list[Setting]] = {}
    for each in settings:
        found.setdefault("-low" if each.task[0] == "low_resolution" else "-grey", []).append(each)
    return found if len(found) != 1 else {"": list(settings)}

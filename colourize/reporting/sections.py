"""A section of the report: the table, findings, curves and pictures of a sweep, whatever it varies."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean, stdev

from colourize.errors import ColourizeError, full_disk
from colourize.figures.saving import PANELS
from colourize.measures.registry import MEASURES, headlines
from colourize.methods.comparison import read_results, write_results
from colourize.methods.grouping import Setting, by_input, by_task, read_settings
from colourize.methods.sources import Source
from colourize.methods.wording import headed, last_words, words
from colourize.reporting.comparison_tables import headline_table, with_spread
from colourize.reporting.context import Context, Element, Section, Table, Text
from colourize.reporting.findings import findings, listed, one_or
from colourize.reporting.parts import PARTS
from colourize.reporting.picture_sheets import Pictures, save_first_pictures
from colourize.reporting.plots import draw_effects, draw_intervals
from colourize.reporting.provenance import provenance, warning
from colourize.reporting.questions import Question

log = logging.getLogger(__name__)

MOST_MEASURES = 6
MOST_SHOWN = 12  # maximum number of settings in a sheet of pictures
INTERVALS = "A dot is the mean of a method, and the broad bar is its 95 % interval over the test pictures"
SEEDS = "; the thin bar is ± the standard deviation over its seeds"
DASHED = "; a diamond on a dashed line is {}, which needs no network"
EFFECTS = (
    "On the test pictures: a mark for each run, a dash for their mean and, where only one setting has the value, a bar "
    "for its 95 % interval over the pictures; where a baseline varies too, a broken line joins its values."
)
LAST_EPOCH = "After the last epoch, with the weights of that epoch"
SAME = {
    "": "The first test pictures by each method", "-grey": "The first test pictures, coloured by each method",
    "-low": "The first test pictures, enlarged by each method",
}  # fmt: skip
NOT_COMPARED = "With another palette there are other classes: accuracy and cross-entropy are not compared here."
ANSWERS = ("fact", "finding")  # the kinds of sentences that open a section
LISTED = 6  # settings that are named; further ones are only counted


def build_section(source: Source, question: Question | None, folder: Path, pictures: Pictures, anchor: str) -> Section:
    """The section of a sweep in a report's folder; if a part cannot be made, the reason replaces it.

    It starts with the sentences that answer the question, first those of its parts, then those of the comparison. At
    toy size, or if the tests cannot be compared, a banner replaces them, and no cell is marked as the best.
    """
    settings = read_settings(source.runs)
    results = read_results(settings)
    where = "/".join(source.path.parts[-2:]) or source.name
    varied = listed([last_words(key) for key in settings.varied]) if settings.varied else ""
    number, title = (question.number, question.text) if question else ("", f"{where}: {varied}" if varied else where)
    section = Section(anchor, number, title, [f"Folder: {source.path}", *provenance(source.runs)])
    asked = question.measures if question else headlines(MEASURES)
    notes = [question.about] if question and question.about else []
    if (comparable := results.comparable(asked)) != list(asked):
        asked = comparable
        notes.append(NOT_COMPARED)
    context = Context(results, results.main_measure(asked), folder, pictures, anchor)
    numbers = _numbers(context, asked, question) if context.measure is not None else []
    parts: list[Element] = []
    for name in question.parts if question else ["effects"] if len(settings.varied) > 1 else []:
        parts += _part(name, context)
    answer = [each for each in [*parts, *numbers] if _kind(each) in ANSWERS]
    if text := warning(source.runs):
        banner = Text(text, "toy")
        answer = [*(each for each in answer if _kind(each) == "fact"), banner]
        numbers = [replace(each, best=()) if isinstance(each, Table) else each for each in numbers]  # none is best
    rest = [each for each in [*numbers, *_drawings(context), *parts] if _kind(each) not in ANSWERS]
    texts = [Text(note, "note") for note in dict.fromkeys(results.notes)]
    section.elements = [*answer, *map(Text, notes), *rest, *texts]
    if source.unfinished:
        section.elements.append(_unfinished(source, "note", source.resume))
    return section


def _kind(element: Element) -> str:
    return element.kind if isinstance(element, Text) else ""


def _part(name: str, context: Context) -> list[Element]:
    if name not in PARTS:
        return [Text(f"{name}: no such part; must be one of {', '.join(PARTS)}", "note")]
    try:
        return PARTS[name](context)
    except (ColourizeError, OSError) as error:
        if full_disk(error):
            raise
        reason = str(error).splitlines()[0]
        log.warning("%s: %s: %s", context.anchor, name, reason)
        return [Text(f"{name.replace('_', ' ')}: could not be made ({reason})", "note")]


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


def _numbers(context: Context, asked: Sequence[str], question: Question | None) -> list[Element]:
    """Findings, table and intervals."""
    results, main = context.results, str(context.measure)
    shown = [name for name in dict.fromkeys((*asked, main)) if name in results.comparison.measures][:MOST_MEASURES]
    found: list[Element] = []
    reference = question.reference if question else ""
    # Colourization and super-resolution are not compared; with its own reference, a question is about each task.
    groups = by_task(results.settings.networks) if reference else by_input(results.settings.networks)
    for members in groups.values() if question is None or question.compares else ():
        found += [Text(text, "finding") for text in findings(results, members, main, reference)]
    path = context.path("tables", ".csv")
    write_results(path, results)
    found.append(headline_table(results, shown, str(path.relative_to(context.folder))))
    if any(math.isfinite(row.low) for row in results.comparison.of(shown[0])):
        alt = f"Intervals of {listed([words(name) for name in shown[:4]])} for each method"
        references = sorted({name for name in results.comparison.reference.values() if name})
        caption = INTERVALS + (SEEDS if results.settings.have_seeds else "")
        caption += f"{DASHED.format(one_or(references, 'a reference')) if references else ''}."
        draw = partial(draw_intervals, results.comparison, shown[:4], formats=["svg", PANELS])
        found += context.plot("intervals", draw, caption, alt)
    return found


def _drawings(context: Context) -> list[Element]:
    """Curves, effects and pictures."""
    settings, main = context.results.settings, context.measure
    found = context.curves("epoch")
    if found:
        found.append(_last_epoch(context))
    if main is not None and settings.varied:
        alt = f"{words(main)} against each key that varies"
        found += context.plot("effects", lambda path: draw_effects(path, context.results, main), EFFECTS, alt)
    for ending, members in by_input([each for each in settings.settings if each.first.checkpoints]).items():
        few = members[:MOST_SHOWN]
        caption = SAME[ending] + (", with its first seed" if context.results.settings.have_seeds else "")
        caption += "." if len(few) == len(members) else f"; the first {MOST_SHOWN} of {len(members)} methods."

        def draw(path: Path, few: Sequence[Setting] = few) -> None:
            tasks = {each.label: context.pictures.task(each.first) for each in few}
            save_first_pictures(path, tasks, context.pictures.data(few[0].first))

        labels, runs = [each.label for each in members], [each.first for each in members]
        found += context.made(f"{ending}.png", runs, draw, caption, "The same pictures by each method", labels)
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
            line |= {name: mean(values) if values else "", f"{name} ±": stdev(values) if len(values) > 1 else ""}
            cells.append(with_spread(values))
        lines.append(line)
        rows.append(cells)
    csv = context.table("last-epoch", lines)
    columns = ["", "epochs", *map(headed, names)]
    kept = [place for place in range(len(columns)) if place < 2 or any(row[place] for row in rows)]
    caption = LAST_EPOCH + (": mean (± standard deviation over seeds)." if context.results.settings.have_seeds else ".")
    return Table(caption, [columns[n] for n in kept], [[row[n] for n in kept] for row in rows], csv=csv)

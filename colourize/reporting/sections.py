"""A section of the report: a sweep's table, finding, curves and pictures, whatever it varies."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from colourize.errors import ColourizeError, full_disk
from colourize.measures.registry import MEASURES, headlines
from colourize.methods.grouping import Setting, read_settings
from colourize.methods.results import Results, read_results, write_results
from colourize.methods.sources import Source
from colourize.reporting.curves import draw_curves, draw_effects
from colourize.reporting.elements import Element, Figure, Section, Text
from colourize.reporting.findings import finding
from colourize.reporting.intervals import draw_intervals
from colourize.reporting.parts import PARTS, Context
from colourize.reporting.pictures import MOST, Pictures, draw_settings, made_of
from colourize.reporting.provenance import provenance
from colourize.reporting.questions import Question
from colourize.reporting.tables import headline_table, last_epoch_table

log = logging.getLogger(__name__)

MOST_MEASURES = 6
INTERVALS = (
    "Each setting with its 95 % interval over pictures (thick) and the standard deviation over seeds (thin); "
    "dashed: what it is held against."
)
CURVES = "Mean over seeds, each seed as a thin line; grey dashes: methods without a network."
EFFECTS = "On the test pictures: a ring for each seed, a bar for their mean."
SAME = "The first test pictures, each setting with its least seed."
GO_ON = "To go on, unless it is running:"
PALETTE = "data.palette"
OF_CLASSES = [name for name, each in MEASURES.items() if each.kinds]
NOT_COMPARED = "With another palette there are other classes: accuracy and cross-entropy are not compared here."
LISTED = 6  # settings that are named before the others are counted


@dataclass(frozen=True)
class Workshop:
    """What all sections are made with.

    Attributes:
        folder: the report's, which gets `tables/`, `figures/` and `pictures/`.
    """

    folder: Path
    pictures: Pictures


def build_section(source: Source, question: Question | None, workshop: Workshop, anchor: str) -> Section:
    """The section of a sweep; a part of it that cannot be made says why in its place."""
    settings = read_settings(source.runs)
    results = read_results(settings)
    number, title = (question.number, question.text) if question else ("", _heading(source, settings.varied))
    section = Section(anchor, number, title, [f"Folder: {source.path}", *provenance(source.runs)])
    if question and question.about:
        section.elements.append(Text(question.about))
    asked = question.measures if question else headlines(MEASURES)
    if len({str(each.settings.get(PALETTE)) for each in settings.networks}) > 1:
        asked = [name for name in asked if name not in OF_CLASSES]
        section.elements.append(Text(NOT_COMPARED, "note"))
    main = results.main_measure(asked)
    if main is not None:
        section.elements += _numbers(results, main, asked, workshop, anchor)
    section.elements += _drawings(results, main, workshop, anchor)
    context = Context(source, results, main, workshop.folder, workshop.pictures, anchor)
    for name in question.parts if question else ["effects"] if len(settings.varied) > 1 else []:
        if name not in PARTS:
            section.elements.append(Text(f"{name}: no such part; must be one of {', '.join(PARTS)}", "note"))
            continue
        try:
            section.elements += PARTS[name](context)
        except (ColourizeError, OSError) as error:
            if full_disk(error):
                raise
            log.warning("%s: %s: %s", anchor, name, str(error).splitlines()[0])
            section.elements.append(
                Text(f"{name.replace('_', ' ')}: could not be made ({str(error).splitlines()[0]})", "note")
            )
    section.elements += [Text(note, "note") for note in dict.fromkeys(results.notes)]
    if source.unfinished:
        go_on = f" {GO_ON}" if source.resume else ""
        section.elements.append(
            Text(f"Not finished, and so left out: {_unfinished(source)}.{go_on}", "note", source.resume)
        )
    return section


def missing_section(question: Question, anchor: str, source: Source | None = None) -> Section:
    """The section of a question of which nothing is finished yet."""
    section = Section(anchor, question.number, question.text)
    if source and source.unfinished:
        section.elements.append(
            Text(f"Not finished: {_unfinished(source)}. {GO_ON}", "missing", source.resume or question.command)
        )
    else:
        section.elements.append(Text("Not run yet.", "missing", question.command))
    return section


def _heading(source: Source, varied: Sequence[str]) -> str:
    """When or where a sweep of one's own was run, and what it varies: `2026-11-25/10-30-00: lr, num_filters`."""
    where = "/".join(source.path.parts[-2:]) or source.name
    return f"{where}: {', '.join(key.rpartition('.')[2] for key in varied)}" if varied else where


def _numbers(results: Results, main: str, asked: Sequence[str], workshop: Workshop, anchor: str) -> list[Element]:
    """Finding and table."""
    found: list[Element] = []
    for members in _by_input(results.settings.networks).values():  # to colour and to sharpen are no rivals
        text = finding(main, results.of(main, members), results.rivals(main, members))
        if text:
            found.append(Text(text, "finding"))
    shown = [name for name in dict.fromkeys((*asked, main)) if name in results.measures][:MOST_MEASURES]
    csv = f"tables/{anchor}.csv"
    write_results(workshop.folder / csv, results)
    found.append(headline_table(results, shown, csv))
    rows = [name for name in shown if results.comparison.of(name)][:4]
    if rows and any(math.isfinite(row.low) for row in results.comparison.of(rows[0])):
        path = workshop.folder / "figures" / f"{anchor}-intervals"
        draw_intervals(results.comparison, rows, path, ["svg"])
        found.append(Figure(path.with_suffix(".svg"), INTERVALS, f"Intervals of {', '.join(rows)} for each setting"))
    return found


def _drawings(results: Results, main: str | None, workshop: Workshop, anchor: str) -> list[Element]:
    """Curves, effects and pictures."""
    found: list[Element] = []
    figures = workshop.folder / "figures"
    if draw_curves(figures / f"{anchor}-curves", results.settings):
        found.append(Figure(figures / f"{anchor}-curves.svg", CURVES, "Measures after each epoch, for each setting"))
        found.append(last_epoch_table(results.settings, workshop.folder, f"tables/{anchor}-last-epoch.csv"))
    if main is not None and results.settings.varied and draw_effects(figures / f"{anchor}-effects", results, main):
        found.append(Figure(figures / f"{anchor}-effects.svg", EFFECTS, f"{main} against each key that varies"))
    path = workshop.folder / "pictures" / f"{anchor}.png"
    shown = [each for each in results.settings.settings if each.first.checkpoints]
    for name, members in _by_input(shown).items():
        own = path.with_name(f"{anchor}{name}.png")
        runs, labels = [each.first for each in members], [each.label for each in members]
        draw = partial(draw_settings, own, members, workshop.pictures)
        if made_of(own, runs, draw, also=labels):
            caption = SAME if len(members) <= MOST else f"{SAME} The first {MOST} of {len(members)} settings."
            found.append(Figure(own, caption, "The same pictures for each setting"))
    return found


def _by_input(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Settings whose networks are given the same, by how the name of their file ends: small pictures, or grey ones."""
    found: dict[str, list[Setting]] = {}
    for each in settings:
        found.setdefault("low" if each.task[0] == "low_resolution" else "grey", []).append(each)
    return {"" if len(found) == 1 else f"-{name}": members for name, members in found.items()}


def _unfinished(source: Source) -> str:
    named = [f"{name} ({status})" for name, status in source.unfinished.items()]
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    return ", ".join(named[:LISTED]) + more

"""A section of the report: a sweep's table, finding, curves and pictures, whatever it varies."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colourize.comparison.report import HEADLINES, MARKS
from colourize.comparison.results import Row
from colourize.errors import ColourizeError
from colourize.figures.intervals import draw_intervals
from colourize.measures.selection import direction
from colourize.reporting.curves import draw_curves, draw_effects
from colourize.reporting.elements import Element, Figure, Section, Table, Text
from colourize.reporting.findings import against_baseline, finding
from colourize.reporting.parts import PARTS, Context
from colourize.reporting.pictures import Pictures, draw_settings, made_of
from colourize.reporting.provenance import provenance
from colourize.reporting.questions import Question
from colourize.reporting.results import Results, read_results, write_results
from colourize.reporting.settings import Setting, read_settings
from colourize.reporting.sources import Source

log = logging.getLogger(__name__)

MOST_MEASURES = 6
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
    number, title = (question.number, question.text) if question else ("", source.name)
    section = Section(anchor, number, title, [f"Folder: {source.path}", *provenance(source.runs)])
    if question and question.about:
        section.elements.append(Text(question.about))
    asked = question.measures if question else list(HEADLINES)
    main = results.main_measure(asked)
    if main is not None:
        section.elements += _numbers(results, main, asked, workshop, anchor)
    section.elements += _drawings(results, main, workshop, anchor)
    context = Context(source, results, workshop.folder, workshop.pictures, anchor)
    for name in question.parts if question else ():
        try:
            section.elements += PARTS[name](context)
        except (ColourizeError, OSError) as error:
            log.warning("%s: %s: %s", anchor, name, str(error).splitlines()[0])
            section.elements.append(
                Text(f"{name.replace('_', ' ')}: could not be made ({str(error).splitlines()[0]})", "note")
            )
    section.elements += [Text(note, "note") for note in dict.fromkeys(results.notes)]
    if source.unfinished:
        section.elements.append(Text(_unfinished(source), "note"))
    return section


def missing_section(question: Question, anchor: str, source: Source | None = None) -> Section:
    """The section of a question that nothing was run for yet."""
    section = Section(anchor, question.number, question.text)
    begun = f" {_unfinished(source)}" if source and source.unfinished else ""
    section.elements.append(Text(f"Not run yet.{begun}", "missing", question.command))
    return section


def _numbers(results: Results, main: str, asked: Sequence[str], workshop: Workshop, anchor: str) -> list[Element]:
    """Finding and table."""
    found: list[Element] = []
    text = _finding(results, main, asked)
    if text:
        found.append(Text(text, "finding"))
    shown = [name for name in dict.fromkeys((*asked, main)) if name in results.measures][:MOST_MEASURES]
    csv = f"tables/{anchor}.csv"
    write_results(workshop.folder / csv, results)
    found.append(_table(results, shown, csv))
    rows = [name for name in shown if results.comparison.of(name)][:4]
    if rows and any(math.isfinite(row.low) for row in results.comparison.of(rows[0])):
        path = workshop.folder / "figures" / f"{anchor}-intervals"
        draw_intervals(results.comparison, rows, path)
        found.append(Figure(path.with_suffix(".svg"), "Each setting with its 95 % interval over pictures (thick) and the "
                            "standard deviation over seeds (thin); dashed: the reference.",
                            f"Intervals of {', '.join(rows)} for each setting"))  # fmt: skip
    return found


def _drawings(results: Results, main: str | None, workshop: Workshop, anchor: str) -> list[Element]:
    """Curves, effects and pictures."""
    found: list[Element] = []
    figures = workshop.folder / "figures"
    if draw_curves(figures / f"{anchor}-curves", results.settings):
        found.append(Figure(figures / f"{anchor}-curves.svg", "Mean over seeds, each seed as a thin line; grey dashes: "
                            "methods without a network.", "Training and validation measures after each epoch"))  # fmt: skip
    if main is not None and results.settings.varied and draw_effects(figures / f"{anchor}-effects", results, main):
        found.append(Figure(figures / f"{anchor}-effects.svg", "On the test pictures: a ring for each seed, a bar for their mean.",
                            f"{main} against each key that varies"))  # fmt: skip
    path = workshop.folder / "pictures" / f"{anchor}.png"
    shown = [*results.settings.networks, *results.settings.baselines]
    for name, members in _by_input(shown).items():
        own = path.with_name(f"{anchor}{name}.png")
        runs, labels = [each.first for each in members], [each.label for each in members]
        if made_of(
            own, runs, lambda own=own, members=members: draw_settings(own, members, workshop.pictures), also=labels
        ):  # type: ignore[misc]
            found.append(Figure(own, "The first test pictures, each setting with its least seed.",
                                "The same pictures for each setting"))  # fmt: skip
    return found


def _by_input(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Settings whose networks are given the same can share a sheet, by the end of its name."""
    found: dict[str, list[Setting]] = {}
    for each in settings:
        if not each.first.checkpoints:
            continue
        found.setdefault(str(each.first.record.get("degradation", "")), []).append(each)
    return {"" if len(found) == 1 else f"-{name.lower()}": members for name, members in found.items()}


def _finding(results: Results, main: str, asked: Sequence[str]) -> str:
    settings = results.settings
    outcomes = results.outcomes(main, settings.networks)
    parts = [finding(main, outcomes, settings.varied, settings.usual)]
    by_label = {each.label: each for each in results.outcomes(main, settings.settings)}
    pairs = [(each, by_label[name]) for each in outcomes if (name := results.reference.get(each.label)) in by_label]
    if pairs:
        parts.append(against_baseline(main, pairs))  # type: ignore[arg-type]
    for other in asked:
        if other != main and other in results.measures and len(outcomes) > 1:
            second = results.outcomes(other, settings.networks)
            if len(second) == len(outcomes) and _leader(other, second) != _leader(main, outcomes):
                parts.append(
                    f"By {other.replace('_', ' ')} the order is another: {_lower(finding(other, second, settings.varied, settings.usual))}"
                )
                break
    return " ".join(part for part in parts if part)


def _leader(measure: str, outcomes: Sequence) -> str:  # type: ignore[type-arg]
    from colourize.reporting.findings import leader

    return leader(measure, outcomes).label


def _lower(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _table(results: Results, measures: Sequence[str], csv: str) -> Table:
    labels = [each.label for each in results.settings.settings]
    networks = {each.label for each in results.settings.networks}
    by_place = {(row.measure, row.method): row for row in results.comparison.rows}
    columns = [f"{name} {_arrow(name)}".strip() for name in measures]
    rows, best = [], []
    for label in labels:
        cells = [_cell(by_place.get((name, label))) for name in measures]
        rows.append([label if label in networks else f"{label} (no network)", *cells])
        best.append(set[int]())
    for place, name in enumerate(measures, 1):
        means = {label: by_place[name, label].mean for label in networks if (name, label) in by_place}
        finite = {label: mean for label, mean in means.items() if math.isfinite(mean)}
        if len(finite) > 1 and direction(name) is not None:
            from colourize.comparison.results import _badness

            best[labels.index(min(finite, key=lambda label: _badness(name, finite[label])))].add(place)
    told = "Mean over the test pictures ± half of its 95 % interval over pictures, in brackets ± the standard deviation over seeds"
    marks = "; ▲ better, ▼ worse than the method without a network of the same task, where the paired 95 % interval over pictures and seeds excludes zero"
    references = {name for name in results.reference.values() if name}
    caption = told + (f"{marks} ({', '.join(sorted(references))})" if references else "") + "."
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


def _unfinished(source: Source) -> str:
    named = [f"{name} ({status})" for name, status in source.unfinished.items()]
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    return f"Not finished, and so left out: {', '.join(named[:LISTED])}{more}."

"""The results of a study: tables on the terminal, study.json, tables as CSV, and a plot of the fooling rates."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from colourize.figures.saving import save_figure
from colourize.files import plain, write_json
from colourize.measures.intervals import LEVEL
from colourize.runs.tables import write_table
from colourize.study.analysis import ALL, RESAMPLES, Agreement, Choices, Rate
from colourize.study.participants import Participant

WIDTH = 100  # columns, if the output is not a terminal


@dataclass(frozen=True)
class Report:
    """All results of an analysis; `agreements` is empty without measures."""

    kept: Sequence[Participant]
    dropped: Sequence[Participant]
    catch_correct: float
    choices: Choices
    rates: Sequence[Rate]
    agreements: Sequence[Agreement]


def show(report: Report) -> None:
    """Print the participants, a row for each model, and a row for each measure, the best predictor first."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, markup=False, highlight=False, soft_wrap=True)
    count, least = len(report.kept), f"{100 * report.catch_correct:.0f} %"
    console.print(f"{count} participant{'s' * (count != 1)}; left out for fewer than {least} correct catch trials: "
                  f"{len(report.dropped) or 'none'}")  # fmt: skip
    for one in report.dropped:
        console.print(f"  {one.file}: {one.caught[0]} of {one.caught[1]}")
    console.print(f"\nFooling rates, {100 * LEVEL:.0f} % intervals; at 50 % nobody can tell")
    console.print(_table(["model", "rate", "interval", "participants", "pictures", "trials"], [
        [each.model, f"{100 * each.rate:.1f} %", f"{100 * each.low:.1f} % … {100 * each.high:.1f} %",
         *map(str, (each.participants, each.pictures, each.trials))]
        for each in report.rates
    ]))  # fmt: skip
    together = [each for each in report.agreements if each.over == "pictures" and each.model == ALL]
    if not together:
        return
    over_models = {each.measure: _correlation(each) for each in report.agreements if each.over == "models"}
    rows = []
    for agreement in sorted(together, key=lambda each: -abs(each.auc - 0.5) if each.auc == each.auc else 0):
        area = _interval(agreement.auc, agreement.auc_low, agreement.auc_high)
        last = [over_models.get(agreement.measure, "–")] if over_models else []
        rows.append([agreement.measure, area, _correlation(agreement), *last])
    heads = ["measure", "area under ROC", "Spearman, pictures", *(["Spearman, models"] if over_models else [])]
    console.print("\nHow measures go with being taken for real (negative, or area below 0.5: smaller values fool more)")
    console.print(_table(heads, rows))


def write(folder: Path, report: Report) -> None:
    """Write `study.json`, which has everything, and CSV tables of the models, the pictures and the measures."""
    folder.mkdir(parents=True, exist_ok=True)
    rates, agreements = ([asdict(each) for each in found] for found in (report.rates, report.agreements))
    choices = report.choices
    counts = zip(choices.items, choices.shown.sum(0), choices.fooled.sum(0), strict=True)
    pictures = [
        {"model": model, "picture": picture, "shown": int(shown), "fooled": int(fooled)}
        for (model, picture), shown, fooled in counts
    ]
    contents = {
        "study": report.kept[0].study, "level": LEVEL, "resamples": RESAMPLES, "seed": choices.seed,
        "catch_correct": report.catch_correct, "participants": [_about(each) for each in report.kept],
        "left_out": [_about(each) for each in report.dropped], "rates": rates, "measures": agreements,
        "pictures": pictures,
    }  # fmt: skip
    write_json(folder / "study.json", contents)
    write_table(folder / "study.csv", rates)
    write_table(folder / "study_pictures.csv", pictures)
    if agreements:
        write_table(folder / "study_measures.csv", [plain(each) for each in agreements])
    draw(report.rates, folder)


def draw(rates: Sequence[Rate], folder: Path) -> None:
    """Draw the rates with their intervals, the best model on top, as `study.png` and `study.svg`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rates = sorted(rates, key=lambda each: each.rate)
    values, low, high = ([100 * getattr(each, name) for each in rates] for name in ("rate", "low", "high"))
    places = list(range(len(rates)))
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(7, 1.3 + 0.4 * len(rates)), layout="constrained")
        axes = figure.subplots()
        axes.hlines(places, low, high, color="black")
        axes.plot(values, places, "o", color="black")
        axes.axvline(50, color="grey", linestyle="dashed", linewidth=1)
        axes.annotate("nobody can tell", (50, 1), xycoords=("data", "axes fraction"), xytext=(4, -2),
                      textcoords="offset points", va="top", fontsize=8, color="dimgrey")  # fmt: skip
        label = f"taken for the real picture, % of trials ({100 * LEVEL:.0f} % interval)"
        axes.set(xlim=(0, max(70, 1.02 * max(high))), ylim=(-0.6, len(rates) - 0.2), xlabel=label)
        axes.set_yticks(places, [each.model for each in rates])
        axes.spines[["top", "right"]].set_visible(False)
        save_figure(figure, folder / "study")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(heads[0], *(Column(head, justify="right") for head in heads[1:]))
    for row in rows:
        table.add_row(*row)
    return table


def _correlation(agreement: Agreement) -> str:
    return _interval(agreement.spearman, agreement.spearman_low, agreement.spearman_high)


def _interval(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" + ("" if math.isnan(low) else f" ({low:.2f} … {high:.2f})")


def _about(participant: Participant) -> Mapping[str, Any]:
    correct, count = participant.caught
    return {"name": participant.name, "file": participant.file.name, "catch_correct": correct, "catch": count}

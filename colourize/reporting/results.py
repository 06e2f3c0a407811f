"""The numbers of a sweep: each setting's test measures with their intervals, beside its baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from colourize.errors import InputError
from colourize.measures.intervals import Estimate
from colourize.measures.registry import learn
from colourize.methods.results import Comparison, Evaluated, Row, compare, estimates_of
from colourize.methods.settings import Setting, Settings
from colourize.reporting.findings import Outcome
from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers, write_table

PICTURE = "picture"
# What each setting is held against, by the class of its degradation; all others: grey_lookup.
USUAL = {"LowResolution": "bicubic"}


@dataclass(frozen=True)
class Method:
    """A run as `compare` wants it: a setting's label and the run's seed."""

    label: str
    seed: int | None


@dataclass(frozen=True)
class Results:
    """What the settings of a sweep reached on the test pictures.

    Attributes:
        reference: by a setting's label that of the baseline that it is held against.
        notes: what the reader must know of these numbers.
    """

    settings: Settings
    comparison: Comparison
    estimates: dict[str, dict[str, Estimate]]
    reference: dict[str, str | None]
    notes: list[str]

    @cached_property
    def measures(self) -> list[str]:
        """Of all settings together."""
        return list(dict.fromkeys(name for own in self.estimates.values() for name in own))

    def outcomes(self, measure: str, settings: Sequence[Setting]) -> list[Outcome]:
        """Of those settings that have the measure."""
        return [
            Outcome(each.label, each.values, self.estimates[each.label][measure])
            for each in settings
            if measure in self.estimates.get(each.label, {})
        ]

    def main_measure(self, asked: Sequence[str]) -> str | None:
        """The first of those asked for, else of the usual ones, that all networks have."""
        shown = self.settings.networks or self.settings.settings
        for measure in (*asked, "cross_entropy", "mse", "loss", *self.measures):
            if shown and all(measure in self.estimates.get(each.label, {}) for each in shown):
                return measure
        return None


def read_results(settings: Settings) -> Results:
    """Read the test measures of all runs, of each picture where `per_picture.csv` has them."""
    notes = [f"{run.path.name}: left out, as another run has its setting and seed" for run in settings.repeated]
    evaluated: list[Evaluated] = []
    estimates: dict[str, dict[str, Estimate]] = {}
    for setting in settings.settings:
        tested = {seed: _tested(run, notes) for seed, run in setting.runs.items()}
        pictures = [tuple(table.get(PICTURE, ())) for table, _ in tested.values()]
        if len(set(pictures)) > 1:
            notes.append(f"{setting.label}: its seeds were tested on different pictures; no interval over pictures")
            tested = {seed: ({}, means) for seed, (_, means) in tested.items()}
        own = [
            # A baseline's seed is none: nothing of it is drawn.
            Evaluated(Method(setting.label, None if setting.is_baseline else seed), table, {}, {}, means)  # type: ignore[arg-type]
            for seed, (table, means) in tested.items()
            if len(table) > 1
        ]
        estimates[setting.label] = _with_pooled(
            estimates_of(own) if own else {}, [means for _, means in tested.values()]
        )
        evaluated += own
    reference = _references(settings, evaluated)
    found = compare(evaluated, reference, {}, estimates)
    have = {(row.measure, row.method) for row in found.rows}
    without = [
        _plain_row(measure, setting, estimates[setting.label][measure])
        for setting in settings.settings
        for measure in estimates[setting.label]
        if (measure, setting.label) not in have
    ]
    comparison = Comparison([*found.rows, *without], reference, {})
    return Results(settings, comparison, estimates, reference, notes)


def write_results(path: Path, results: Results) -> None:
    """All rows as CSV: a line for each measure of each setting."""
    baselines = {each.label for each in results.settings.baselines}
    rows = []
    for row in results.comparison.rows:
        cells = {key: "" if isinstance(cell, float) and np.isnan(cell) else cell for key, cell in asdict(row).items()}
        method = cells.pop("method")
        rows.append({"measure": cells.pop("measure"), "setting": method, "is_baseline": method in baselines,
                     "reference": results.reference.get(str(method)) or "", **cells})  # fmt: skip
    write_table(path, rows)


def _tested(run: Run, notes: list[str]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """A run's values of each picture by measure, and its means."""
    means = {name.removeprefix("test/"): value for name, value in run.measures().items() if name.startswith("test/")}
    learn(run.record.get("measures"))
    path = run.path / "per_picture.csv"
    try:
        rows = read_numbers(path)
    except InputError:
        rows = []
    if not rows:
        notes.append(f"{run.path.name}: no per_picture.csv, and so no interval over pictures")
        return {}, means
    names = [name for name in rows[0] if name == PICTURE or name in means]
    table = {name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in names}
    return table, means


def _with_pooled(known: dict[str, Estimate], means: Sequence[dict[str, float]]) -> dict[str, Estimate]:
    """The estimates, and those measures of all seeds that have no value for each picture: without an interval."""
    names = [name for name in means[0] if name not in known and all(name in own for own in means)]
    return known | {name: Estimate(np.array([own[name] for own in means]), np.array([np.nan])) for name in names}


def _references(settings: Settings, evaluated: Sequence[Evaluated]) -> dict[str, str | None]:
    """Each setting's baseline: of its task, tested on the same pictures."""
    pictures = {each.candidate.label: tuple(each.table[PICTURE]) for each in evaluated}
    found: dict[str, str | None] = {}
    for setting in settings.settings:
        degradation, task = _task_of(setting.first)
        usual = USUAL.get(degradation, "grey_lookup")
        fitting = [
            other.label
            for other in settings.baselines
            if other.model == usual and _task_of(other.first) == (degradation, task)
            if pictures.get(other.label) == pictures.get(setting.label)
        ]
        found[setting.label] = fitting[0] if fitting else None
    return found


def _task_of(run: Run) -> tuple[str, str]:
    """What a run's network is given, and what it answers, by their classes."""
    described = run.record
    return str(described.get("degradation")), str(described.get("answer"))


def _plain_row(measure: str, setting: Setting, estimate: Estimate) -> Row:
    nan = float("nan")
    seeds = 0 if setting.is_baseline else len(estimate.by_seed)
    return Row(measure, setting.label, seeds, 0, estimate.mean, nan, nan, estimate.seed_deviation, nan, nan, nan, "")

"""Compares several methods on the same pictures, with intervals, from an evaluation or from the folders of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from colourize.errors import InputError
from colourize.measures.base import MORE, NEITHER, ZERO, SetMeasure
from colourize.measures.intervals import Estimate, estimate_means, estimate_set
from colourize.measures.registry import badness, direction, find, learn
from colourize.methods.grouping import Setting, Settings
from colourize.methods.references import usual_baseline
from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers, write_table

PICTURE = "picture"


@dataclass(frozen=True)
class Evaluated:
    """The values of one seed of a method."""

    label: str  # the method's name
    seed: int | None  # None: it has none
    table: dict[str, np.ndarray]  # "picture" and each measure's value for each picture, (N,)
    logged: dict[str, float] = field(default_factory=dict)  # all measures and the loss as Lightning logs them, `test/…`
    # The pictures' vectors, (N, D), for measures of all pictures together.
    vectors: dict[str, np.ndarray] = field(default_factory=dict)
    sets: dict[str, SetMeasure] = field(default_factory=dict)
    candidate: Any = None  # the method itself; None: it was read from a run's folder
    pooled: dict[str, float] = field(default_factory=dict)  # what a run's folder has of measures for all pictures

    @property
    def means(self) -> dict[str, float]:
        """Each measure's value for all pictures, of a test in this process."""
        return {name: self.logged[f"test/{name}"] for name in (*self.table, *self.vectors) if name != PICTURE}


@dataclass(frozen=True)
class Gap:
    """The difference of two methods in a measure on the same pictures."""

    difference: float = np.nan
    low: float = np.nan  # the 95 % interval for the choice of pictures and seeds; nan if there is none
    high: float = np.nan
    # "better" or "worse" where the interval excludes zero, "more" or "less" where neither direction is better, else "".
    # Where 0 is best, the interval of |own| − |other| decides.
    mark: str = ""

    @classmethod
    def between(cls, measure: str, own: Estimate, other: Estimate) -> Gap:
        """The gap of one estimate to another."""
        difference, low, high = own.less(other)
        way = direction(measure)
        below, above = own.farther_from_zero(other) if way == ZERO else (low, high)
        mark = ""
        if below > 0 or above < 0:
            names = ("more", "less") if way is NEITHER else ("better", "worse")
            mark = names[0 if (below > 0) == (way in (MORE, NEITHER)) else 1]
        return cls(difference, low, high, mark)


@dataclass(frozen=True)
class Row:
    """One measure of one method; unknown numbers are nan."""

    measure: str
    method: str
    seeds: int  # the number of seeds; 0 for a method without seeds
    pictures: int
    mean: float
    low: float  # the 95 % interval of the mean over pictures, for these seeds
    high: float
    seed_deviation: float  # the standard deviation over seeds
    difference: float  # this and the following: the `Gap` to the reference
    difference_low: float
    difference_high: float
    mark: str

    def cells(self) -> dict[str, object]:
        """The row as written to a file, with empty cells for nan."""
        return {key: "" if value != value else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Comparison:
    """All measures of all methods."""

    rows: list[Row]  # by measure, and within a measure the best method first
    reference: dict[str, str | None]  # each method's label → the label of its reference; None: it has none
    left_out: dict[str, str]  # requested measures that cannot be computed → the reason
    estimates: Mapping[str, Mapping[str, Estimate]]  # by a method's label and a measure

    @property
    def measures(self) -> list[str]:
        return list(dict.fromkeys(row.measure for row in self.rows))

    def of(self, measure: str) -> list[Row]:
        return [row for row in self.rows if row.measure == measure]

    def row(self, measure: str, method: str) -> Row | None:
        """A method's row; None if it does not have the measure."""
        return next((row for row in self.of(measure) if row.method == method), None)


def compare(
    evaluated: Sequence[Evaluated], reference: Mapping[str, str | None], left_out: dict[str, str]
) -> Comparison:
    """Estimate every measure of every method, and its difference to the method's reference.

    Seeds of one method have the same label.
    """
    methods: dict[str, list[Evaluated]] = {}
    for each in evaluated:
        methods.setdefault(each.label, []).append(each)
    against = {label: reference.get(label) for label in methods}
    estimates = {label: estimates_of(seeds) for label, seeds in methods.items()}
    rows = []
    for measure in dict.fromkeys(name for own in estimates.values() for name in own):
        found = []
        for label, seeds in methods.items():
            own = estimates[label].get(measure)
            if own is None:
                continue
            other = estimates.get(against[label] or "", {}).get(measure) if against[label] != label else None
            gap = Gap() if other is None else Gap.between(measure, own, other)
            pictures = len(seeds[0].table.get(PICTURE, ()))
            low, high = own.interval() if pictures > 1 else (np.nan, np.nan)
            if pictures == 1:
                gap = Gap(gap.difference)
            count = 0 if seeds[0].seed is None else len(seeds)
            spread = own.seed_deviation
            found.append(Row(measure, label, count, pictures, own.mean, low, high, spread, *vars(gap).values()))
        rows += sorted(found, key=lambda row: badness(measure, row.mean))
    return Comparison(rows, against, left_out, estimates)


def estimates_of(seeds: Sequence[Evaluated]) -> dict[str, Estimate]:
    """Each measure of one method, from its seeds; one without a value for each picture has no interval."""
    names = [name for name in seeds[0].table if name != PICTURE]
    found: dict[str, Estimate] = {}
    if all(len(each.table) > 1 for each in seeds):
        columns = np.array([[each.table[name] for each in seeds] for name in names], dtype=float)
        for name, column in zip(names, columns, strict=True):
            measure = find(name)
            if np.isnan(column).any() and not (measure and measure.some_lack):
                column[:] = np.nan  # a measure without a value for some picture has no mean
        found = dict(zip(names, estimate_means(columns), strict=True))
    found |= {name: estimate_set(each, [one.vectors[name] for one in seeds]) for name, each in seeds[0].sets.items()}
    pooled = [name for name in seeds[0].pooled if name not in found and all(name in each.pooled for each in seeds)]
    without = np.array([np.nan])
    return found | {name: Estimate(np.array([each.pooled[name] for each in seeds]), without) for name in pooled}


@dataclass(frozen=True)
class Results:
    """The results of a sweep's settings on the test pictures."""

    settings: Settings
    comparison: Comparison
    notes: list[str]  # what the reader must know about these numbers

    def of(self, measure: str, settings: Sequence[Setting]) -> dict[str, Estimate]:
        """The label → estimate of each setting that has the measure."""
        own = {each.label: self.comparison.estimates.get(each.label, {}).get(measure) for each in settings}
        return {label: estimate for label, estimate in own.items() if estimate is not None}

    def rivals(self, measure: str, settings: Sequence[Setting], model: str = "") -> dict[str, tuple[str, Estimate]]:
        """The label of each setting → its reference and the reference's estimate, if that has the measure.

        `model` names another baseline than the usual one.
        """
        known = self.of(measure, self.settings.settings)
        pairs = {each.label: self.comparison.reference.get(each.label) or "" for each in settings}
        if model:
            named = {each.task: each.label for each in self.settings.baselines if each.model == model}
            pairs = {each.label: named.get(each.task, "") for each in settings}
        return {label: (name, known[name]) for label, name in pairs.items() if name in known}

    def comparable(self, measures: Sequence[str]) -> list[str]:
        """These measures, but with several palettes without those of classes, which differ then."""
        palettes = {str(each.settings.get("data.palette")) for each in self.settings.networks}
        return [name for name in measures if len(palettes) < 2 or not ((known := find(name)) and known.kinds)]

    def main_measure(self, asked: Sequence[str]) -> str | None:
        """The first requested measure that all networks have, or else the first usual one."""
        shown = self.settings.networks or self.settings.settings
        for measure in (*asked, "cross_entropy", "mse", "loss", *self.comparison.measures):
            if shown and len(self.of(measure, shown)) == len(shown):
                return measure
        return None


def read_results(settings: Settings) -> Results:
    """Read the test measures of all runs, for each picture if `per_picture.csv` has them."""
    notes = [f"{run.path.name}: left out, as another run has its setting and seed" for run in settings.repeated]
    evaluated: list[Evaluated] = []
    for setting in settings.settings:
        own = []
        for seed, run in setting.runs.items():
            table, means = _tested(run, notes)
            own.append(Evaluated(setting.label, None if setting.is_baseline else seed, table, pooled=means))
        if len({tuple(each.table.get(PICTURE, ())) for each in own}) > 1:
            notes.append(f"{setting.label}: its seeds were tested on different pictures; no interval over pictures")
            own = [replace(each, table={}) for each in own]
        evaluated += own
    pictures = {each.label: tuple(each.table.get(PICTURE, ())) for each in evaluated}
    reference: dict[str, str | None] = {}
    for each in settings.settings:
        usual = [
            other
            for other in settings.baselines
            if other.model == usual_baseline(each.task[0])
            and other.task == each.task
            and pictures[other.label] == pictures[each.label]
        ]
        if usual:  # of several, the one that shares most of its settings, such as the number of training pictures
            differing = [sum(other.values[key] != each.values[key] for key in each.values) for other in usual]
            reference[each.label] = usual[differing.index(min(differing))].label
    return Results(settings, compare(evaluated, reference, {}), notes)


def write_results(path: Path, results: Results) -> None:
    """Write all rows as CSV: a line for each measure of each setting."""
    baselines = {each.label for each in results.settings.baselines}
    rows = []
    for row in results.comparison.rows:
        first = {"measure": row.measure, "setting": row.method, "is_baseline": row.method in baselines,
                 "reference": results.comparison.reference.get(row.method) or ""}  # fmt: skip
        rows.append(first | {key: value for key, value in row.cells().items() if key not in ("measure", "method")})
    write_table(path, rows)


def _tested(run: Run, notes: list[str]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """A run's values for each picture, by measure, and its means."""
    means = {name.removeprefix("test/"): value for name, value in run.measures().items() if name.startswith("test/")}
    learn(run.record.get("measures"))
    try:
        rows = read_numbers(run.path / "per_picture.csv")
    except InputError:
        rows = []
    if not rows:
        notes.append(f"{run.path.name}: no per_picture.csv, and so no interval over pictures")
        return {}, means
    names = [name for name in rows[0] if name == PICTURE or name in means]
    return {name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in names}, means

"""Values of several methods on the same pictures, with intervals, from an evaluation's tallies or from run folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from colourize.errors import InputError
from colourize.measures.base import MORE, NEITHER, ZERO, SetMeasure
from colourize.measures.intervals import Estimate, estimate_means, estimate_set
from colourize.measures.registry import badness, direction, find, learn
from colourize.measures.tally import Tally
from colourize.methods.baselines import USUAL, USUAL_ELSE
from colourize.methods.grouping import Setting, Settings
from colourize.runs.folders import Run
from colourize.runs.tables import read_numbers, write_table

PICTURE = "picture"


@dataclass(frozen=True)
class Evaluated:
    """The values of a method of one seed.

    Attributes:
        candidate: the method: a `Candidate`, or a run as a `Seed`.
        table: "picture" and each measure's value of each picture, (N,).
        vectors, sets: of the measures of all pictures together what each picture adds, (N, D), and the measures.
        logged: all these measures as Lightning has them, `test/…`, and the loss.
    """

    candidate: Any
    table: dict[str, np.ndarray]
    vectors: dict[str, np.ndarray]
    sets: dict[str, SetMeasure]
    logged: dict[str, float]

    @classmethod
    def of(cls, candidate: Any, tally: Tally, logged: dict[str, float]) -> Evaluated:
        """What a test has left in a task's tally; with several processes all must call it."""
        sets = {name: each for name, each in tally.measures.items() if isinstance(each, SetMeasure)}
        return cls(candidate, tally.table(), tally.vectors(), sets, logged)

    @property
    def means(self) -> dict[str, float]:
        """Each measure's value over all pictures."""
        return {name: self.logged[f"test/{name}"] for name in self.measures}

    @property
    def measures(self) -> list[str]:
        """The names of all measures."""
        return [name for name in self.table if name != "picture"] + list(self.vectors)


@dataclass(frozen=True)
class Gap:
    """How much more of a measure one method has than another on the same pictures.

    Attributes:
        low, high: the 95 % interval of the difference over pictures and seeds; nan where there is none.
        mark: "better" or "worse" where an interval excludes zero, "more" or "less" where neither way is better, else
            "". It is the interval of the difference; where 0 is best, that of |own| − |other|.
    """

    difference: float
    low: float
    high: float
    mark: str

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
    """One measure of one method.

    Attributes:
        low, high: the 95 % interval of the mean over pictures, the seeds given; nan where there is none.
        seeds: how many; 0 where there are none.
        seed_deviation: the standard deviation over them; nan of fewer than two.
        difference, difference_low, difference_high: to the reference on the same pictures, with its 95 % interval over
            pictures and seeds; nan without a reference.
        mark: "better" or "worse" than the reference where that interval excludes zero, "more" or "less" where neither
            way is better, else "". Where 0 is best, the interval that decides is that of |own| − |reference|.
    """

    measure: str
    method: str
    seeds: int
    pictures: int
    mean: float
    low: float
    high: float
    seed_deviation: float
    difference: float
    difference_low: float
    difference_high: float
    mark: str

    def cells(self) -> dict[str, object]:
        """As a file has it: what is nan is empty there."""
        return {
            key: "" if isinstance(value, float) and np.isnan(value) else value for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Comparison:
    """All measures of all methods.

    Attributes:
        rows: by measure, and below it by method, the best first.
        reference: each method's, by its label; None: it has none.
        left_out: measures that were asked for and cannot be had, and why.
    """

    rows: list[Row]
    reference: dict[str, str | None]
    left_out: dict[str, str]

    @property
    def measures(self) -> list[str]:
        """In the order of the rows."""
        return list(dict.fromkeys(row.measure for row in self.rows))

    @property
    def methods(self) -> list[str]:
        """In the order in which they were asked for."""
        return list(self.reference)

    def of(self, measure: str) -> list[Row]:
        """A measure's rows."""
        return [row for row in self.rows if row.measure == measure]

    def row(self, measure: str, method: str) -> Row | None:
        """A method's row; None where it has no such measure."""
        return next((row for row in self.of(measure) if row.method == method), None)


def compare(
    evaluated: Sequence[Evaluated],
    reference: dict[str, str | None],
    left_out: dict[str, str],
    known: Mapping[str, Mapping[str, Estimate]] | None = None,
) -> Comparison:
    """Estimate every measure of every method, and its difference to the method's reference.

    Args:
        evaluated: seeds of one method have one label.
        reference: by a method's label that of its reference.
        known: by a method's label its estimates; None: they are computed.
    """
    methods: dict[str, list[Evaluated]] = {}
    for each in evaluated:
        methods.setdefault(each.candidate.label, []).append(each)
    estimates = known or {label: estimates_of(seeds) for label, seeds in methods.items()}
    measures = dict.fromkeys(name for own in estimates.values() for name in own)
    rows = []
    for measure in measures:
        found = []
        for label, seeds in methods.items():
            own = estimates[label].get(measure)
            if own is not None:
                other = (
                    estimates.get(reference.get(label) or "", {}).get(measure)
                    if reference.get(label) != label
                    else None
                )
                found.append(_row(measure, label, seeds, own, other))
        rows += sorted(found, key=lambda row: badness(measure, row.mean))
    return Comparison(rows, {label: reference.get(label) for label in methods}, left_out)


def estimates_of(seeds: Sequence[Evaluated]) -> dict[str, Estimate]:
    """Each measure of one method, from its seeds."""
    first = seeds[0]
    names = [name for name in first.table if name != "picture"]
    found: dict[str, Estimate] = {}
    if names:  # else only such as have no value for a single picture
        columns = np.stack([np.stack([each.table[name] for each in seeds]) for name in names]).astype(float)
        for name, column in zip(names, columns, strict=True):
            measure = find(name)
            if np.isnan(column).any() and not (measure and measure.some_lack):
                column[:] = np.nan  # what some pictures lack by a fault has no mean
        found = dict(zip(names, estimate_means(columns), strict=True))
    for name, whole in first.sets.items():
        found[name] = estimate_set(whole, [each.vectors[name] for each in seeds])
    return found


def _row(measure: str, label: str, seeds: Sequence[Evaluated], own: Estimate, other: Estimate | None) -> Row:
    pictures = len(seeds[0].table.get(PICTURE, ()))
    low, high = own.interval() if pictures > 1 else (np.nan, np.nan)
    gap = Gap(np.nan, np.nan, np.nan, "")
    if other is not None:
        gap = Gap.between(measure, own, other)
        if pictures == 1:
            gap = Gap(gap.difference, np.nan, np.nan, "")
    trained = 0 if seeds[0].candidate.seed is None else len(seeds)
    return Row(
        measure, label, trained, pictures, own.mean, low, high, own.seed_deviation, gap.difference, gap.low, gap.high,
        gap.mark,
    )  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A run as `compare` takes it."""

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

    def of(self, measure: str, settings: Sequence[Setting]) -> dict[str, Estimate]:
        """The estimates of those settings that have a measure, by their labels."""
        own = {each.label: self.estimates.get(each.label, {}).get(measure) for each in settings}
        return {label: estimate for label, estimate in own.items() if estimate is not None}

    def rivals(self, measure: str, settings: Sequence[Setting]) -> dict[str, tuple[str, Estimate]]:
        """By the labels of settings their baselines that have a measure, each with its estimate."""
        known = self.of(measure, self.settings.settings)
        pairs = {each.label: self.reference.get(each.label) or "" for each in settings}
        return {label: (name, known[name]) for label, name in pairs.items() if name in known}

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
            Evaluated(Seed(setting.label, None if setting.is_baseline else seed), table, {}, {}, means)
            for seed, (table, means) in tested.items()
        ]
        known = estimates_of(own) if all(len(each.table) > 1 for each in own) else {}
        estimates[setting.label] = _with_pooled(known, [each.logged for each in own])
        evaluated += own
    reference = _references(settings, evaluated)
    return Results(settings, compare(evaluated, reference, {}, estimates), estimates, reference, notes)


def write_results(path: Path, results: Results) -> None:
    """All rows as CSV: a line for each measure of each setting."""
    baselines = {each.label for each in results.settings.baselines}
    rows = []
    for row in results.comparison.rows:
        cells = row.cells()
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
    pictures = {each.candidate.label: tuple(each.table.get(PICTURE, ())) for each in evaluated}
    found: dict[str, str | None] = {}
    for setting in settings.settings:
        wanted = USUAL.get(str(setting.task[0]), USUAL_ELSE)
        fitting = [
            other.label
            for other in settings.baselines
            if other.model == wanted and other.task == setting.task and pictures[other.label] == pictures[setting.label]
        ]
        found[setting.label] = fitting[0] if fitting else None
    return found

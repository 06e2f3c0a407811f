"""What was measured of several methods on the same pictures, and what it says about their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from colourize.measures.base import MORE, NEITHER, ZERO, SetMeasure
from colourize.measures.intervals import Estimate, estimate_means, estimate_set
from colourize.measures.registry import badness, direction, find
from colourize.measures.tally import Tally
from colourize.methods.candidates import Candidate


@dataclass(frozen=True)
class Evaluated:
    """A candidate's values.

    Attributes:
        table: "picture" and each measure's value of each picture, (N,).
        vectors, sets: of the measures of all pictures together what each picture adds, (N, D), and the measures.
        logged: all these measures as Lightning has them, `test/…`, and the loss.
    """

    candidate: Candidate
    table: dict[str, np.ndarray]
    vectors: dict[str, np.ndarray]
    sets: dict[str, SetMeasure]
    logged: dict[str, float]

    @classmethod
    def of(cls, candidate: Candidate, tally: Tally, logged: dict[str, float]) -> Evaluated:
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
        known: by a method's label what `estimates_of` has of it; None: they are computed.
    """
    methods: dict[str, list[Evaluated]] = {}
    for each in evaluated:
        methods.setdefault(each.candidate.label, []).append(each)
    estimates = known or {label: estimates_of(seeds) for label, seeds in methods.items()}
    measures = dict.fromkeys(name for each in evaluated for name in each.measures)
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
    pictures = len(seeds[0].table["picture"])
    low, high = own.interval() if pictures > 1 else (np.nan, np.nan)
    difference, below, above, mark = np.nan, np.nan, np.nan, ""
    if other is not None:
        difference, below, above = own.less(other)
        decides = own.farther_from_zero(other) if direction(measure) == ZERO else (below, above)
        if pictures == 1:
            below = above = np.nan
        else:
            mark = _mark(measure, *decides)
    trained = 0 if seeds[0].candidate.seed is None else len(seeds)
    return Row(
        measure, label, trained, pictures, own.mean, low, high, own.seed_deviation, difference, below, above, mark
    )


def _mark(measure: str, low: float, high: float) -> str:
    """What an interval of a difference says, of a measure whose best value is 0 that of the distances from it."""
    if not (low > 0 or high < 0):
        return ""
    way = direction(measure)
    if way is NEITHER:
        return "more" if low > 0 else "less"
    return "better" if (low > 0) == (way == MORE) else "worse"

"""What a part of the benchmark hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from colourize.timing.statistics import Spread


@dataclass
class Part:
    """The outcome of one part.

    Args:
        rows: plain numbers by column, one mapping a line of its CSV file.
        raw: every repetition as it was measured.
        tables: for the terminal, lines of words by title.
        figures: the few numbers that people ask for, by name.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)


def columns(name: str, values: Spread) -> dict[str, float]:
    """A spread as three columns of a CSV file."""
    return {name: values.median, f"{name}_min": values.least, f"{name}_max": values.most}


def shown(values: Spread, digits: int = 2) -> str:
    """A spread for people: "2.31 (2.25–2.60)"."""
    median, least, most = (f"{value:.{digits}f}" for value in values)
    return f"{median} ({least}–{most})"


def pick(raw: Sequence[Mapping[str, Any]], key: str, **where: Any) -> list[Any]:
    """The values of one measurement in all repetitions that fit, in their order."""
    fitting = (each for each in raw if all(each[name] == value for name, value in where.items()))
    return [each[key] for each in sorted(fitting, key=lambda each: each["repetition"])]

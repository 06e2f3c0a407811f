"""What a section of the report consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """A paragraph; `kind` is "finding" (what the numbers say), "note", "missing" or "plain"."""

    text: str
    kind: str = "plain"
    command: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first column has the rows' names.

    Attributes:
        best: of each row the columns whose cell is the best one.
        csv: the name of its file, for those who want all of its numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: Sequence[set[int]] = field(default_factory=list)
    csv: str = ""


@dataclass(frozen=True)
class Figure:
    """A picture or plot on disk, SVG or PNG; `alt` says in words what it shows."""

    path: Path
    caption: str
    alt: str


@dataclass(frozen=True)
class Listing:
    """Text whose columns stay where they are, such as a layer table."""

    text: str
    caption: str = ""


Element = Text | Table | Figure | Listing


@dataclass
class Section:
    """A question, or a sweep of one's own.

    Attributes:
        anchor: its name in links and in the names of its files.
        number: such as "C3"; empty of one's own sweep.
        setting: what was run, in a line each.
    """

    anchor: str
    number: str
    title: str
    setting: list[str] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)

"""The parts of a section of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """A paragraph, perhaps with a command; `kind` is plain, note, missing, toy (a banner), finding (a sentence that
    answers the section's question), or fact (a sentence that holds without training, at any size).
    """

    text: str
    kind: str = "plain"
    command: str = ""


@dataclass(frozen=True)
class Table:
    """A table, whose first column names the rows."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: Sequence[set[int]] = ()  # for each row, the columns with the best cells
    csv: str = ""  # the file with all numbers, relative to the report's folder


@dataclass(frozen=True)
class Figure:
    """An SVG or PNG file; `alt` describes it in words."""

    path: Path
    caption: str
    alt: str


Element = Text | Table | Figure


@dataclass
class Section:
    """A question, or a sweep of the user."""

    anchor: str  # its name in links and file names
    number: str  # such as "C3"; empty for a sweep of the user
    title: str
    setting: list[str] = field(default_factory=list)  # lines on the origin of its numbers
    elements: list[Element] = field(default_factory=list)

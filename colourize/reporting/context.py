"""The elements of a section of the report, and what its parts share: results, checkpoints and paths of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colourize.methods.comparison import Results
from colourize.reporting.picture_sheets import Pictures, keep_up_to_date
from colourize.reporting.plots import draw_curves
from colourize.runs.folders import Run
from colourize.runs.tables import write_table


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


@dataclass(frozen=True)
class Context:
    """A section's results and files."""

    results: Results
    measure: str | None  # the measure of the section's finding; None: the runs have none in common
    folder: Path  # the report's folder, with `tables/`, `figures/` and `pictures/`
    pictures: Pictures
    anchor: str  # prefix of the names of the section's files

    def path(self, folder: str, name: str) -> Path:
        """The path of a file; `name` includes the extension."""
        return self.folder / folder / f"{self.anchor}{name}"

    def plot(self, name: str, draw: Callable[[Path], object], caption: str, alt: str) -> list[Element]:
        """A plot that needs no checkpoints and that `draw` saves as SVG; empty if `draw` returns False."""
        path = self.path("figures", f"-{name}.svg")
        return [] if draw(path.with_suffix("")) is False else [Figure(path, caption, alt)]

    def curves(self, x: str) -> list[Element]:
        """The learning curves against epochs, or against steps ("step")."""
        caption, alt = f"Measures against {x}s", f"Learning curves against {x}s"
        path = self.path("figures", "-curves.svg" if x == "epoch" else f"-{x}s.svg")
        drawn = draw_curves(path.with_suffix(""), self.results.settings, x)
        if drawn is None:
            return []
        if self.results.settings.have_seeds:
            caption += ": the mean over seeds, and each seed as a thin line"
        caption += "; grey dashes: the usual baselines, which need no network" if drawn else ""
        return [Figure(path, f"{caption}.", alt)]

    def made(
        self, name: str, runs: Sequence[Run], make: Callable[[Path], object], caption: str, alt: str, also: object = ""
    ) -> list[Element]:
        """A figure that `make` saves from checkpoints, again if it is older than they are.

        Empty without runs, or if it cannot be made.
        """
        path = self.path("figures" if name.endswith(".svg") else "pictures", name)
        is_made = bool(runs) and keep_up_to_date(path, runs, lambda: make(path), also=also)
        return [Figure(path, caption, alt)] if is_made else []

    def table(self, name: str, rows: Iterable[Mapping[str, object]]) -> str:
        """Write a table; returns its path relative to the report's folder."""
        path = self.path("tables", f"-{name}.csv")
        write_table(path, rows)
        return str(path.relative_to(self.folder))

"""The data that the parts of a section share: its results, its checkpoints and the paths of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from colourize.methods.comparison import Results
from colourize.reporting.elements import Element, Figure
from colourize.reporting.picture_sheets import Pictures, keep_up_to_date
from colourize.reporting.plots import draw_curves
from colourize.runs.folders import Run
from colourize.runs.tables import write_table


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
        return [Figure(path, f"{caption}{'; grey dashes: what needs no network' if drawn else ''}.", alt)]

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

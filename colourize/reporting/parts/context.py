"""What a part of a section is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colourize.methods.results import Results
from colourize.methods.sources import Source
from colourize.reporting.pictures import Pictures


@dataclass(frozen=True)
class Context:
    """A section's sweep, and where its files go.

    Attributes:
        measure: what the section's finding is about; None: the runs have none in common.
        folder: the report's.
        anchor: what the section's files are called by.
    """

    source: Source
    results: Results
    measure: str | None
    folder: Path
    pictures: Pictures
    anchor: str

    def figure(self, name: str) -> Path:
        """Where a plot goes, without its ending."""
        return self.folder / "figures" / f"{self.anchor}-{name}"

    def picture(self, name: str) -> Path:
        """Where a sheet of pictures goes."""
        return self.folder / "pictures" / f"{self.anchor}-{name}.png"

    def table(self, name: str) -> str:
        """Where a table goes, from the report's folder."""
        return f"tables/{self.anchor}-{name}.csv"

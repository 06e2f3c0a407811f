"""Saves plots as SVG with real text, and as PNG; equal numbers give equal files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from colourize.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


BOTH = ("svg", "png")


def save_figure(figure: Figure, path: Path, formats: Sequence[str] = BOTH) -> None:
    """Save a figure as `<path>.svg` and `<path>.png`, or as one of them; the folder is made if it is missing."""
    import matplotlib

    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "colourize"}):
        for ending in formats:
            metadata = {"Date": None} if ending == "svg" else {"Software": None}
            with whole_file(path.with_name(f"{path.name}.{ending}")) as part:
                figure.savefig(part, format=ending, dpi=150, metadata=metadata)

"""Plots on disk: SVG with text that stays text, and PNG; equal numbers give equal files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colourize.runs.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure as `<path>.svg` and `<path>.png`; its folder is made."""
    import matplotlib

    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "colourize"}):
        for ending, metadata in ((".svg", {"Date": None}), (".png", {"Software": None})):
            with whole_file(path.with_name(path.name + ending)) as part:
                figure.savefig(part, format=ending[1:], dpi=150, metadata=metadata)

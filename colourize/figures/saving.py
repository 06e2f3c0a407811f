"""Saves plots as SVG with real text, and as PNG; equal numbers give equal files.

The panels of a figure also have files of their own, in a folder of its name, so that they wrap on a narrow page.
"""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colourize.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

BOTH = ("svg", "png")
PANELS = "panels"  # among the formats: each panel as an SVG as well
PAD = 0.03  # inches around a panel


def panels_of(path: Path) -> list[Path]:
    """The files of a figure's panels, or its own file if it has none."""
    return sorted(path.with_suffix("").glob(f"*{path.suffix}")) or [path]


def panel_files(path: Path, count: int) -> list[Path]:
    """The files to write a figure's panels to; those of an earlier figure are removed."""
    folder = path.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return [folder / f"{place:02d}{path.suffix}" for place in range(count)]


def save_sheet(path: Path, sheet: Image) -> None:
    """Save a sheet of pictures as PNG; the folder is made if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        sheet.save(part)


def data_uri(picture: Image, kind: str, **options: Any) -> str:
    """A picture as part of a page's text; the options are Pillow's for this kind, such as "png"."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def save_figure(figure: Figure, path: Path, formats: Sequence[str] = BOTH) -> None:
    """Save a figure as `<path>.svg` and `<path>.png`, or as some of them; the folder is made if it is missing."""
    import matplotlib

    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "colourize"}):
        for ending in (each for each in formats if each != PANELS):
            metadata = {"Date": None} if ending == "svg" else {"Software": None}
            with whole_file(path.with_name(f"{path.name}.{ending}")) as part:
                figure.savefig(part, format=ending, dpi=150, metadata=metadata)
        if PANELS in formats:
            figure.set_layout_engine("none")  # a panel that is drawn alone stays as it is
            panels = [each for each in figure.axes if each.axison]
            files = panel_files(path.with_name(f"{path.name}.svg"), len(panels))
            for panel, file in zip(panels, files, strict=True):
                for each in figure.axes:
                    each.set_visible(each is panel)
                with whole_file(file) as part:
                    figure.savefig(part, format="svg", bbox_inches="tight", pad_inches=PAD, metadata={"Date": None})

"""The look of plots, which is legible without colour, and saving them: equal numbers give equal files.

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

INK, FAINT = "#1e1e1e", "#666666"
# Okabe & Ito's colours, which colour-blind people can distinguish too; each has its own dash and marker.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)), "-")
MARKERS = "osD^vPX"
BOTH = ("svg", "png")
PANELS = "panels"  # among the formats: each panel as an SVG as well
PAD = 0.03  # inches around a panel


def look(number: int) -> dict[str, Any]:
    """The colour, dash and marker of the line with this number, as arguments of `plot`; they repeat after seven."""
    number %= len(COLOURS)
    return {"color": COLOURS[number], "linestyle": DASHES[number], "marker": MARKERS[number]}


def panels(
    count: int, columns: int, size: tuple[float, float], *, fontsize: float = 7, **shared: Any
) -> tuple[Figure, Sequence[Any]]:
    """A figure and its axes, row by row; `size` is that of one panel in inches, `shared` goes to `subplots`."""
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **shared).ravel()
    for axis in axes:
        axis.tick_params(labelsize=fontsize, labelleft=True)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


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

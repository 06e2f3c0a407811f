"""From a benchmark.json to docs/performance.md: the Markdown tables on the terminal, and docs/figures/scaling.png.

colourize-benchmark benchmark.parts=all
python docs/performance_figures.py outputs/…/benchmark.json

Several files may be given, where the parts were measured one by one; a later file's parts win.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent / "figures"
# Two colours that stay apart for colour-blind eyes and in grey.
AXES = {"pictures": ("number of pictures (32×32 pixels)", "#0b5394"), "size": ("pixels of a picture", "#b45f06")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="benchmark.json of one or more runs")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where scaling.png goes (default: %(default)s)")
    arguments = parser.parse_args()
    measured: dict[str, dict[str, Any]] = {}
    for path in arguments.files:
        measured.update(json.loads(path.read_text(encoding="utf-8"))["parts"])
    described = json.loads(arguments.files[-1].read_text(encoding="utf-8"))["machine"]
    print(", ".join(f"{key} {value}" for key, value in described.items()), end="\n\n")
    for name, part in measured.items():
        print(f"### {name}\n\n{markdown(TABLES[name](part['rows']))}\n\n{figures(part['figures'])}\n")
    if "scaling" in measured:
        arguments.figures.mkdir(parents=True, exist_ok=True)
        draw_scaling(measured["scaling"]["rows"], arguments.figures / "scaling.png")


def spread(row: dict[str, Any], name: str, digits: int = 2) -> str:
    """ "median (least–most)" of a measurement's three columns; empty where a row has none."""
    if row.get(name) is None:
        return ""
    median, *ends = (f"{row[key]:.{digits}f}" for key in (name, f"{name}_min", f"{name}_max") if key in row)
    return f"{median} ({'–'.join(ends)})" if ends else median


def steps(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each case and path."""
    return [
        {
            "model and task": row["case"],
            "path": row["path"],
            "ms a step": spread(row, "step_ms", 1),
            "epoch [s]": spread(row, "epoch_s"),
            **{
                f"{what}, pictures/s": f"{row[key]:,.0f}" if row[key] else ""
                for what in ("training", "validation", "inference")
                for key in (f"{what}_pictures_s",)
            },
        }
        for row in rows
    ]


def startup(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each command."""
    return [{"command": f"`{row['command']}`", "seconds": spread(row, "seconds")} for row in rows if "seconds" in row]


def data(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each measurement."""
    return [
        {"measure": row["measure"], "value": spread(row, "value", 3 if row["measure"] == "seconds" else 0)}
        for row in rows
    ]


def sweep(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each launcher."""
    return [{"launcher": row["launcher"], "seconds": spread(row, "seconds", 1)} for row in rows if "seconds" in row]


def scaling(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each number and size."""
    return [
        {
            "pictures": f"{row['pictures']:,}",
            "size": f"{row['size']}×{row['size']}",
            "training [s]": spread(row, "training_s"),
            "epoch [s]": spread(row, "epoch_s"),
        }
        for row in rows
    ]


def time_to_loss(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A line for each seed."""
    return [
        {
            "seed": str(row["seed"]),
            "plain loop [s]": spread(row, "course_trained", 1),
            "its least loss": spread(row, "course_best", 3),
            "project to the loss [s]": spread(row, "project_reached", 1) or "not reached",
            "its least loss ": spread(row, "project_best", 3),
            "ratio": spread(row, "ratio"),
        }
        for row in rows
    ]


TABLES = {each.__name__: each for each in (steps, startup, data, sweep, scaling, time_to_loss)}


def markdown(lines: Sequence[dict[str, str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    columns = list(lines[0])
    table = [
        columns,
        ["---", *["---:"] * (len(columns) - 1)],
        *([line[column] for column in columns] for line in lines),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def figures(values: dict[str, float]) -> str:
    """The figures of a part, one a line."""
    return "\n".join(f"- {name}: {value:,.2f}" for name, value in values.items())


def draw_scaling(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Seconds of an epoch against both amounts, beside lines along which the cost is linear."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for panel, (axis, (label, colour)) in zip(panels, AXES.items(), strict=True):
        points = sorted((row for row in rows if row["axis"] == axis), key=lambda row: row["amount"])
        amounts = [row["amount"] for row in points]
        seconds = [row["training_s"] for row in points]
        ends = [
            [row["training_s"] - row["training_s_min"] for row in points],
            [row["training_s_max"] - row["training_s"] for row in points],
        ]
        # The line of slope 1 that lies nearest to the points, in the logarithms.
        each = math.exp(sum(math.log(s / a) for s, a in zip(seconds, amounts, strict=True)) / len(points))
        panel.plot(amounts, [each * amount for amount in amounts], color="0.55", linestyle="--", label="linear")
        panel.errorbar(amounts, seconds, ends, color=colour, marker="o", capsize=3, label="measured (range)")
        epochs = [row["epoch_s"] for row in points]
        panel.plot(amounts, epochs, color=colour, marker=".", linestyle=":", label="… with validation and files")
        panel.set(xscale="log", yscale="log", xlabel=label)
        panel.set_xticks(amounts, [f"{amount:,}" for amount in amounts])
        panel.minorticks_off()
        panel.grid(color="0.9")
        panel.legend(frameon=False)
    panels[0].set_ylabel("seconds an epoch")
    figure.savefig(path, dpi=110)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

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
    print(json.dumps(described, indent=1), end="\n\n")
    for name, part in measured.items():
        for title, lines in part["tables"].items():
            print(f"### {name}: {title}\n\n{markdown(lines)}\n")
    if "scaling" in measured:
        arguments.figures.mkdir(parents=True, exist_ok=True)
        draw_scaling(measured["scaling"]["rows"], arguments.figures / "scaling.png")


def markdown(lines: Sequence[dict[str, str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    columns = list(lines[0])
    table = [columns, ["---", *["---:"] * (len(columns) - 1)], *(list(line.values()) for line in lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def draw_scaling(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Seconds of an epoch against both amounts, beside lines along which the cost is linear."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for panel, (axis, (label, colour)) in zip(panels, AXES.items(), strict=True):
        points = sorted((row for row in rows if row.get("axis") == axis), key=lambda row: row["amount"])
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

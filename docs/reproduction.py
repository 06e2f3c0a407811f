"""The table, the curves and the raw figures of docs/reproduction.md, from the runs of `experiment=course`.

    python docs/reproduction.py                     # reads the newest multirun/course/<model>-<task>/<time>/
    python docs/reproduction.py --table-only        # from docs/reproduction.csv, without any runs

Writes docs/reproduction.csv and docs/figures/reproduction.png, and prints the table in Markdown.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from colourize.runs.folders import find_runs
from colourize.runs.tables import read_table, write_table

HERE = Path(__file__).parent
TABLE = HERE / "reproduction.csv"
MEASURES = ("train/loss", "val/loss", "val/accuracy", "val/psnr")


class Row(NamedTuple):
    """What the course's answers report after 25 epochs: validation loss, and accuracy in percent."""

    title: str
    loss: str
    accuracy: str


PUBLISHED = {
    "regression_cnn-colour_regression": Row("RegressionCNN", "0.0082", ""),
    "cnn-colour_classification": Row("CNN", "1.59–1.60", "41"),
    "unet-colour_classification": Row("UNet", "1.376–1.379", "48"),
    "unet-colour_classification-fixed": Row("UNet, same batches", "1.376–1.379", "48"),
    "cnn-super_resolution": Row("CNN, super-resolution", "1.479–1.481", "46"),
    "unet-super_resolution": Row("UNet, super-resolution", "1.468", "47"),
}


def collect(folder: Path) -> list[dict[str, str]]:
    """One row per run and epoch of each model's newest sweep, `<folder>/<model>-<task>/<time>/<job>`."""
    runs = [run for run in find_runs(folder) if len(run.path.relative_to(folder).parts) == 3 and run.metrics()]
    newest = {run.path.parent.parent: run.path.parent for run in runs}.values()  # names are times: the last one wins
    rows = []
    for run in (run for run in runs if run.path.parent in newest):
        for epoch in run.metrics():
            measures = {name: f"{epoch[name]:.6g}" if name in epoch else "" for name in MEASURES}
            title, seed = run.path.parts[-3], str(run.config.seed)
            rows.append({"run": title, "seed": seed, "epoch": str(epoch["epoch"]), **measures})
    return rows


def by_run(rows: list[dict[str, str]], measure: str) -> dict[str, dict[str, list[float]]]:
    """run → seed → the measure after each epoch."""
    curves: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.get(measure):
            curves[row["run"]][row["seed"]].append(float(row[measure]))
    return curves


def spread(values: list[float], digits: int, scale: float = 1) -> str:
    """mean ± standard deviation over seeds."""
    return f"{scale * mean(values):.{digits}f} ± {scale * stdev(values):.{digits}f}"


def print_table(rows: list[dict[str, str]]) -> None:
    """The Markdown table: ours beside the published."""
    losses, accuracies = by_run(rows, "val/loss"), by_run(rows, "val/accuracy")
    print("| model | published loss | ours, last epoch | ours, mean of epochs 21–25 | published accuracy | ours |")
    print("| --- | --- | --- | --- | --- | --- |")
    for run, (title, loss, accuracy) in PUBLISHED.items():
        if len(losses[run]) < 2:
            continue
        digits = 4 if run.startswith("regression") else 3
        last = spread([curve[-1] for curve in losses[run].values()], digits)
        late = spread([mean(curve[-5:]) for curve in losses[run].values()], digits)
        ours = spread([curve[-1] for curve in accuracies[run].values()], 1, 100) + " %" if accuracies[run] else ""
        print(f"| {title} | {loss} | {last} | {late} | {accuracy and accuracy + ' %'} | {ours} |")


def draw(rows: list[dict[str, str]], path: Path) -> None:
    """Validation (solid) and training (dashed) loss over epochs, one panel a model, one line a seed."""
    train, val = by_run(rows, "train/loss"), by_run(rows, "val/loss")
    figure, panels = plt.subplots(1, len(PUBLISHED), figsize=(18, 3.4), layout="constrained")
    for panel, (run, (title, loss, _)) in zip(panels, PUBLISHED.items(), strict=True):
        for seed, curve in val[run].items():
            epochs = range(1, len(curve) + 1)
            panel.plot(epochs, curve, color=f"C{seed}", label=f"seed {seed}")
            panel.plot(epochs, train[run][seed], color=f"C{seed}", linestyle="dashed", linewidth=0.8)
        low, _, high = loss.partition("–")
        panel.axhspan(float(low), float(high or low), color="black", alpha=0.4, linewidth=1.5)
        final = float(low)
        panel.set(title=title, xlabel="epoch", ylim=(0.85 * final, 1.6 * final))
    panels[0].set_ylabel("loss")
    panels[-1].legend(title="solid: validation\ndashed: training\nblack: published", fontsize=8, title_fontsize=8)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=90)


def main() -> None:
    """Collect, tabulate, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("multirun/course"))
    parser.add_argument("--table-only", action="store_true", help=f"use {TABLE.name} as it is")
    arguments = parser.parse_args()
    if not arguments.table_only:
        rows = collect(arguments.folder)
        if not rows:
            raise SystemExit(f"{arguments.folder}: no runs here; make them with colourize-train experiment=course …")
        write_table(TABLE, rows)
    rows = read_table(TABLE)
    print_table(rows)
    draw(rows, HERE / "figures" / "reproduction.png")


if __name__ == "__main__":
    main()
